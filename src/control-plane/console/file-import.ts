/**
 * FileImport: one file on its way into a cluster, in pieces that the browser sends one after another.
 *
 *   FI1  `position` is how many bytes have been taken in. A piece is taken in whole or not at all, and only the one that begins there: a browser whose connection
 *        broke asks for the position and goes on from it, and no row comes twice.
 *   FI2  What is held is one piece, one transaction's rows, and a bounded list of refusals.
 */
import type { World } from '#base/world.ts';
import { asReport } from '#pgwire/session-loop.ts';
import { quoteIdentifier } from '#query-processor/catalog/identifiers.ts';
import { ImportFailure, ImportReport } from './import-report.ts';
import type { ImportProgress, ImportRequest } from './import-shapes.ts';
import type { QuerySession } from './query-session.ts';
import { type FileRecord, RecordSplitter, RecordTooLong } from './record-splitter.ts';
import { type ErrorReport, errorReport } from './result-lines.ts';
import { type BatchLimits, RowImport } from './row-import.ts';
import { ScriptImport } from './script-import.ts';

/** DSQL's limits of a transaction leave room for index entries: so many bytes of text become at most some times as many bytes of keys and values. */
export const dsqlBatch: BatchLimits = { rows: 3_000, bytes: 1024 * 1024 };
export const openBatch: BatchLimits = { rows: 20_000, bytes: 4 * 1024 * 1024 };

export class FileImport {
  readonly #world: World;
  readonly #session: QuerySession;
  readonly #report = new ImportReport();
  readonly #input: { add(piece: Uint8Array): Promise<void>; finish(): Promise<void> };
  #position = 0;
  #state: ImportProgress<ErrorReport>['state'] = 'running';
  #failure: ErrorReport | undefined;
  #work: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(world: World, session: QuerySession, request: ImportRequest, limits: BatchLimits) {
    this.#world = world;
    this.#session = session;
    this.#input =
      request.kind === 'csv'
        ? new CsvInput(new RowImport(world, session, copyCommand(request), limits, this.#report), request.quote, request.hasHeader)
        : new ScriptImport(world, session, limits, this.#report, request.stopsAtError);
  }

  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** Takes in the piece that begins at `position`. False: that is not where the import stands (any more). */
  async take(position: number, piece: Uint8Array): Promise<boolean> {
    let isTaken = false;
    await this.#inTurn(async () => {
      if (position !== this.#position || this.#state !== 'running') return;
      isTaken = true;
      await this.#input.add(piece);
      this.#position += piece.length;
    });
    return isTaken || this.#state === 'failed';
  }

  /** The whole file has been sent. */
  finish(length: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'running' || length !== this.#position) return;
      await this.#input.finish();
      this.#state = 'finished';
      this.#session.close();
    });
  }

  progress(refusedFrom: number): ImportProgress<ErrorReport> {
    const { rows, statements, skippedStatements, transactions, refused } = this.#report;
    return {
      state: this.#state,
      position: this.#position,
      rows,
      statements,
      skippedStatements,
      transactions,
      refusedCount: refused.length,
      refused: refused.slice(refusedFrom),
      failure: this.#failure,
    };
  }

  close(): void {
    if (this.#state === 'running') this.#fail({ sqlstate: '57014', message: 'the import has been ended' });
  }

  /** One after another, in the order in which they came. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#pending++;
    const done = this.#work.then(async () => {
      try {
        await work();
      } catch (error) {
        if (this.#state === 'running') this.#fail(reportOf(error, this.#world));
      } finally {
        this.#pending--;
      }
    });
    this.#work = done;
    return done;
  }

  #fail(failure: ErrorReport): void {
    this.#state = 'failed';
    this.#failure = failure;
    this.#session.cancel();
    this.#session.close();
  }
}

class CsvInput {
  readonly #splitter: RecordSplitter;
  readonly #rows: RowImport;
  #awaitsHeader: boolean;
  #isFirst = true;

  constructor(rows: RowImport, quote: string, hasHeader: boolean) {
    this.#rows = rows;
    this.#splitter = new RecordSplitter(quote);
    this.#awaitsHeader = hasHeader;
  }

  add(piece: Uint8Array): Promise<void> {
    const isMarked = this.#isFirst && piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf;
    this.#isFirst = false;
    return this.#add(this.#splitter.push(isMarked ? piece.subarray(3) : piece));
  }

  async finish(): Promise<void> {
    await this.#add(this.#splitter.finish());
    await this.#rows.flush();
  }

  #add(records: readonly FileRecord[]): Promise<void> {
    const isHeader = this.#awaitsHeader && records.length > 0;
    if (isHeader) this.#awaitsHeader = false;
    return this.#rows.add(isHeader ? records.slice(1) : records);
  }
}

function copyCommand({ schema, table, columns, delimiter, quote, nullText }: Extract<ImportRequest, { kind: 'csv' }>): string {
  const names = columns.length === 0 ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
  const options = `format csv, delimiter ${literal(delimiter)}, quote ${literal(quote)}, escape ${literal(quote)}, null ${literal(nullText)}`;
  return `copy ${quoteIdentifier(schema)}.${quoteIdentifier(table)}${names} from stdin (${options})`;
}

const literal = (text: string): string => `E'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;

function reportOf(error: unknown, world: World): ErrorReport {
  if (error instanceof ImportFailure) return error.report;
  if (error instanceof RecordTooLong) return { sqlstate: '54000', message: error.message };
  return errorReport(asReport(error, world.log));
}
