/**
 * Index scan: index entries in key order, and the rows that they point to unless the entries hold all that is asked for.
 *
 *   I1  Rows come in the order of the index (or its reverse), whatever the order of their own keys.
 *   I2  A filter that only reads what the entries hold is evaluated before rows are fetched.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, gatherBatch, sliceBatch, toDatums, type Vector, vectorOf } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { ColumnId } from '#sql/expression.ts';
import type { Key } from '#sql/key.ts';
import type { ScanRequest, Wait } from '#storage/storage.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { type IndexLayout, indexLayoutOf, layoutOf, rowKeyOf } from '../catalog/table-layout.ts';
import type { IndexScan } from '../planner/physical-plan.ts';
import { columnsOf } from './column-references.ts';
import { accessRanges } from './key-access.ts';
import { type Run, readView } from './operator.ts';
import { idsOf, prepared } from './prepared.ts';
import { lookUp, RowDecoder, required } from './stored-rows.ts';
import { observedBy, positional, storedColumns } from './table-scan.ts';

export function indexOf(table: TableDescriptor, indexOid: number): IndexLayout {
  const index = table.indexes.find((candidate) => candidate.oid === indexOid);
  if (index === undefined) throw new InvariantError('a plan names an index of its table');
  return indexLayoutOf(table, index);
}

/** The entry field of a column; undefined when entries do not hold it. */
export function entryField(layout: IndexLayout, attributeNumber: number): number | undefined {
  const field = layout.fieldAttributes.indexOf(attributeNumber, 1);
  return field < 0 || attributeNumber === 0 ? undefined : field;
}

/** Row keys as they lie in entries, as keys. */
export function rowKeys(vector: Vector, rowCount: number): Key[] {
  const datums = toDatums(vector, rowCount);
  const keys: Key[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const datum = datums[row];
    if (datum === null) throw new InvariantError('an index entry holds its row key');
    keys[row] = rowKeyOf(datum);
  }
  return keys;
}

const prepare = prepared((plan: IndexScan) => {
  const layout = indexOf(plan.table, plan.indexOid);
  const rows = layoutOf(plan.table);
  const ids = idsOf(plan.output);
  const fieldOf = new Map<ColumnId, number>();
  for (const column of plan.output) {
    const field = column.id === plan.keyColumn ? 0 : entryField(layout, column.attributeNumber);
    if (field !== undefined) fieldOf.set(column.id, field);
  }
  const filterIds = plan.filter === undefined ? [] : [...columnsOf(plan.filter)];
  const filtersEntries = filterIds.every((id) => fieldOf.has(id) && id !== plan.keyColumn);
  // Without an index-only plan the entries are read for the row key, and for what the filter needs.
  const entryColumns = plan.isIndexOnly ? ids : [undefined, ...(filtersEntries ? filterIds : [])];
  const entryFields = entryColumns.map((id) => {
    const field = id === undefined ? 0 : fieldOf.get(id);
    if (field === undefined) throw new InvariantError('an index-only scan reads what entries hold');
    return field;
  });
  return {
    layout,
    keys: { space: layout.index.space, range: layout.range, keyParts: layout.keyParts },
    entryFields,
    entryFilter:
      filtersEntries || plan.isIndexOnly
        ? positional(
            plan.filter,
            entryColumns.map((id) => id ?? -1),
          )
        : undefined,
    keyPosition: plan.keyColumn === undefined ? -1 : ids.indexOf(plan.keyColumn),
    decoder: new RowDecoder(storedColumns(plan.output, plan.keyColumn), rows.fieldTypes, rows.missing),
    rowPredicate: plan.filter === undefined || filtersEntries || plan.isIndexOnly ? undefined : compilePredicate(plan.filter, ids),
  };
});

export function* indexScan(plan: IndexScan, run: Run): Generator<Batch | Wait, void, undefined> {
  const { layout, keys, entryFields, entryFilter, keyPosition, decoder, rowPredicate } = prepare(plan);
  const { ranges } = accessRanges(plan.access, keys, run.context);
  if (ranges.length === 0) return;
  const request: ScanRequest = {
    snapshot: run.transaction.snapshot,
    ranges,
    descending: plan.descending,
    fieldTypes: layout.fieldTypes,
    columns: entryFields,
    missing: [],
    filter: entryFilter,
    limit: rowPredicate === undefined ? plan.limit : undefined,
    overlay: readView(run).overlay,
  };
  let left = plan.limit ?? Number.POSITIVE_INFINITY;
  for (const item of run.storage.scan(request, run.context, observedBy(plan, run))) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    if (plan.isIndexOnly) {
      yield keyPosition < 0 ? item : withKeys(item, keyPosition);
      continue;
    }
    const found = rowKeys(item.columns[0], item.rowCount);
    const rows = decoder.decode(found, required(lookUp(run, found, readView(run))));
    if (rows === undefined) continue;
    let batch: Batch | undefined = rows;
    if (rowPredicate !== undefined) {
      const selected = rowPredicate(rows, run.context);
      run.removed?.(plan, rows.rowCount - selected.count);
      batch = selected.count === 0 ? undefined : gatherBatch(rows, selected.rows, selected.count);
    }
    if (batch !== undefined) {
      if (batch.rowCount > left) batch = sliceBatch(batch, 0, left);
      left -= batch.rowCount;
      yield batch;
      if (left === 0) return;
    }
    if (run.shouldPause()) yield run.pause();
  }
}

function withKeys(batch: Batch, position: number): Batch {
  const columns = batch.columns.slice();
  columns[position] = vectorOf(rowKeys(batch.columns[position], batch.rowCount));
  return { rowCount: batch.rowCount, columns };
}
