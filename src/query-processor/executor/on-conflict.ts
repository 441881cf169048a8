/**
 * On conflict: what INSERT does with a row whose key is taken in an arbiter index: nothing, or an update of the row that holds the key.
 *
 *   C1  A row that the command itself has inserted or updated is not updated again (21000).
 *   C2  The rows to be updated are those of the snapshot (or of earlier statements), so that a batch's new values can be computed
 *       together; whether a key is taken is asked row by row, since earlier rows of the batch count.
 */
import { InvariantError } from '#base/assert.ts';
import { datumAt, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression, compilePredicate } from '#sql/evaluate/compile.ts';
import type { Key } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { decodeRow } from '#sql/row.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { OnConflict } from '../analyzer/logical-plan.ts';
import { rowKeyOf } from '../catalog/table-layout.ts';
import { affectedTwice } from './constraint-errors.ts';
import type { Run } from './operator.ts';
import { idsOf } from './prepared.ts';
import { gatherWithNulls } from './row-buffer.ts';
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

export type ConflictAction = {
  /** The row in the way of new row `row`, as things are now. */
  readonly find: (row: number) => ConflictRow | undefined;
  /** Does what the clause says; the updated row's stored fields, undefined when nothing was changed. */
  readonly resolve: (row: number, found: ConflictRow) => readonly Datum[] | undefined;
};

export type PreparedConflict = {
  readonly start: (images: RowImages, vectors: RowVectors, keys: readonly Key[], holders: KeyHolders, run: Run) => ConflictAction;
};

const entryRowKeyType = [typeByOid(oid.bytea)];

export function prepareConflict(clause: OnConflict, table: MaintainedTable, rules: RowRules): PreparedConflict {
  const isArbiter = (indexOid: number): boolean => clause.arbiters.length === 0 || clause.arbiters.includes(indexOid);
  const primaryKeyOid = table.table.primaryKey?.indexOid;
  const usesPrimaryKey = primaryKeyOid !== undefined && isArbiter(primaryKeyOid);
  const arbiters = table.indexes.flatMap((item, at) => (item.index.isUnique && isArbiter(item.index.oid) ? [at] : []));
  const update = clause.action.kind === 'update' ? prepareUpdate(clause.action, table, rules) : undefined;

  return {
    start(images, vectors, keys, holders, run) {
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
      if (update === undefined) return { find, resolve: () => undefined };

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
        const updates = update(rows, existing, vectors, run);
        for (let at = 0; at < rows.length; at++) planned.set(rows[at], { key: existing[at], updates, at });
      }
      return {
        find,
        resolve(row, found) {
          if (found.isOwn) throw affectedTwice();
          let plan = planned.get(row);
          if (plan === undefined || plan.key !== found.key)
            plan = { key: found.key, updates: update([row], [found.key], vectors, run), at: 0 };
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

function prepareUpdate(action: Extract<OnConflict['action'], { kind: 'update' }>, table: MaintainedTable, rules: RowRules) {
  const ids = [...idsOf(action.existing), ...idsOf(action.excluded)];
  const assignments = action.assignments.map(({ attributeNumber, expression }) => ({
    attributeNumber,
    evaluate: compileExpression(expression, ids),
  }));
  const where = action.where === undefined ? undefined : compilePredicate(action.where, ids);
  const change = changedKeyColumns(table, [
    ...assignments.map((assignment) => assignment.attributeNumber),
    ...rules.generated.map((item) => item.attributeNumber),
  ]);

  return (rows: readonly number[], existing: readonly Key[], excluded: RowVectors, run: Run): Updates => {
    const rowCount = rows.length;
    const oldFields = required(lookUp(run, existing)).map((value) => table.layout.decode(value));
    const oldVectors: Vector[] = table.table.columns.map((_, field) => vectorOf(oldFields.map((row) => row[field])));
    const places = Int32Array.from(rows);
    const excludedVectors = excluded.map((vector) => gatherWithNulls(vector, places, 0, rowCount));
    const batch = {
      rowCount,
      columns: [...batchOf(oldVectors, action.existing, rowCount).columns, ...batchOf(excludedVectors, action.excluded, rowCount).columns],
    };
    const isWanted = new Uint8Array(rowCount);
    if (where === undefined) isWanted.fill(1);
    else {
      const selected = where(batch, run.context);
      for (let i = 0; i < selected.count; i++) isWanted[selected.rows[i]] = 1;
    }
    const newVectors = [...oldVectors];
    for (const { attributeNumber, evaluate } of assignments) newVectors[attributeNumber - 1] = evaluate(batch, run.context);
    return updatesOf({ table, rules, change, existing, oldFields, oldVectors, newVectors, isWanted, run });
  };
}

function updatesOf(input: {
  readonly table: MaintainedTable;
  readonly rules: RowRules;
  readonly change: KeyChange;
  readonly existing: readonly Key[];
  readonly oldFields: readonly (readonly Datum[])[];
  readonly oldVectors: RowVectors;
  readonly newVectors: Vector[];
  readonly isWanted: Uint8Array;
  readonly run: Run;
}): Updates {
  const { table, rules, change, existing, oldFields, oldVectors, newVectors, isWanted, run } = input;
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
      if (isWanted[at] === 0) return undefined;
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
