/**
 * SQL cursor: the rows of a query, fetched as the client asks for them, in both directions.
 *
 *   position    0 before the first row, n on row n, one past the last row behind the end
 *
 *   C1  A cursor sees what was there when it was declared: its overlay is frozen then (OpenTransaction.frozen).
 *   C2  No row is computed, or locked, before it has been asked for.
 *   C3  Rows that have been read are kept, so that there is a way back; NO SCROLL keeps the newest alone. Without either word rows are kept
 *       up to a bound, and behind it the cursor only goes forward.
 */
import { cursorBytes } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, datumAt, gatherBatch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { batchBytes } from '../executor/row-buffer.ts';
import type { Field } from '../query-processor.ts';
import type { PlanExecution } from './run-plan.ts';

export type FetchDirection = 'forward' | 'backward' | 'absolute' | 'relative';

export type CursorOptions = {
  readonly isBinary: boolean;
  /** undefined: as far as it costs little. */
  readonly isScrollable: boolean | undefined;
  readonly isHoldable: boolean;
};

export class SqlCursor {
  readonly name: string;
  /** The text of the DECLARE statement. */
  readonly statementText: string;
  readonly options: CursorOptions;
  readonly fields: readonly Field[];
  /** Tables whose row keys follow the fields, as further columns: for WHERE CURRENT OF. */
  readonly keyTables: readonly number[];
  readonly createdAt: number;
  /** Savepoints that were set when it was declared. */
  level: number;
  /** It has outlived its transaction. */
  isHeld = false;
  #execution: PlanExecution | undefined;
  #batches: Batch[] = [];
  /** Number of the first row kept. */
  #first = 1;
  #known = 0;
  #position = 0;
  #bytes = 0;
  #hasEnded = false;
  #hasFailed = false;
  #forgets: boolean;

  constructor(
    start: Pick<SqlCursor, 'name' | 'statementText' | 'options' | 'fields' | 'keyTables' | 'createdAt' | 'level'>,
    execution: PlanExecution,
  ) {
    this.name = start.name;
    this.statementText = start.statementText;
    this.options = start.options;
    this.fields = start.fields;
    this.keyTables = start.keyTables;
    this.createdAt = start.createdAt;
    this.level = start.level;
    this.#execution = execution;
    this.#forgets = start.options.isScrollable === false;
  }

  /** What runs while rows are fetched; undefined once there is no more to run. */
  get execution(): PlanExecution | undefined {
    return this.#execution;
  }

  close(): void {
    this.#execution?.close();
    this.#execution = undefined;
    this.#hasEnded = true;
    this.#batches = [];
  }

  /** Reads all that is left: the transaction that the rows come from ends. */
  async materialize(): Promise<void> {
    this.#forgets = false;
    await this.#ensure(Number.POSITIVE_INFINITY);
  }

  /** The key of the current row of a table; throws 24000 when the cursor does not stand on one. */
  currentKey(tableOid: number, tableName: string): Datum {
    const at = this.keyTables.indexOf(tableOid);
    if (this.isHeld) throw invalidState(`cursor "${this.name}" is held from a previous transaction`);
    if (at < 0) throw invalidState(`cursor "${this.name}" is not a simply updatable scan of table "${tableName}"`);
    if (this.#position < 1 || this.#position > this.#known) throw invalidState(`cursor "${this.name}" is not positioned on a row`);
    const [{ batch, row }] = this.#places(this.#position, this.#position);
    return datumAt(batch.columns[this.fields.length + at], row);
  }

  /** Moves, and gives the rows passed over in the order of the passing. */
  async fetch(direction: FetchDirection, count: number): Promise<readonly Batch[]> {
    if (this.#hasFailed) throw new SqlError(sqlstate.objectNotInPrerequisiteState, `portal "${this.name}" cannot be run`);
    try {
      return await this.#fetch(direction, count);
    } catch (error) {
      // As in PostgreSQL, whatever the fault was.
      this.#hasFailed = true;
      throw error;
    }
  }

  async #fetch(direction: FetchDirection, count: number): Promise<readonly Batch[]> {
    switch (direction) {
      case 'forward':
        return count < 0 ? this.#backward(-count) : count === 0 ? this.#again() : this.#forward(count);
      case 'backward':
        return count < 0 ? this.#forward(-count) : count === 0 ? this.#again() : this.#backward(count);
      case 'absolute':
        return this.#absolute(count);
      case 'relative':
        if (count === 0) return this.#again();
        if (count > 0) return this.#to(this.#position + count);
        this.#requireWayBack();
        return this.#to(Math.max(0, this.#position + count));
    }
  }

  async #forward(count: number): Promise<readonly Batch[]> {
    const from = this.#position + 1;
    const to = this.#position + count;
    await this.#ensure(to);
    this.#position = Math.min(to, this.#known + 1);
    return this.#rows(from, Math.min(to, this.#known));
  }

  async #backward(count: number): Promise<readonly Batch[]> {
    this.#requireWayBack();
    const from = this.#position - 1;
    const to = Math.max(1, this.#position - count);
    this.#position = Math.max(0, this.#position - count);
    return from < 1 ? [] : piecesOf(this.#places(to, from).reverse());
  }

  async #absolute(count: number): Promise<readonly Batch[]> {
    if (count >= 0) {
      if (count <= this.#position && this.#position > 0) this.#requireWayBack();
      return this.#to(count);
    }
    this.#requireWayBack();
    await this.#ensure(Number.POSITIVE_INFINITY);
    return this.#to(Math.max(0, this.#known + 1 + count));
  }

  async #to(row: number): Promise<readonly Batch[]> {
    await this.#ensure(row);
    this.#position = Math.min(row, this.#known + 1);
    return row >= 1 && row <= this.#known ? this.#rows(row, row) : [];
  }

  /** The row that the cursor stands on, once more. */
  #again(): readonly Batch[] {
    if (this.#position < 1 || this.#position > this.#known) return [];
    this.#requireWayBack();
    return this.#rows(this.#position, this.#position);
  }

  #requireWayBack(): void {
    if (this.#forgets)
      throw new SqlError(sqlstate.objectNotInPrerequisiteState, 'cursor can only scan forward', {
        hint: 'Declare it with SCROLL option to enable backward scan.',
      });
  }

  async #ensure(row: number): Promise<void> {
    const execution = this.#execution;
    if (this.#hasEnded || row <= this.#known || execution === undefined) return;
    const wanted = row === Number.POSITIVE_INFINITY ? 0 : row - this.#known;
    this.#hasEnded = await execution.fetch(wanted, (batch) => this.#keep(batch, execution));
    if (this.#hasEnded) this.#execution = undefined;
  }

  #keep(batch: Batch, execution: PlanExecution): void {
    this.#batches.push(batch);
    this.#known += batch.rowCount;
    const bytes = batchBytes(batch);
    this.#bytes += bytes;
    if (this.options.isScrollable === true || this.options.isHoldable) execution.run.memory.charge(bytes);
    else if (this.#bytes > cursorBytes) this.#forgets = true;
    if (this.#forgets) this.#forget();
  }

  /** What lies before the rows that this fetch began with is not asked for again. */
  #forget(): void {
    while (this.#batches.length > 1 && this.#first + this.#batches[0].rowCount <= this.#position) {
      const [gone] = this.#batches.splice(0, 1);
      this.#first += gone.rowCount;
      this.#bytes -= batchBytes(gone);
    }
  }

  #rows(from: number, to: number): readonly Batch[] {
    return piecesOf(this.#places(from, to));
  }

  #places(from: number, to: number): { readonly batch: Batch; readonly row: number }[] {
    const places: { readonly batch: Batch; readonly row: number }[] = [];
    let start = this.#first;
    for (const batch of this.#batches) {
      for (let row = Math.max(0, from - start); row < batch.rowCount && start + row <= to; row++) places.push({ batch, row });
      start += batch.rowCount;
    }
    return places;
  }
}

/** Rows one after the other, those of a batch together. */
function piecesOf(places: readonly { readonly batch: Batch; readonly row: number }[]): readonly Batch[] {
  const pieces: Batch[] = [];
  for (let start = 0; start < places.length; ) {
    let end = start;
    while (end < places.length && places[end].batch === places[start].batch) end++;
    const rows = Int32Array.from(places.slice(start, end), ({ row }) => row);
    pieces.push(gatherBatch(places[start].batch, rows, rows.length));
    start = end;
  }
  return pieces;
}

const invalidState = (message: string): SqlError => new SqlError(sqlstate.invalidCursorState, message);
