/**
 * Rows of a file become rows of a table: COPY in transactions that stay within the limits.
 *
 *   RI1  Every record is inserted once, or refused with its line and the reason.
 *   RI2  A transaction that fails because of a record is done again without it: the record that COPY names, or, where it names none (a duplicate is met at
 *        the end), by halves down to the one that is wrong.
 *   RI3  What is nobody's fault (no such table, no permission) ends the import.
 */
import { SqlError } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';
import { withConflictRetry } from './conflict-retry.ts';
import { ImportFailure, type ImportReport, tooManyRefused } from './import-report.ts';
import type { QuerySession } from './query-session.ts';
import type { FileRecord } from './record-splitter.ts';
import { type ErrorReport, errorReport } from './result-lines.ts';

export type BatchLimits = { readonly rows: number; readonly bytes: number };

export class RowImport {
  readonly #world: World;
  readonly #session: QuerySession;
  readonly #command: string;
  readonly #limits: BatchLimits;
  readonly #report: ImportReport;
  #records: FileRecord[] = [];
  #bytes = 0;

  /** `command`: COPY … FROM STDIN …. */
  constructor(world: World, session: QuerySession, command: string, limits: BatchLimits, report: ImportReport) {
    this.#world = world;
    this.#session = session;
    this.#command = command;
    this.#limits = limits;
    this.#report = report;
  }

  async add(records: readonly FileRecord[]): Promise<void> {
    for (const record of records) {
      if (this.#records.length >= this.#limits.rows || this.#bytes + record.bytes.length > this.#limits.bytes) await this.flush();
      this.#records.push(record);
      this.#bytes += record.bytes.length;
    }
  }

  async flush(): Promise<void> {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    /** What is still to be inserted, the first part last. */
    const parts = [records];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part.length === 0) continue;
      const refusal = await this.#insert(part);
      if (refusal === undefined) continue;
      const at = part.length === 1 ? 0 : culprit(refusal, part);
      if (at === undefined) parts.push(part.slice(part.length >> 1), part.slice(0, part.length >> 1));
      else {
        parts.push(part.slice(at + 1), part.slice(0, at));
        const { line, bytes } = part[at];
        const text = Buffer.from(bytes)
          .toString('utf8')
          .replace(/\r?\n$/, '');
        if (!this.#report.refuse(line, text, inFile(refusal, line))) throw tooManyRefused();
      }
    }
  }

  /** undefined: done; else why not. */
  async #insert(records: readonly FileRecord[]): Promise<SqlError | undefined> {
    const isOwnTransaction = this.#session.transactionStatus === 'I';
    const insert = (): Promise<string> => this.#session.execute(this.#command, pieces(records));
    try {
      const tag = await (isOwnTransaction ? withConflictRetry(this.#world, insert) : insert());
      this.#report.rows += Number(tag.split(' ')[1]);
      if (isOwnTransaction) this.#report.transactions++;
      return undefined;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      // Inside a block of the file's own all is lost with it.
      if (!isOwnTransaction || !isOfRows.test(error.sqlstate)) throw new ImportFailure(errorReport(error));
      return error;
    }
  }
}

/** Data, constraints, limits, CHECK OPTION. */
const isOfRows = /^(22|23|44|54)/;
/** Of these COPY names the line; other errors come when all rows have been read. */
const isOfOneLine = /^(22|23502|23514)/;

/** Where a record takes several lines, COPY's count of them says nothing certain about records. */
function culprit(error: SqlError, records: readonly FileRecord[]): number | undefined {
  const named = isOfOneLine.test(error.sqlstate) ? copyLine.exec(error.fields.where ?? '') : null;
  if (named === null || records.some(({ lines }) => lines > 1)) return undefined;
  const at = Number(named[1]) - 1;
  return at < records.length ? at : undefined;
}

const copyLine = /^COPY .*?, line (\d+)/m;

/** COPY has counted from the beginning of its transaction's rows. */
function inFile(error: SqlError, line: number): ErrorReport {
  const report = errorReport(error);
  return { ...report, where: report.where?.replace(/^(COPY .*?, line )\d+/m, `$1${line}`) };
}

async function* pieces(records: readonly FileRecord[]): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < records.length; at += 256) yield Buffer.concat(records.slice(at, at + 256).map(({ bytes }) => bytes));
}
