/**
 * Lookup join: for each batch of outer rows, the rows of a table whose leading key columns equal the outer row's keys, through the primary
 * key or an index. Each distinct key is looked up once a batch; whole primary keys with a single get, prefixes by one scan of many ranges.
 */
import { type Batch, datumAt, type Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Key } from '#sql/key.ts';
import type { Wait } from '#storage/storage.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { entryField, indexOf, rowKeys } from './index-scan.ts';
import { type Candidates, joinShape, matchBatch } from './join-matching.ts';
import { keyPrefix, prefixRange } from './key-access.ts';
import { type Rows, type Run, readView } from './operator.ts';
import { idsOf, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { type FlatRows, RowBuffer } from './row-buffer.ts';
import { lookUp, RowDecoder, required, type StoredColumn } from './stored-rows.ts';
import { storedColumns } from './table-scan.ts';

type LookupJoin = Extract<PhysicalPlan, { kind: 'lookupJoin' }>;

const prepare = prepared((plan: LookupJoin) => {
  const outer = idsOf(plan.outer.output);
  const inner = idsOf(plan.innerColumns);
  const rows = layoutOf(plan.table);
  const index = plan.indexOid === undefined ? undefined : indexOf(plan.table, plan.indexOid);
  const columns = storedColumns(plan.innerColumns, plan.keyColumn);
  const fields = index === undefined ? undefined : columns.map((column) => (column === 'key' ? 0 : entryField(index, column + 1)));
  const isIndexOnly = fields?.every((field) => field !== undefined) ?? false;
  return {
    shape: joinShape(plan, outer, inner),
    keys: plan.keys.map((key) => compileExpression(key, outer)),
    keyParts: (index ?? rows).keyParts,
    space: index === undefined ? plan.table.space : index.index.space,
    rows,
    index,
    columns,
    decoder: new RowDecoder(columns, rows.fieldTypes, rows.missing),
    /** Entry fields for the inner columns, when the entries hold them all. */
    entryFields: isIndexOnly ? (fields ?? []).map((field) => field ?? 0) : undefined,
    keyPosition: plan.keyColumn === undefined ? -1 : inner.indexOf(plan.keyColumn),
    isPoint: index === undefined && plan.keys.length === rows.keyParts.length,
  };
});

type Found = { readonly rows: FlatRows; readonly candidates: Candidates };

export function* lookupJoin(plan: LookupJoin, outer: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { shape, keys, keyParts, space, isPoint } = prepare(plan);
  for (const item of outer) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const vectors = evaluateAll(keys, item, run);
    const prefixes = prefixesOf(vectors, item.rowCount, (values) => keyPrefix(values, space, keyParts));
    const buffer = new RowBuffer(plan.innerColumns.length, run.memory);
    try {
      const { rows, candidates } = isPoint ? pointRows(plan, prefixes, buffer, run) : yield* prefixRows(plan, prefixes, buffer, run);
      yield* matchBatch(shape, item, rows, candidates, undefined, run);
    } finally {
      buffer.release();
    }
    if (run.shouldPause()) yield run.pause();
  }
}

/** `distinct` are the keys asked for in key order; `ofRow[r]` is the one of outer row r, -1 where it has a NULL. */
type Prefixes = { readonly distinct: readonly Key[]; readonly ofRow: Int32Array };

function prefixesOf(vectors: readonly Vector[], rowCount: number, encode: (values: ReturnType<typeof datumAt>[]) => Key): Prefixes {
  const keys: (Key | undefined)[] = new Array(rowCount);
  const distinct = new Set<Key>();
  for (let row = 0; row < rowCount; row++) {
    const values = vectors.map((vector) => datumAt(vector, row));
    if (values.includes(null)) continue;
    const key = encode(values);
    keys[row] = key;
    distinct.add(key);
  }
  const sorted = [...distinct].sort((a, b) => (a < b ? -1 : 1));
  const places = new Map<Key, number>();
  for (let i = 0; i < sorted.length; i++) places.set(sorted[i], i);
  const ofRow = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const key = keys[row];
    ofRow[row] = key === undefined ? -1 : (places.get(key) ?? -1);
  }
  return { distinct: sorted, ofRow };
}

/** Whole primary keys: at most one row each. */
function pointRows(plan: LookupJoin, { distinct, ofRow }: Prefixes, buffer: RowBuffer, run: Run): Found {
  const values = lookUp(run, distinct, readView(run));
  const batch = prepare(plan).decoder.decode(distinct, values);
  if (batch !== undefined) buffer.add(batch);
  const rowOf = new Int32Array(distinct.length);
  let next = 0;
  for (let i = 0; i < distinct.length; i++) rowOf[i] = values[i] === undefined ? -1 : next++;
  return {
    rows: buffer.seal(),
    candidates: candidatesOf(ofRow, (place) => [rowOf[place], rowOf[place] < 0 ? -1 : rowOf[place] + 1], next),
  };
}

/** Prefixes: rows come in key order, so that those of each prefix lie together. */
function* prefixRows(plan: LookupJoin, { distinct, ofRow }: Prefixes, buffer: RowBuffer, run: Run): Generator<Wait, Found, undefined> {
  const { index, rows, columns, decoder, entryFields, keyPosition } = prepare(plan);
  const start = new Int32Array(distinct.length).fill(-1);
  const end = new Int32Array(distinct.length).fill(-1);
  let place = 0;
  let rowCount = 0;
  const read: readonly StoredColumn[] = index === undefined ? columns : (entryFields ?? [0]);
  const scan = run.storage.scan(
    {
      snapshot: run.transaction.snapshot,
      ranges: distinct.map(prefixRange),
      descending: false,
      fieldTypes: (index ?? rows).fieldTypes,
      columns: [...read, 'key'],
      missing: index === undefined ? rows.missing : [],
      filter: undefined,
      limit: undefined,
      overlay: readView(run).overlay,
    },
    run.context,
    run.observed,
  );
  if (distinct.length > 0)
    for (const item of scan) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const entryKeys = rowKeys(item.columns[read.length], item.rowCount);
      for (let row = 0; row < item.rowCount; row++) {
        while (!entryKeys[row].startsWith(distinct[place])) place++;
        if (start[place] < 0) start[place] = rowCount + row;
        end[place] = rowCount + row + 1;
      }
      rowCount += item.rowCount;
      if (index === undefined || entryFields !== undefined) {
        const found = item.columns.slice(0, read.length);
        if (index !== undefined && keyPosition >= 0)
          found[keyPosition] = { values: rowKeys(found[keyPosition], item.rowCount), nulls: undefined, mask: -1 };
        buffer.add({ rowCount: item.rowCount, columns: found });
      } else {
        const named = rowKeys(item.columns[0], item.rowCount);
        const batch = decoder.decode(named, required(lookUp(run, named, readView(run))));
        if (batch !== undefined) buffer.add(batch);
      }
      if (run.shouldPause()) yield run.pause();
    }
  return { rows: buffer.seal(), candidates: candidatesOf(ofRow, (at) => [start[at], end[at]], rowCount) };
}

function candidatesOf(ofRow: Int32Array, range: (place: number) => readonly [number, number], rowCount: number): Candidates {
  const from = new Int32Array(ofRow.length);
  const to = new Int32Array(ofRow.length);
  for (let row = 0; row < ofRow.length; row++) {
    if (ofRow[row] < 0) continue;
    const [first, last] = range(ofRow[row]);
    from[row] = Math.max(first, 0);
    to[row] = Math.max(last, 0);
  }
  const ids = new Int32Array(rowCount);
  for (let i = 0; i < rowCount; i++) ids[i] = i;
  return { from, to, ids };
}
