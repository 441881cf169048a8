/**
 * On conflict: what INSERT does with a row whose key is taken in an arbiter index: nothing, or an update of the row that holds the key.
 *
 *   C1  A row that the command itself has inserted or updated is not updated again (21000).
 *   C2  The rows to be updated are those of the snapshot (or of earlier statements), so that a batch's new values can be computed
 *       together; whether a key is taken is asked row by row, since earlier rows of the batch count.
 */
import { assert, InvariantError } from '#base/assert.ts';
import { type Batch, datumAt, gather, gatherBatch, toDatums, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression, compilePredicate } from '#sql/evaluate/compile.ts';
import type { Key } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { decodeRow } from '#sql/row.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Wait } from '#storage/storage.ts';
import type { OnConflict } from '../analyzer/logical-plan.ts';
import { rowKeyOf } from '../catalog/table-layout.ts';
import type { ConflictQueries, PhysicalPlan } from '../planner/physical-plan.ts';
import { affectedTwice } from './constraint-errors.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf } from './prepared.ts';
import { collect, gatherWithNulls, RowBuffer } from './row-buffer.ts';
import { type KeyHolders, replaceRow } from './row-changes.ts';
import {
  applyRules,
  batchOf,
  fieldsOf,
  imagesOf,
  type MaintainedTable,
  type RowImages,
  type RowRules,
  type RowVectors,
  type Violation,
} from './row-images.ts';
import { lookUp, required } from './stored-rows.ts';
import { changedKeyColumns, type KeyChange } from './update.ts';

/** The row that holds a key which a new row would take. `isOwn`: written by this very command. */
export type ConflictRow = { readonly key: Key; readonly isOwn: boolean };

type Execute = (plan: PhysicalPlan) => Rows;

export type ConflictAction = {
  /** The row in the way of new row `row`, as things are now. */
  readonly find: (row: number) => ConflictRow | undefined;
  /** To be run before \`resolve\` when it is there: the row in the way is not the one that stood there when the statement began. */
  readonly prepare: (row: number, found: ConflictRow) => Generator<Wait, void, undefined> | undefined;
  /** Does what the clause says; the updated row's stored fields, undefined when nothing was changed. */
  readonly resolve: (row: number, found: ConflictRow) => readonly Datum[] | undefined;
};

export type PreparedConflict = {
  readonly start: (
    images: RowImages,
    vectors: RowVectors,
    keys: readonly Key[],
    holders: KeyHolders,
    run: Run,
    /** Runs the plan of the clause's subqueries. */
    execute: Execute,
  ) => Generator<Wait, ConflictAction, undefined>;
};

const entryRowKeyType = [typeByOid(oid.bytea)];

export function prepareConflict(
  clause: OnConflict,
  queries: ConflictQueries | undefined,
  table: MaintainedTable,
  rules: RowRules,
): PreparedConflict {
  const isArbiter = (indexOid: number): boolean => clause.arbiters.length === 0 || clause.arbiters.includes(indexOid);
  const primaryKeyOid = table.table.primaryKey?.indexOid;
  const usesPrimaryKey = primaryKeyOid !== undefined && isArbiter(primaryKeyOid);
  const arbiters = table.indexes.flatMap((item, at) => (item.index.isUnique && isArbiter(item.index.oid) ? [at] : []));
  const update = clause.action.kind === 'update' ? prepareUpdate(clause.action, queries, table, rules) : undefined;

  return {
    *start(images, vectors, keys, holders, run, execute) {
      const holderOf = (key: Key, isEntry: boolean, read: (key: Key) => Uint8Array | undefined): Key | undefined => {
        const value = read(key);
        if (value === undefined) return undefined;
        return isEntry ? rowKeyOfEntry(value) : key;
      };
      const findWith = (row: number, read: (key: Key) => Uint8Array | undefined): Key | undefined => {
        if (usesPrimaryKey) {
          const holder = holderOf(keys[row], false, read);
          if (holder !== undefined) return holder;
        }
        for (const at of arbiters) {
          const entry = images.entries[at]?.[row];
          if (entry?.mode !== 'write') continue;
          const holder = holderOf(entry.key, true, read);
          if (holder !== undefined) return holder;
        }
        return undefined;
      };
      const find = (row: number): ConflictRow | undefined => {
        const key = findWith(row, (wanted) => holders.now(wanted));
        return key === undefined ? undefined : { key, isOwn: holders.isOwn(key) };
      };
      if (update === undefined) return { find, prepare: () => undefined, resolve: () => undefined };

      // C2: new values for all rows whose keys were taken when the statement began.
      const rows: number[] = [];
      const existing: Key[] = [];
      for (let row = 0; row < images.rowCount; row++) {
        const key = findWith(row, (wanted) => holders.before(wanted));
        if (key === undefined || holders.isOwn(key)) continue;
        rows.push(row);
        existing.push(key);
      }
      const planned = new Map<number, { readonly key: Key; readonly updates: Updates; readonly at: number }>();
      if (rows.length > 0) {
        const updates = yield* update(rows, existing, vectors, run, execute);
        for (let at = 0; at < rows.length; at++) planned.set(rows[at], { key: existing[at], updates, at });
      }
      const replan = function* (row: number, key: Key): Generator<Wait, void, undefined> {
        planned.set(row, { key, updates: yield* update([row], [key], vectors, run, execute), at: 0 });
      };
      return {
        find,
        prepare: (row, found) => (found.isOwn || planned.get(row)?.key === found.key ? undefined : replan(row, found.key)),
        resolve(row, found) {
          if (found.isOwn) throw affectedTwice();
          const plan = planned.get(row);
          assert(plan?.key === found.key, 'the update of the row in the way is prepared');
          return plan.updates.apply(plan.at, holders);
        },
      };
    },
  };
}

function rowKeyOfEntry(value: Uint8Array): Key {
  const [rowKey] = decodeRow(entryRowKeyType, value);
  if (rowKey === null) throw new InvariantError('an index entry holds its row key');
  return rowKeyOf(rowKey);
}

/** New images of existing rows. */
type Updates = { readonly apply: (at: number, holders: KeyHolders) => readonly Datum[] | undefined };

function prepareUpdate(
  action: Extract<OnConflict['action'], { kind: 'update' }>,
  queries: ConflictQueries | undefined,
  table: MaintainedTable,
  rules: RowRules,
) {
  const pairIds = [...idsOf(action.existing), ...idsOf(action.excluded)];
  const ids = queries === undefined ? pairIds : idsOf(queries.plan.output);
  const rowNumberAt = queries === undefined ? -1 : ids.indexOf(queries.rowNumber);
  const assignments = action.assignments.map(({ attributeNumber, expression }) => ({
    attributeNumber,
    evaluate: compileExpression(expression, ids),
  }));
  const where = action.where === undefined ? undefined : compilePredicate(action.where, ids);
  const change = changedKeyColumns(table, [
    ...assignments.map((assignment) => assignment.attributeNumber),
    ...rules.generated.map((item) => item.attributeNumber),
  ]);

  return function* (
    rows: readonly number[],
    existing: readonly Key[],
    excluded: RowVectors,
    run: Run,
    execute: Execute,
  ): Generator<Wait, Updates, undefined> {
    const stored = required(lookUp(run, existing)).map((value) => table.layout.decode(value));
    const pairCount = rows.length;
    const storedVectors: Vector[] = table.table.columns.map((_, field) => vectorOf(stored.map((row) => row[field])));
    const sources = Int32Array.from(rows);
    const excludedVectors = excluded.map((vector) => gatherWithNulls(vector, sources, 0, pairCount));
    const pairs: Batch = {
      rowCount: pairCount,
      columns: [
        ...batchOf(storedVectors, action.existing, pairCount).columns,
        ...batchOf(excludedVectors, action.excluded, pairCount).columns,
      ],
    };
    // Assignments are evaluated for the rows alone that WHERE lets through.
    let batch = pairs;
    let wanted: readonly number[] | undefined;
    if (queries !== undefined) {
      batch = yield* answersOf(queries, pairs, run, execute);
      wanted = toDatums(batch.columns[rowNumberAt], batch.rowCount).map(Number);
    } else if (where !== undefined) {
      const selected = where(pairs, run.context);
      wanted = [...selected.rows.subarray(0, selected.count)];
      batch = gatherBatch(pairs, wanted, wanted.length);
    }
    const only = wanted;
    const oldFields = only === undefined ? stored : only.map((row) => stored[row]);
    const oldVectors = only === undefined ? storedVectors : storedVectors.map((vector) => gather(vector, only, only.length));
    const newVectors = [...oldVectors];
    for (const { attributeNumber, evaluate } of assignments) newVectors[attributeNumber - 1] = evaluate(batch, run.context);
    const keys = only === undefined ? existing : only.map((row) => existing[row]);
    const updates = updatesOf({ table, rules, change, existing: keys, oldFields, oldVectors, newVectors, run });
    if (only === undefined) return updates;
    const places = new Map(only.map((row, at) => [row, at]));
    return {
      apply(at, holders) {
        const place = places.get(at);
        return place === undefined ? undefined : updates.apply(place, holders);
      },
    };
  };
}

/** The pairs that are to be updated, with what the clause's subqueries answer for them. */
function* answersOf(queries: ConflictQueries, pairs: Batch, run: Run, execute: Execute): Generator<Wait, Batch, undefined> {
  const numbers = Int32Array.from({ length: pairs.rowCount }, (_, row) => row);
  const numbered: Batch = {
    rowCount: pairs.rowCount,
    columns: [...pairs.columns, { values: numbers, nulls: undefined, mask: -1 }],
  };
  const answers = new RowBuffer(queries.plan.output.length, run.memory);
  run.commonTables.set(queries.cte, { batches: () => [numbered] });
  try {
    yield* collect(execute(queries.plan), answers, run);
    return answers.seal();
  } finally {
    run.commonTables.delete(queries.cte);
    answers.release();
  }
}

function updatesOf(input: {
  readonly table: MaintainedTable;
  readonly rules: RowRules;
  readonly change: KeyChange;
  readonly existing: readonly Key[];
  readonly oldFields: readonly (readonly Datum[])[];
  readonly oldVectors: RowVectors;
  readonly newVectors: Vector[];
  readonly run: Run;
}): Updates {
  const { table, rules, change, existing, oldFields, oldVectors, newVectors, run } = input;
  const rowCount = existing.length;
  const violations = violationsOf(rules, newVectors, rowCount, run);
  const newFields = fieldsOf(newVectors, rowCount);
  const newKeys = existing.map((key, at) =>
    change.movesRows && violations[at] === undefined ? table.layout.rowKey(newFields[at], run.context.random) : key,
  );
  const oldImages = imagesOf(table, oldVectors, oldFields, existing, change.touches, run);
  const newImages = imagesOf(table, newVectors, newFields, newKeys, change.touches, run);
  return {
    apply(at, holders) {
      const violation = violations[at];
      if (violation !== undefined) throw violation.error();
      replaceRow(
        table,
        { images: oldImages, row: at, key: existing[at] },
        { images: newImages, row: at, key: newKeys[at], value: table.layout.encode(newFields[at]) },
        change.isKeyChange(oldFields[at], newFields[at]),
        holders,
        run,
      );
      return newFields[at];
    },
  };
}

/** Each row's own violation: rows are written in an order that is not known here, and some not at all. */
function violationsOf(rules: RowRules, vectors: Vector[], rowCount: number, run: Run): (Violation | undefined)[] {
  const violations: (Violation | undefined)[] = new Array(rowCount).fill(undefined);
  if (applyRules(rules, vectors, rowCount, run) === undefined) return violations;
  for (let row = 0; row < rowCount; row++) {
    const single = vectors.map((vector) => vectorOf([datumAt(vector, row)]));
    violations[row] = applyRules(rules, single, 1, run);
  }
  return violations;
}
