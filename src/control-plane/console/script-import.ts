/**
 * A SQL file in pieces, run statement by statement: a statement is a transaction of its own unless the file says BEGIN. The data of COPY … FROM STDIN, as
 * pg_dump writes it, goes the way of CSV rows.
 *
 *   SI1  A statement that fails is reported with its line, and the file goes on, unless it is to end there.
 *   SI2  What stands in a transaction block that has failed is not run, up to its end, which rolls it back.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';
import { scanTokens } from '#query-processor/parser/scanner.ts';
import { splitEnded, splitStatements } from '#query-processor/parser/split-statements.ts';
import { withConflictRetry } from './conflict-retry.ts';
import { ImportFailure, type ImportReport, tooManyRefused } from './import-report.ts';
import type { QuerySession } from './query-session.ts';
import { RecordSplitter } from './record-splitter.ts';
import { errorReport } from './result-lines.ts';
import { type BatchLimits, RowImport } from './row-import.ts';

/** Of one statement. */
const charactersMaximum = 16 * 1024 * 1024;

/** `firstLine`: of the data, once it has come. */
type CopyData = { readonly splitter: RecordSplitter; readonly rows: RowImport; firstLine: number | undefined };

export class ScriptImport {
  readonly #world: World;
  readonly #session: QuerySession;
  readonly #limits: BatchLimits;
  readonly #report: ImportReport;
  readonly #stopsAtError: boolean;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #text = '';
  #line = 1;
  #copy: CopyData | undefined;
  /** Changed by the transaction block that is open. */
  #openRows = 0;

  constructor(world: World, session: QuerySession, limits: BatchLimits, report: ImportReport, stopsAtError: boolean) {
    this.#world = world;
    this.#session = session;
    this.#limits = limits;
    this.#report = report;
    this.#stopsAtError = stopsAtError;
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#text += this.#decode(piece);
    await this.#work(false);
    if (this.#text.length > charactersMaximum)
      throw new ImportFailure({
        sqlstate: sqlstate.programLimitExceeded,
        message: `the statement at line ${this.#line} is longer than 16 MiB`,
      });
  }

  async finish(): Promise<void> {
    this.#text += this.#decode(undefined);
    await this.#work(true);
    if (this.#copy !== undefined) await this.#endCopy(this.#copy);
    if (this.#session.transactionStatus === 'I') return;
    await this.#session.execute('rollback');
    throw new ImportFailure({ sqlstate: '25000', message: 'the file ends inside a transaction block, which has been rolled back' });
  }

  #decode(piece: Uint8Array | undefined): string {
    try {
      return piece === undefined ? this.#decoder.decode() : this.#decoder.decode(piece, { stream: true });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new ImportFailure({ sqlstate: sqlstate.characterNotInRepertoire, message: 'the file is not UTF-8' });
    }
  }

  /** Runs what is whole. */
  async #work(isEnd: boolean): Promise<void> {
    for (;;) {
      if (this.#copy !== undefined) {
        if (!(await this.#takeCopyData(this.#copy, isEnd))) return;
      } else if (!this.#takeMetaCommand(isEnd) && !(await this.#runStatements(isEnd))) return;
    }
  }

  /** False when nothing is whole that has not been run. */
  async #runStatements(isEnd: boolean): Promise<boolean> {
    const statements = isEnd ? splitStatements(this.#text) : splitEnded(this.#text).statements;
    let taken = 0;
    try {
      for (const { text, start, end } of statements) {
        const line = this.#line + newlines(this.#text.slice(taken, start));
        // Told again, once it stands at the beginning.
        if (text.startsWith('\\')) return taken > 0;
        this.#line = line + newlines(this.#text.slice(start, end));
        taken = end;
        if (isCopyFromStdin.test(text)) {
          this.#beginCopy(text);
          return true;
        }
        await this.#run(text, line);
      }
    } finally {
      this.#text = this.#text.slice(taken);
    }
    return false;
  }

  async #run(text: string, line: number): Promise<void> {
    const session = this.#session;
    if (session.transactionStatus === 'E' && !/^(commit|end|rollback|abort)\b/i.test(text)) {
      this.#report.skippedStatements++;
      return;
    }
    const run = (): Promise<string> => session.execute(text);
    try {
      const tag = await (session.transactionStatus === 'I' ? withConflictRetry(this.#world, run) : run());
      this.#report.statements++;
      const changed = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/.exec(tag);
      this.#openRows = tag === 'ROLLBACK' ? 0 : this.#openRows + Number(changed?.[1] ?? 0);
      if (session.transactionStatus !== 'I') return;
      this.#report.rows += this.#openRows;
      this.#openRows = 0;
      this.#report.transactions++;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#refuse(line, text, error);
    }
  }

  #refuse(line: number, text: string, error: SqlError): void {
    const report = errorReport(error);
    if (!this.#report.refuse(line, text, report)) throw tooManyRefused();
    if (this.#stopsAtError) throw new ImportFailure({ ...report, message: `line ${line}: ${report.message}` });
  }

  /** Lines for psql itself. pg_dump writes \restrict and \unrestrict, which mean nothing here; the others cannot be carried out. */
  #takeMetaCommand(isEnd: boolean): boolean {
    const [first] = scanTokens(this.#text);
    if (first === undefined || this.#text[first.start] !== '\\') return false;
    const lineEnd = this.#text.indexOf('\n', first.start);
    if (lineEnd < 0 && !isEnd) return false;
    const end = lineEnd < 0 ? this.#text.length : lineEnd + 1;
    const line = this.#line + newlines(this.#text.slice(0, first.start));
    const command = this.#text.slice(first.start, end).trim();
    this.#line += newlines(this.#text.slice(0, end));
    this.#text = this.#text.slice(end);
    if (!/^\\(un)?restrict\b/.test(command))
      this.#refuse(line, command, new SqlError(sqlstate.syntaxError, 'a command of psql is not a statement and is not carried out here'));
    return true;
  }

  #beginCopy(command: string): void {
    this.#copy = {
      splitter: new RecordSplitter(/\bcsv\b/i.test(command) ? '"' : undefined),
      rows: new RowImport(this.#world, this.#session, command, this.#limits, this.#report),
      firstLine: undefined,
    };
  }

  /** True when the data have ended and statements follow; false when more must come. */
  async #takeCopyData(copy: CopyData, isEnd: boolean): Promise<boolean> {
    if (copy.firstLine === undefined) {
      // What stands behind the semicolon.
      const lineEnd = this.#text.indexOf('\n');
      if (lineEnd < 0) return false;
      this.#text = this.#text.slice(lineEnd + 1);
      copy.firstLine = ++this.#line;
    }
    const mark = (isEnd ? /(^|\n)\\\.\r?(\n|$)/ : /(^|\n)\\\.\r?\n/).exec(this.#text);
    const end = mark === null ? (isEnd ? this.#text.length : this.#text.lastIndexOf('\n') + 1) : mark.index + mark[1].length;
    const records = copy.splitter.push(Buffer.from(this.#text.slice(0, end), 'utf8'));
    const before = copy.firstLine - 1;
    await copy.rows.add(records.map((record) => ({ ...record, line: record.line + before })));
    const taken = mark === null ? end : mark.index + mark[0].length;
    this.#line += newlines(this.#text.slice(0, taken));
    this.#text = this.#text.slice(taken);
    if (mark === null) return false;
    await this.#endCopy(copy);
    return true;
  }

  async #endCopy({ splitter, rows, firstLine = 1 }: CopyData): Promise<void> {
    await rows.add(splitter.finish().map((record) => ({ ...record, line: record.line + firstLine - 1 })));
    await rows.flush();
    this.#copy = undefined;
  }
}

const isCopyFromStdin = /^copy\b[^;]*\bfrom\s+stdin\b/i;

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
