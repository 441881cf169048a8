/**
 * QuerySession: a session of a cluster as the query editor uses it. Each statement of a text is a transaction of its own unless the text says BEGIN, as in
 * psql; the first error ends the run.
 *
 *   QS1  One thing at a time: what comes while something runs is refused, but for `cancel`.
 *   QS2  A query gives as many rows as were asked for. The last one of a text then stays open, and `more` goes on; whatever else comes closes it.
 *   QS3  Errors are the user's news and leave the session usable; what is not an SqlError is logged and told as XX000.
 */
import { type Notice, SqlError, sqlstate } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';
import { asReport } from '#pgwire/session-loop.ts';
import { type StatementText, splitStatements } from '#query-processor/parser/split-statements.ts';
import type { Maybe, QueryProcessor, ResultSink, Session } from '#query-processor/query-processor.ts';
import { JsonLines } from './json-lines.ts';
import { type ErrorReport, errorReport, type ResultLine, ResultLines } from './result-lines.ts';

export class SessionIsBusy extends Error {
  override readonly name = 'SessionIsBusy';
}

export type ExplainAnswer = { readonly plan: unknown } | { readonly error: ErrorReport };

export class QuerySession {
  readonly user: string;
  readonly #world: World;
  readonly #queryProcessor: QueryProcessor;
  readonly #session: Session;
  #isBusy = false;
  #isSuspended = false;
  #isClosed = false;

  constructor(world: World, queryProcessor: QueryProcessor, session: Session, user: string) {
    this.#world = world;
    this.#queryProcessor = queryProcessor;
    this.#session = session;
    this.user = user;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get transactionStatus(): 'I' | 'T' | 'E' {
    return this.#session.transactionStatus;
  }

  /** Runs the statements of the text, at most `maxRows` rows of each. */
  run(text: string, maxRows: number): ReadableStream<Uint8Array> {
    return this.#stream((lines, write) => this.#runAll(text, maxRows, lines, write));
  }

  /** The next rows of the query that is open. */
  more(maxRows: number): ReadableStream<Uint8Array> {
    return this.#stream(async (lines, write) => {
      if (!this.#isSuspended) throw new SqlError(sqlstate.invalidCursorState, 'there is no query that has more rows');
      const startMs = this.#world.clock.monotonicMs();
      lines.begin();
      await this.#session.execute('', maxRows, lines);
      await this.#endStatement(lines, true, startMs, write);
    });
  }

  /** The plan, as EXPLAIN (FORMAT JSON) has it. With `analyze` the statement runs, and what it has changed is taken back. */
  async explain(text: string, analyze: boolean): Promise<ExplainAnswer> {
    return this.#alone(async () => {
      const [statement = { text: '', start: 0 }] = splitStatements(text);
      const bare = statement.text.replace(/^explain\b\s*(?:\([^)]*\)|(?:(?:analyze|verbose)\b\s*)*)/i, '');
      const prefix = analyze ? 'explain (format json, analyze) ' : 'explain (format json) ';
      const isOwnTransaction = analyze && this.transactionStatus === 'I';
      try {
        if (isOwnTransaction) await this.#session.simpleQuery('begin', silent);
        const [row] = await this.#rows(`${prefix}${bare}`);
        return { plan: JSON.parse(row?.[0] ?? '[]') };
      } catch (error) {
        const shift = characters(text, statement.start + statement.text.length - bare.length) - prefix.length;
        return { error: errorReport(asReport(error, this.#world.log), shift) };
      } finally {
        if (isOwnTransaction) await this.#session.simpleQuery('rollback', silent);
      }
    });
  }

  /** All rows of one query, as text. For questions of known size. */
  rows(text: string): Promise<readonly (readonly (string | null)[])[]> {
    return this.#alone(() => this.#rows(text));
  }

  /** One statement, with what it is sent as COPY's data. Throws what it throws. Its command tag. */
  async execute(text: string, copied?: AsyncIterable<Uint8Array>): Promise<string> {
    return this.#alone(async () => {
      let tag = '';
      const sink: ResultSink = {
        ...silent,
        commandComplete: (found) => {
          tag = found;
        },
        copyIn: () => copied ?? silent.copyIn([]),
      };
      await this.#session.simpleQuery(text, sink);
      this.#session.takeNotices();
      return tag;
    });
  }

  cancel(): void {
    this.#queryProcessor.cancel(this.#session.processId, this.#session.secret);
  }

  close(): void {
    this.#isClosed = true;
    this.#session.close();
  }

  async #alone<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#isBusy || this.#isClosed) throw new SessionIsBusy();
    this.#isBusy = true;
    try {
      await this.#closeSuspended();
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  #stream(work: (lines: ResultLines, write: (line: ResultLine) => Maybe<void>) => Promise<void>): ReadableStream<Uint8Array> {
    if (this.#isBusy || this.#isClosed) throw new SessionIsBusy();
    this.#isBusy = true;
    const output = new JsonLines(() => this.cancel());
    const write = (line: ResultLine): Maybe<void> => output.write(line);
    const lines = new ResultLines(write);
    const end = async (): Promise<void> => {
      await write({ kind: 'ready', transactionStatus: this.transactionStatus });
      this.#isBusy = false;
      output.end();
    };
    void work(lines, write)
      .catch(async (error) => {
        await write({ kind: 'error', error: errorReport(asReport(error, this.#world.log)) });
      })
      .then(end);
    return output.stream;
  }

  async #runAll(text: string, maxRows: number, lines: ResultLines, write: (line: ResultLine) => Maybe<void>): Promise<void> {
    await this.#closeSuspended();
    const statements = splitStatements(text);
    for (const [index, statement] of statements.entries()) {
      await write({ kind: 'statement', index, start: statement.start, end: statement.start + statement.text.length });
      const startMs = this.#world.clock.monotonicMs();
      try {
        lines.begin();
        await this.#runOne(statement, maxRows, lines);
        await this.#endStatement(lines, index === statements.length - 1, startMs, write);
      } catch (error) {
        await this.#sendNotices(lines);
        await this.#session.sync();
        await write({ kind: 'error', error: errorReport(asReport(error, this.#world.log), characters(text, statement.start)) });
        return;
      }
    }
  }

  async #runOne({ text }: StatementText, maxRows: number, lines: ResultLines): Promise<void> {
    const session = this.#session;
    await session.parse('', text, []);
    const { fields } = await session.describeStatement('');
    await session.bind('', '', [], [], []);
    if (fields !== undefined) lines.rowDescription(fields);
    await session.execute('', maxRows, lines);
  }

  async #endStatement(lines: ResultLines, isLast: boolean, startMs: number, write: (line: ResultLine) => Maybe<void>): Promise<void> {
    this.#isSuspended = lines.isSuspended;
    if (lines.isSuspended) {
      await this.#sendNotices(lines);
      await write({ kind: 'suspended', isLast });
      if (isLast) return;
      await this.#closeSuspended();
      return;
    }
    await this.#session.sync();
    await this.#sendNotices(lines);
    await write({ kind: 'complete', tag: lines.tag, ms: this.#world.clock.monotonicMs() - startMs });
  }

  async #closeSuspended(): Promise<void> {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#session.closePortal('');
    await this.#session.sync();
  }

  async #sendNotices(lines: ResultLines): Promise<void> {
    for (const notice of this.#session.takeNotices()) lines.notice(notice);
  }

  async #rows(text: string): Promise<readonly (readonly (string | null)[])[]> {
    const rows: (readonly (string | null)[])[] = [];
    await this.#session.simpleQuery(
      text,
      new ResultLines((line) => {
        if (line.kind === 'rows') rows.push(...line.rows);
      }),
    );
    return rows;
  }
}

/** Characters (as PostgreSQL counts them) before a UTF-16 offset. */
export function characters(text: string, offset: number): number {
  let count = 0;
  for (const character of text.slice(0, offset)) count += character === '' ? 0 : 1;
  return count;
}

/** Takes no notice of anything. */
const silent: ResultSink = {
  rowDescription: () => undefined,
  rows: () => undefined,
  commandComplete: () => undefined,
  emptyQuery: () => undefined,
  portalSuspended: () => undefined,
  notice: (_notice: Notice) => undefined,
  copyIn: () => {
    throw new SqlError(sqlstate.featureNotSupported, 'COPY FROM STDIN has no data here');
  },
  copyOutStart: () => undefined,
  copyOutData: () => undefined,
  copyOutEnd: () => undefined,
};
