/**
 * Table scan: rows of a table by primary key. Whole keys are looked up, everything else is scanned by storage, which filters and projects.
 */
import { type Batch, gatherBatch, sliceBatch } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { Observed, Wait } from '#storage/storage.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import type { PhysicalPlan, TableScan } from '../planner/physical-plan.ts';
import { renameColumns } from './column-references.ts';
import { accessRanges, isSingleKey, singleKey } from './key-access.ts';
import { type Rows, type Run, readView } from './operator.ts';
import { idsOf, positionsOf, prepared } from './prepared.ts';
import { lookUp, RowDecoder, type StoredColumn } from './stored-rows.ts';

/** Above so many keys the scan's batches and pauses are worth more than the short way. */
const lookUpKeysMax = 1024;

/** Fields of the stored row for columns of a scan's output. */
export function storedColumns(
  output: readonly { readonly id: ColumnId; readonly attributeNumber: number }[],
  keyColumn: ColumnId | undefined,
): readonly StoredColumn[] {
  return output.map((column) => (column.id === keyColumn ? 'key' : column.attributeNumber - 1));
}

/** A filter as storage wants it: ColumnId i is column i of the result. */
export function positional(filter: Expression | undefined, ids: readonly ColumnId[]): Expression | undefined {
  return filter === undefined ? undefined : renameColumns(filter, (id) => positionsOf([id], ids)[0]);
}

/** What a scan reports to: the statement, and when it is analyzed also how much the node's filter leaves out. */
export function observedBy(plan: PhysicalPlan, run: Run): Observed {
  const { observed, removed } = run;
  if (removed === undefined) return observed;
  return {
    get newest() {
      return observed.newest;
    },
    set newest(timestamp) {
      observed.newest = timestamp;
    },
    get bytes() {
      return observed.bytes ?? 0;
    },
    set bytes(bytes) {
      if (observed.bytes !== undefined) observed.bytes = bytes;
    },
    get removed() {
      return 0;
    },
    set removed(rows) {
      removed(plan, rows);
    },
  };
}

const prepare = prepared((plan: TableScan) => {
  const layout = layoutOf(plan.table);
  const ids = idsOf(plan.output);
  const columns = storedColumns(plan.output, plan.keyColumn);
  const keys = { space: plan.table.space, range: layout.rowRange, keyParts: layout.keyParts };
  return {
    layout,
    columns,
    keys,
    isSingleKey: isSingleKey(plan.access, keys) && (plan.limit === undefined || plan.limit > 0),
    decoder: new RowDecoder(columns, layout.fieldTypes, layout.missing),
    storageFilter: positional(plan.filter, ids),
    predicate: plan.filter === undefined ? undefined : compilePredicate(plan.filter, ids),
  };
});

export function tableScan(plan: TableScan, run: Run): Rows {
  return prepare(plan).isSingleKey ? new PointRead(plan, run) : rangeScan(plan, run);
}

/** The row of one key. An object of few fields where a generator would hold a frame: nothing is executed more often. */
class PointRead implements IterableIterator<Batch> {
  readonly #run: Run;
  /** undefined once it has been read. */
  #plan: TableScan | undefined;

  constructor(plan: TableScan, run: Run) {
    this.#plan = plan;
    this.#run = run;
  }

  next(): IteratorResult<Batch, undefined> {
    const plan = this.#plan;
    this.#plan = undefined;
    const batch = plan === undefined ? undefined : readPoint(plan, this.#run);
    return batch === undefined ? ended : { done: false, value: batch };
  }

  /** Left early. */
  return(): IteratorResult<Batch, undefined> {
    this.#plan = undefined;
    return ended;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

const ended = { done: true, value: undefined } as const;

// Hot.
function readPoint(plan: TableScan, run: Run): Batch | undefined {
  const { keys, decoder, predicate } = prepare(plan);
  const key = singleKey(plan.access, keys, run.context);
  if (key === undefined) return undefined;
  const [value] = lookUp(run, [key], readView(run));
  if (value === undefined) return undefined;
  const batch = decoder.decodeOne(key, value);
  if (predicate === undefined || predicate(batch, run.context).count === 1) return batch;
  run.removed?.(plan, 1);
  return undefined;
}

function* rangeScan(plan: TableScan, run: Run): Generator<Batch | Wait, void, undefined> {
  const { layout, columns, keys, decoder, storageFilter, predicate } = prepare(plan);
  const { ranges, isPoints } = accessRanges(plan.access, keys, run.context);
  if (ranges.length === 0) return;

  if (isPoints && ranges.length <= lookUpKeysMax) {
    const points = ranges.map((range) => range.start);
    if (plan.descending) points.reverse();
    let batch = decoder.decode(points, lookUp(run, points, readView(run)));
    if (batch !== undefined && predicate !== undefined) {
      const { rows, count } = predicate(batch, run.context);
      run.removed?.(plan, batch.rowCount - count);
      batch = count === 0 ? undefined : count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
    }
    if (batch === undefined) return;
    yield plan.limit !== undefined && plan.limit < batch.rowCount ? sliceBatch(batch, 0, plan.limit) : batch;
    return;
  }

  yield* run.storage.scan(
    {
      snapshot: run.transaction.snapshot,
      ranges,
      descending: plan.descending,
      fieldTypes: layout.fieldTypes,
      columns,
      missing: layout.missing,
      filter: storageFilter,
      limit: plan.limit,
      overlay: readView(run).overlay,
    },
    run.context,
    observedBy(plan, run),
  );
}
