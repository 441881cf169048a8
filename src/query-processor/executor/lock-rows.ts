/**
 * Lock rows: FOR UPDATE and its weaker forms. Nothing is locked: the rows' keys are marked, and whoever changes one of them meanwhile
 * makes this transaction's commit, or is made by it, to fail (dsql-behaviour 6.4).
 *
 * FOR SHARE is marked like FOR UPDATE: no weaker mode keeps non-key updates out.
 */
import { unreachable } from '#base/assert.ts';
import { type Batch, datumAt, sliceBatch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { RowLock } from '../analyzer/logical-plan.ts';
import { rowKeyOf } from '../catalog/table-layout.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, positionsOf, prepared } from './prepared.ts';

type LockRows = Extract<PhysicalPlan, { kind: 'lockRows' }>;

function modeOf(strength: RowLock['strength']): 'write' | 'share' {
  switch (strength) {
    case 'update':
    case 'noKeyUpdate':
    case 'share':
      return 'write';
    case 'keyShare':
      return 'share';
    default:
      return unreachable(strength);
  }
}

const prepare = prepared((plan: LockRows) => {
  const input = idsOf(plan.input.output);
  return {
    locks: plan.locks.map((lock) => ({
      position: positionsOf([lock.keyColumn], input)[0],
      mode: modeOf(lock.strength),
      tableOid: lock.table.oid,
    })),
    positions: picker(idsOf(plan.output), input),
  };
});

/**
 * Takes and locks no more than `rowLimit` rows, and of those no more than are asked for now: what a LIMIT above will not hand out, or a
 * FETCH has not come to, is not locked.
 */
export function* lockRows(plan: LockRows, input: Rows, rowLimit: number, run: Run): Generator<Batch | Wait, void, undefined> {
  const { locks, positions } = prepare(plan);
  const { transaction } = run;
  let left = rowLimit;
  if (left <= 0) return;
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    for (let rest: Batch | undefined = item; rest !== undefined && left > 0; ) {
      const count = Math.min(rest.rowCount, left, Math.max(1, run.rowsWanted ?? rest.rowCount));
      const batch = count < rest.rowCount ? sliceBatch(rest, 0, count) : rest;
      rest = count < rest.rowCount ? sliceBatch(rest, count, rest.rowCount) : undefined;
      left -= count;
      for (const { position, mode, tableOid } of locks) {
        let locked = 0;
        for (let row = 0; row < batch.rowCount; row++) {
          const key = datumAt(batch.columns[position], row);
          if (key === null) continue;
          transaction.mark(rowKeyOf(key), mode);
          locked++;
        }
        if (locked > 0) transaction.useRelation(tableOid, false);
        if (locked > 0 && mode === 'write') transaction.countRows(locked);
      }
      yield pick(batch, positions);
    }
    if (left === 0) return;
    if (run.shouldPause()) yield run.pause();
  }
}
