/**
 * Set operation: UNION, INTERSECT and EXCEPT, as sets or (ALL) as bags: with m equal rows on the left and n on the right
 * UNION ALL has m + n of them, INTERSECT ALL min(m, n), EXCEPT ALL max(m - n, 0).
 */
import { unreachable } from '#base/assert.ts';
import { type Batch, gatherBatch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { KeyNumbering } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';

type SetOperation = Extract<PhysicalPlan, { kind: 'setOperation' }>;

const prepare = prepared((plan: SetOperation) => ({
  left: picker(plan.leftColumns, idsOf(plan.left.output)),
  right: picker(plan.rightColumns, idsOf(plan.right.output)),
  types: plan.output.map((column) => column.type.oid),
}));

export function* setOperation(plan: SetOperation, left: Rows, right: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const positions = prepare(plan);
  if (plan.operation === 'union' && plan.all) {
    yield* append(left, positions.left);
    yield* append(right, positions.right);
    return;
  }
  const numbering = new KeyNumbering(positions.types);
  let numbers = new Int32Array(0);
  let charged = 0;
  const numbersOf = (batch: Batch, add: boolean): Int32Array => {
    if (numbers.length < batch.rowCount) numbers = new Int32Array(batch.rowCount);
    if (add) numbering.number(batch.columns, batch.rowCount, numbers);
    else numbering.find(batch.columns, batch.rowCount, numbers);
    const bytes = numbering.bytes;
    if (bytes > charged) run.memory.charge(bytes - charged);
    charged = Math.max(charged, bytes);
    return numbers;
  };
  try {
    if (plan.operation === 'union') {
      for (const [rows, columns] of [
        [left, positions.left],
        [right, positions.right],
      ] as const)
        for (const item of rows) {
          if (item instanceof Promise) {
            yield item;
            continue;
          }
          const batch = pick(item, columns);
          const before = numbering.size;
          yield* keep(batch, numbersOf(batch, true), unseen(before));
          if (run.shouldPause()) yield run.pause();
        }
      return;
    }
    /** How often each key occurs on the right; then what is left of it. */
    const counts: number[] = [];
    for (const item of right) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const batch = pick(item, positions.right);
      const found = numbersOf(batch, true);
      for (let row = 0; row < batch.rowCount; row++) counts[found[row]] = (counts[found[row]] ?? 0) + 1;
      if (run.shouldPause()) yield run.pause();
    }
    const rightSize = numbering.size;
    const keeps = keeper(plan, counts, rightSize);
    for (const item of left) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const batch = pick(item, positions.left);
      // EXCEPT must tell rows apart that the right side does not have; the others need only be looked up.
      const before = numbering.size;
      const found = numbersOf(batch, plan.operation === 'except' && !plan.all);
      yield* keep(batch, found, keeps(before));
      if (run.shouldPause()) yield run.pause();
    }
  } finally {
    run.memory.release(charged);
  }
}

type Keeps = (number: number) => boolean;

/** True once for each number from `next` on, which come in order. */
function unseen(next: number): Keeps {
  return (number) => {
    if (number !== next) return false;
    next++;
    return true;
  };
}

/** Which left rows are kept, by the number of their key. `before`: the numbers known when the batch began. */
function keeper(plan: SetOperation, counts: number[], rightSize: number): (before: number) => Keeps {
  switch (plan.operation) {
    case 'intersect':
      return () => (number) => {
        if (number < 0 || counts[number] === 0) return false;
        counts[number] = plan.all ? counts[number] - 1 : 0;
        return true;
      };
    case 'except':
      if (!plan.all) return (before) => unseen(Math.max(before, rightSize));
      return () => (number) => {
        if (number < 0 || counts[number] === 0) return true;
        counts[number]--;
        return false;
      };
    case 'union':
      return unseen;
    default:
      return unreachable(plan.operation);
  }
}

function* keep(batch: Batch, numbers: Int32Array, keeps: Keeps): Generator<Batch, void, undefined> {
  const rows = new Int32Array(batch.rowCount);
  let count = 0;
  for (let row = 0; row < batch.rowCount; row++) if (keeps(numbers[row])) rows[count++] = row;
  if (count > 0) yield count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
}

function* append(rows: Rows, positions: readonly number[] | undefined): Generator<Batch | Wait, void, undefined> {
  for (const item of rows) yield item instanceof Promise ? item : pick(item, positions);
}
