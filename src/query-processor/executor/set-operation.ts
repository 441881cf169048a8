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
import { FirstRows } from './spill/first-rows.ts';
import { KeyHash } from './spill/key-hash.ts';
import { deepestPartition, Partitions, partitionCount } from './spill/partitions.ts';

type SetOperation = Extract<PhysicalPlan, { kind: 'setOperation' }>;

const prepare = prepared((plan: SetOperation) => ({
  left: picker(plan.leftColumns, idsOf(plan.left.output)),
  right: picker(plan.rightColumns, idsOf(plan.right.output)),
  types: plan.output.map((column) => column.type.oid),
}));

export function* setOperation(plan: SetOperation, left: Rows, right: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const positions = prepare(plan);
  if (plan.operation !== 'union') {
    const match = new SetMatch(plan, run, 0);
    try {
      yield* match.rows(append(left, positions.left), append(right, positions.right));
    } finally {
      match.release();
    }
  } else if (plan.all) {
    yield* append(left, positions.left);
    yield* append(right, positions.right);
  } else yield* union(plan, left, right, run);
}

function* union(plan: SetOperation, left: Rows, right: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { types, left: leftPositions, right: rightPositions } = prepare(plan);
  const first = new FirstRows(types, types, run);
  try {
    for (const rows of [append(left, leftPositions), append(right, rightPositions)])
      for (const item of rows) {
        if (item instanceof Promise) {
          yield item;
          continue;
        }
        const found = first.take(item, item.columns);
        if (found !== undefined) yield found;
        if (run.shouldPause()) yield run.pause();
      }
    yield* first.late(() => undefined);
  } finally {
    run.report?.(plan, first.figures);
    first.release();
  }
}

/**
 * INTERSECT and EXCEPT. When the keys do not fit into work memory, rows of either side whose key is not known wait in files, divided by the hash of
 * the key, and the parts are matched one after the other.
 */
class SetMatch {
  readonly #plan: SetOperation;
  readonly #run: Run;
  readonly #depth: number;
  readonly #numbering: KeyNumbering;
  #numbers = new Int32Array(0);
  #charged = 0;
  #hash: KeyHash | undefined;
  #waiting: { readonly left: Partitions; readonly right: Partitions } | undefined;
  #part: SetMatch | undefined;

  constructor(plan: SetOperation, run: Run, depth: number) {
    this.#plan = plan;
    this.#run = run;
    this.#depth = depth;
    this.#numbering = new KeyNumbering(prepare(plan).types);
  }

  *rows(left: Rows, right: Rows): Generator<Batch | Wait, void, undefined> {
    const run = this.#run;
    const plan = this.#plan;
    /** How often each key occurs on the right; then what is left of it. */
    const counts: number[] = [];
    for (const item of right) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const batch = this.#number(item, true, 'right');
      if (batch !== undefined)
        for (let row = 0; row < batch.rowCount; row++) counts[this.#numbers[row]] = (counts[this.#numbers[row]] ?? 0) + 1;
      if (run.shouldPause()) yield run.pause();
    }
    const keeps = keeper(plan, counts, this.#numbering.size);
    for (const item of left) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      // EXCEPT must tell rows apart that the right side does not have; the others need only be looked up.
      const before = this.#numbering.size;
      const batch = this.#number(item, plan.operation === 'except' && !plan.all, 'left');
      if (batch !== undefined) yield* keep(batch, this.#numbers, keeps(before));
      if (run.shouldPause()) yield run.pause();
    }
    yield* this.#parts();
  }

  /** Numbers the batch's rows; the ones that must wait are not in what is returned. */
  #number(batch: Batch, add: boolean, side: 'left' | 'right'): Batch | undefined {
    if (this.#numbers.length < batch.rowCount) this.#numbers = new Int32Array(batch.rowCount);
    const numbers = this.#numbers;
    if (this.#waiting === undefined) {
      if (add) this.#numbering.number(batch.columns, batch.rowCount, numbers);
      else this.#numbering.find(batch.columns, batch.rowCount, numbers);
      const { bytes } = this.#numbering;
      if (bytes > this.#charged) this.#run.memory.charge(bytes - this.#charged);
      this.#charged = Math.max(this.#charged, bytes);
      if (this.#depth < deepestPartition && this.#run.memory.mustSpill(this.#charged, 'hash')) {
        const { types } = prepare(this.#plan);
        this.#waiting = { left: new Partitions(types, this.#run), right: new Partitions(types, this.#run) };
      }
      return batch;
    }
    this.#numbering.find(batch.columns, batch.rowCount, numbers);
    const known = new Int32Array(batch.rowCount);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) if (numbers[row] >= 0) known[count++] = row;
    if (count === batch.rowCount) return batch;
    this.#hash ??= new KeyHash(prepare(this.#plan).types);
    const partitions = this.#hash.partitions(batch.columns, batch.rowCount, this.#depth);
    for (let i = 0; i < count; i++) partitions[known[i]] = -1;
    this.#waiting[side].add(batch, partitions);
    if (count === 0) return undefined;
    for (let i = 0; i < count; i++) numbers[i] = numbers[known[i]];
    return gatherBatch(batch, known, count);
  }

  *#parts(): Generator<Batch | Wait, void, undefined> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.left.finish();
    waiting.right.finish();
    for (let p = 0; p < partitionCount; p++) {
      if (waiting.left.rowCount(p) === 0) continue;
      const part = new SetMatch(this.#plan, this.#run, this.#depth + 1);
      this.#part = part;
      yield* part.rows(waiting.left.read(p), waiting.right.read(p));
      part.release();
    }
  }

  release(): void {
    this.#part?.release();
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#waiting?.left.release();
    this.#waiting?.right.release();
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
