/**
 * With: common tables.
 *
 * A common table is run when it is first read, only as far as its readers go, and what it gave is kept for all of them. One that changes
 * data is run to its end in any case, after the main query if nobody has read it before. Beyond work memory rows wait in a file, and so do
 * those by which a recursive UNION knows what was there before (spill/seen-rows.ts).
 *
 * A recursive one is run round by round: the recursive term reads the rows that the round before has added (the working table), until a
 * round adds none. With UNION a row that was there before is not added.
 */

import { InvariantError } from '#base/assert.ts';
import type { Batch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, positionsOf, prepared } from './prepared.ts';
import { KeptBatches } from './spill/kept-batches.ts';
import { SeenRows } from './spill/seen-rows.ts';

type With = Extract<PhysicalPlan, { kind: 'with' }>;
type CteScan = Extract<PhysicalPlan, { kind: 'cteScan' }>;
type Execute = (plan: PhysicalPlan) => Rows;

const prepare = prepared((plan: With) => ({
  columns: positionsOf(plan.definitionColumns, idsOf(plan.definition.output)),
  recursiveColumns: plan.recursive === undefined ? [] : positionsOf(plan.recursive.planColumns, idsOf(plan.recursive.plan.output)),
  types: plan.definitionColumns.map((id) => typeOf(plan.definition, id)),
  output: picker(idsOf(plan.output), idsOf(plan.input.output)),
}));

function typeOf(plan: PhysicalPlan, id: number): number {
  const column = plan.output.find((candidate) => candidate.id === id);
  if (column === undefined) throw new InvariantError('a common table has columns of its definition');
  return column.type.oid;
}

export function* withCommonTable(plan: With, execute: Execute, run: Run): Generator<Batch | Wait, void, undefined> {
  const { columns, types, output } = prepare(plan);
  const table = new CommonTable(
    types,
    () => (plan.recursive === undefined ? picked(execute(plan.definition), columns) : recursion(plan, execute, run)),
    run,
  );
  const outside = run.commonTables.get(plan.cte);
  run.commonTables.set(plan.cte, table);
  try {
    for (const item of execute(plan.input)) yield item instanceof Promise ? item : pick(item, output);
    if (plan.modifies) yield* table.finish();
  } finally {
    if (outside === undefined) run.commonTables.delete(plan.cte);
    else run.commonTables.set(plan.cte, outside);
    table.release();
  }
}

export function* cteScan(plan: CteScan, run: Run): Generator<Batch | Wait, void, undefined> {
  const table = run.commonTables.get(plan.cte);
  if (table === undefined) throw new InvariantError('a common table is defined around its readers');
  for (const item of table.batches()) yield item;
}

function* picked(rows: Rows, positions: readonly number[]): Generator<Batch | Wait, void, undefined> {
  for (const item of rows) yield item instanceof Promise ? item : pick(item, positions);
}

class CommonTable {
  readonly #kept: KeptBatches;
  readonly #start: () => Generator<Batch | Wait, void, undefined>;
  readonly #run: Run;
  #source: Generator<Batch | Wait, void, undefined> | undefined;
  #isDone = false;

  constructor(types: readonly number[], start: () => Generator<Batch | Wait, void, undefined>, run: Run) {
    this.#kept = new KeptBatches(types, run);
    this.#start = start;
    this.#run = run;
  }

  /** For one reader: what is there already, then more as it comes. Readers take turns in asking the source. */
  readonly batches = (): Rows => this.#read();

  *#read(): Generator<Batch | Wait, void, undefined> {
    for (let at = 0; ; at++) {
      while (at >= this.#kept.batchCount && !this.#isDone) yield* this.#advance();
      if (at >= this.#kept.batchCount) return;
      yield this.#kept.at(at);
      if (this.#kept.hasSpilled && this.#run.shouldPause()) yield this.#run.pause();
    }
  }

  *finish(): Generator<Wait, void, undefined> {
    while (!this.#isDone) {
      yield* this.#advance();
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
  }

  *#advance(): Generator<Wait, void, undefined> {
    this.#source ??= this.#start();
    // The command tag counts what the statement itself changes, not what its common tables do.
    const counted = this.#run.changedRows;
    const next = this.#source.next();
    this.#run.changedRows = counted;
    if (next.done === true) this.#isDone = true;
    else if (next.value instanceof Promise) yield next.value;
    else this.#kept.add(next.value);
  }

  release(): void {
    if (!this.#isDone) this.#source?.return();
    this.#kept.release();
  }
}

function* recursion(plan: With, execute: Execute, run: Run): Generator<Batch | Wait, void, undefined> {
  const { recursive } = plan;
  if (recursive === undefined) throw new InvariantError('only a recursive common table recurses');
  const { columns, recursiveColumns, types } = prepare(plan);
  const seen = recursive.all ? undefined : new SeenRows(types, run);
  let working = new KeptBatches(types, run);
  let added = new KeptBatches(types, run);

  /** A round's rows: handed on, and kept for the next round. */
  function* round(rows: Rows): Generator<Batch | Wait, void, undefined> {
    yield* addedOf(rows, (batch) => (seen === undefined ? batch : seen.take(batch)));
    if (seen !== undefined) yield* addedOf(seen.late(), (batch) => batch);
  }

  function* addedOf(rows: Rows, fresh: (batch: Batch) => Batch | undefined): Generator<Batch | Wait, void, undefined> {
    for (const item of rows) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const batch = fresh(item);
      if (batch !== undefined) {
        added.add(batch);
        yield batch;
      }
      if (run.shouldPause()) yield run.pause();
    }
  }

  // While the recursive term runs, a scan of the common table means the working table; everybody else reads through the CommonTable.
  const readers = run.commonTables.get(plan.cte);
  try {
    yield* round(picked(execute(plan.definition), columns));
    while (added.rowCount > 0) {
      working.release();
      working = added;
      added = new KeptBatches(types, run);
      const table = working;
      const term = round(picked(execute(recursive.plan), recursiveColumns));
      try {
        for (;;) {
          run.commonTables.set(plan.cte, { batches: () => table.rows() });
          const next = term.next();
          if (readers !== undefined) run.commonTables.set(plan.cte, readers);
          if (next.done === true) break;
          yield next.value;
        }
      } finally {
        term.return();
      }
    }
  } finally {
    if (readers !== undefined) run.commonTables.set(plan.cte, readers);
    working.release();
    added.release();
    seen?.release();
  }
}
