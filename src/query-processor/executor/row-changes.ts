/**
 * Row changes: writing row images, with uniqueness held.
 *
 *   U1  A key that must be unique is free when nothing holds it in the statement's own writes, the transaction's, or the snapshot, in
 *       this order. All of a batch's keys are looked up at once; the statement's own writes are asked row by row, so that rows of one
 *       batch see each other.
 *   U2  Modes: rows `write` for insert, delete and changes of a key column, `update` otherwise; entries that must be unique `write`,
 *       all others `blind`. Two transactions that take the same free key meet in the adjudicator.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { encodeRow } from '#sql/row.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { IndexEntry } from '../catalog/table-layout.ts';
import { indexViolation, primaryKeyViolation } from './constraint-errors.ts';
import type { Run } from './operator.ts';
import type { MaintainedTable, RowImages } from './row-images.ts';
import { type StatementWrites, statementWrites } from './statement-writes.ts';
import { lookUp } from './stored-rows.ts';

/** Keys looked up for a batch, as they were when the statement began. */
export class KeyHolders {
  readonly #writes: StatementWrites;
  readonly #run: Run;
  /** What was fetched last; as a map only once somebody asks by key. */
  #keys: readonly Key[] = [];
  #values: readonly (Uint8Array | undefined)[] = [];
  #found: Map<Key, Uint8Array | undefined> | undefined;
  #isAllFree = false;

  constructor(run: Run) {
    this.#run = run;
    this.#writes = statementWrites(run);
  }

  /** Looks up all of `keys` at once. */
  fetch(keys: readonly Key[]): void {
    this.#keys = keys;
    this.#values = lookUp(this.#run, keys);
    this.#found = undefined;
    this.#isAllFree = this.#values.every((value) => value === undefined);
  }

  /** What the key held when the statement began. */
  before(key: Key): Uint8Array | undefined {
    let found = this.#found;
    if (found === undefined) {
      found = new Map();
      for (let i = 0; i < this.#keys.length; i++) found.set(this.#keys[i], this.#values[i]);
      this.#found = found;
    }
    if (found.has(key)) return found.get(key);
    return lookUp(this.#run, [key])[0];
  }

  /**
   * True when something holds the key, one of those fetched last, now. Hot: once a new row and unique entry. In a load nothing does, and
   * no map of the fetched keys is made (bench: COPY of 100 000 rows).
   */
  isTaken(key: Key): boolean {
    const own = this.#writes.get(key);
    if (own !== undefined) return own.value !== undefined;
    return !this.#isAllFree && this.before(key) !== undefined;
  }

  /** What it holds now, the statement's own writes included. */
  now(key: Key): Uint8Array | undefined {
    const own = this.#writes.get(key);
    return own === undefined ? this.before(key) : own.value;
  }

  /** True when this statement has written the key. */
  isOwn(key: Key): boolean {
    return this.#writes.get(key) !== undefined;
  }
}

/** The keys of a batch's images that must be free; to be fetched before any is written. */
export function uniqueKeys(table: MaintainedTable, images: RowImages, keys: readonly Key[] | undefined): Key[] {
  const wanted: Key[] = table.table.primaryKey === undefined || keys === undefined ? [] : [...keys];
  for (const entries of images.entries) {
    if (entries === undefined) continue;
    for (const entry of entries) if (entry?.mode === 'write') wanted.push(entry.key);
  }
  return wanted;
}

export function primaryKeyTaken({ table }: MaintainedTable, fields: readonly Datum[], run: Run): SqlError {
  return primaryKeyViolation(table, fields, run.context);
}

export function entryTaken({ table, indexes }: MaintainedTable, at: number, images: RowImages, row: number, run: Run): SqlError {
  const vectors = images.keyVectors[at] ?? [];
  return indexViolation(
    table,
    indexes[at].index,
    vectors.map((vector) => datumAt(vector, row)),
    run.context,
  );
}

/** DSQL: 1 MiB a column, 2 MiB a row (dsql-behaviour 5.2). */
const columnBytesMax = 1024 * 1024;
const rowBytesMax = 2 * columnBytesMax;

/** Profile `dsql` only. A stored row is longer than any of its columns, so that short rows need no closer look. */
function checkSize({ layout }: MaintainedTable, value: Uint8Array, fields: readonly Datum[], run: Run): void {
  if (value.length <= columnBytesMax || run.context.settings.profile !== 'dsql') return;
  for (const column of layout.liveColumns) {
    const type = typeByOid(column.type.oid);
    const field = fields[column.attributeNumber - 1];
    if (field === null || encodeRow([type], [field]).length <= columnBytesMax + rowOverheadBytes) continue;
    throw new SqlError(
      sqlstate.programLimitExceeded,
      `datatype limit greater than ${columnBytesMax} bytes not supported for ${type.displayName}`,
    );
  }
  if (value.length > rowBytesMax) throw new SqlError(sqlstate.programLimitExceeded, 'maximum row size exceeded');
}

/** What encodeRow adds to a single long field. */
const rowOverheadBytes = encodeRow([typeByOid(oid.text)], [' '.repeat(0x10000)]).length - 0x10000;

/** Writes a row that was not there, after making sure that its keys are free. */
export function insertRow(
  table: MaintainedTable,
  images: RowImages,
  row: number,
  key: Key,
  value: Uint8Array,
  holders: KeyHolders,
  run: Run,
): void {
  const writes = statementWrites(run);
  checkSize(table, value, images.fields[row], run);
  if (table.table.primaryKey !== undefined && holders.isTaken(key)) throw primaryKeyTaken(table, images.fields[row], run);
  for (let at = 0; at < images.entries.length; at++) {
    const entry = images.entries[at]?.[row];
    if (entry?.mode === 'write' && holders.isTaken(entry.key)) throw entryTaken(table, at, images, row, run);
  }
  writes.noteInsert(key);
  writes.write(key, value, 'write');
  for (const entries of images.entries) {
    const entry = entries?.[row];
    if (entry !== undefined) writes.write(entry.key, entry.value, entry.mode);
  }
}

/** Replaces a row by another image of it. */
export function replaceRow(
  table: MaintainedTable,
  before: { readonly images: RowImages; readonly row: number; readonly key: Key },
  after: { readonly images: RowImages; readonly row: number; readonly key: Key; readonly value: Uint8Array },
  changesKey: boolean,
  holders: KeyHolders,
  run: Run,
): void {
  const writes = statementWrites(run);
  checkSize(table, after.value, after.images.fields[after.row], run);
  if (before.key !== after.key) {
    if (holders.now(after.key) !== undefined) throw primaryKeyTaken(table, after.images.fields[after.row], run);
    writes.write(before.key, undefined, 'write');
    writes.write(after.key, after.value, 'write');
    writes.noteMove(before.key, after.key);
  } else writes.write(after.key, after.value, changesKey ? 'write' : 'update');
  for (let at = 0; at < after.images.entries.length; at++) {
    const old = before.images.entries[at]?.[before.row];
    const next = after.images.entries[at]?.[after.row];
    if (old?.key === next?.key) {
      // The entry stays; only what it carries may differ, and the row's own key is checked for that.
      if (old !== undefined && next !== undefined && !sameBytes(old.value, next.value)) writes.write(next.key, next.value, 'blind');
      continue;
    }
    if (old !== undefined) writes.write(old.key, undefined, old.mode);
    if (next === undefined) continue;
    if (next.mode === 'write' && holders.now(next.key) !== undefined) throw entryTaken(table, at, after.images, after.row, run);
    writes.write(next.key, next.value, next.mode);
  }
}

export function deleteRow(images: RowImages, row: number, key: Key, run: Run): void {
  const writes = statementWrites(run);
  writes.write(key, undefined, 'write');
  for (const entries of images.entries) {
    const entry: IndexEntry | undefined = entries?.[row];
    if (entry !== undefined) writes.write(entry.key, undefined, entry.mode);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Notes that rows of the table were changed: for the command tag, the limit and the commit request. */
export function countChanged(table: MaintainedTable, rows: number, run: Run): void {
  if (rows === 0) return;
  run.changedRows += rows;
  if (table.table.oid < firstTemporaryOid) run.transaction.countRows(rows);
  statementWrites(run).useRelation(table.table.oid);
}
