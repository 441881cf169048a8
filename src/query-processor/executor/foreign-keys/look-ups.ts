/**
 * Look-ups of foreign keys, a set at a time: which parents are there, and which children refer to some keys. All see the transaction's
 * writes laid over its snapshot; the statement's own have been handed to it before.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, toDatums } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { decodeRow } from '#sql/row.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Wait } from '#storage/storage.ts';
import { layoutOf, rowKeyOf } from '../../catalog/table-layout.ts';
import { indexOf, rowKeys } from '../index-scan.ts';
import { normalized, prefixRange } from '../key-access.ts';
import type { Run } from '../operator.ts';
import { lookUp } from '../stored-rows.ts';
import type { ForeignKeyPlan } from './foreign-key-plan.ts';

const entryRowKeyType = [typeByOid(oid.bytea)];

/** Keys of the parents' rows; undefined where there is none. `keys` as from plan.parentLookUp. */
export function findParents(plan: ForeignKeyPlan, keys: readonly Key[], run: Run): readonly (Key | undefined)[] {
  const values = lookUp(run, keys);
  return values.map((value, at) => {
    if (value === undefined || plan.parentKeyIsRow) return value === undefined ? undefined : keys[at];
    const [rowKey] = decodeRow(entryRowKeyType, value);
    if (rowKey === null) throw new InvariantError('an index entry holds its row key');
    return rowKeyOf(rowKey);
  });
}

/** Rows by their keys. */
export type ChildRows = Map<Key, Uint8Array>;

const lookUpRows = 1024;

/**
 * The children of each of `parents` (values in the parent's types, by matchKey). Every asked key is in the answer, also one without
 * children.
 */
export function* findChildren(
  plan: ForeignKeyPlan,
  parents: ReadonlyMap<string, readonly NonNull[]>,
  run: Run,
): Generator<Wait, Map<string, ChildRows>, undefined> {
  const found = new Map<string, ChildRows>();
  for (const key of parents.keys()) found.set(key, new Map());
  const keep = (keys: readonly Key[]): void => {
    const rows = lookUp(run, keys);
    for (let at = 0; at < keys.length; at++) {
      const row = rows[at];
      if (row === undefined) continue;
      const key = plan.childKey(plan.childColumns.read(row), run.context);
      if (key !== undefined) found.get(key)?.set(keys[at], row);
    }
  };
  for (const item of candidates(plan, parents, run)) {
    if (item instanceof Promise) yield item;
    else for (let at = 0; at < item.length; at += lookUpRows) keep(item.slice(at, at + lookUpRows));
  }
  return found;
}

/** Keys of rows that may be children: by an index of theirs where one begins with the foreign key's columns, else by all rows. */
function* candidates(
  plan: ForeignKeyPlan,
  parents: ReadonlyMap<string, readonly NonNull[]>,
  run: Run,
): Generator<readonly Key[] | Wait, void, undefined> {
  const { child, childAccess } = plan;
  const layout = layoutOf(child);
  const common = { snapshot: run.transaction.snapshot, descending: false, filter: undefined, limit: undefined };
  if (childAccess === undefined) {
    const columns = ['key' as const, ...plan.childColumns.attributeNumbers.map((number) => number - 1)];
    const { fieldTypes, missing } = layout;
    const request = { ...common, ranges: [layout.rowRange], fieldTypes, columns, missing, overlay: run.transaction.overlay };
    for (const item of run.storage.scan(request, run.context, run.observed))
      yield item instanceof Promise ? item : referring(plan, item, parents, run);
    return;
  }
  const prefixes: Key[] = [];
  for (const values of parents.values()) {
    const prefix = childAccess.prefix(values, run.context);
    if (prefix !== undefined) prefixes.push(prefix);
  }
  const ranges = normalized([...new Set(prefixes)].map(prefixRange));
  if (ranges.length === 0) return;
  const { indexOid } = childAccess;
  const fields =
    indexOid === undefined
      ? { fieldTypes: layout.fieldTypes, columns: ['key' as const], missing: layout.missing }
      : { fieldTypes: indexOf(child, indexOid).fieldTypes, columns: [0], missing: [] };
  const request = { ...common, ...fields, ranges, overlay: run.transaction.overlay };
  for (const item of run.storage.scan(request, run.context, run.observed))
    yield item instanceof Promise ? item : rowKeys(item.columns[0], item.rowCount);
}

function referring(plan: ForeignKeyPlan, batch: Batch, parents: ReadonlyMap<string, unknown>, run: Run): readonly Key[] {
  const columns = batch.columns.slice(1).map((column) => toDatums(column, batch.rowCount));
  const rows: number[] = [];
  for (let row = 0; row < batch.rowCount; row++) {
    const values: readonly Datum[] = columns.map((column) => column[row]);
    const key = plan.childKey(values, run.context);
    if (key !== undefined && parents.has(key)) rows.push(row);
  }
  if (rows.length === 0) return [];
  const keys = rowKeys(batch.columns[0], batch.rowCount);
  return rows.map((row) => keys[row]);
}
