/**
 * Foreign keys, enforced at the end of a statement.
 *
 *   E1  As in PostgreSQL, row events are worked off in rounds, first come first served: of each event first what the foreign keys that
 *       refer to its table do (by their age), then the checks of its table's own. What actions write are the events of the next round.
 *       So order, and with it which of several faults is told, is PostgreSQL's; but what a round asks of storage is asked once, as sets.
 *   E2  NO ACTION is content when another row has the key by now, RESTRICT is not. Neither looks before the statement is over.
 *   E3  A check that must wait for the end of the transaction is kept in deferred-checks.ts.
 *
 * Why two transactions cannot leave an orphan behind, though each only sees its snapshot: a child that is inserted, or made to refer
 * elsewhere, marks its parent's row key `share` (FOR KEY SHARE). A parent that is deleted, or whose key columns change (those of any
 * unique index: row-changes.ts, U2), writes that same row key in mode `write`. The adjudicator lets no two concurrent transactions have
 * these two modes on one key: whichever commits second fails with 40001 (OC000), and run again it sees the other's row. A parent's other
 * columns are written in mode `update`, which `share` does not conflict with. An action writes the child's row, and so conflicts with
 * whoever changes that row beside it. Tables that are looked at are named as used: a foreign key that comes or goes meanwhile is OC001
 * (schema-change/foreign-keys.ts, F3, has the other half).
 */

import type { SqlError } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import type { NonNull } from '#sql/type.ts';
import type { Wait } from '#storage/storage.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import type { Run } from '../operator.ts';
import { statementWrites } from '../statement-writes.ts';
import { lookUp } from '../stored-rows.ts';
import { defaultOf, deleteChildren, updateChildren } from './actions.ts';
import { datumBytesEqual } from './datum-bytes.ts';
import { deferredChecks, type OwedParent } from './deferred-checks.ts';
import { type ForeignKeyPlan, foreignKeyPlan, planOf } from './foreign-key-plan.ts';
import { assignmentCast } from './key-conversion.ts';
import { type ChildRows, findChildren, findParents } from './look-ups.ts';
import { type RowEvent, type RowImage, rowEvents, tablesConcerned } from './row-events.ts';
import { mixedNulls, parentMissing, stillReferenced } from './violations.ts';

/** Hands the statement's changes to the transaction, and sees to it that foreign keys hold or will be checked. */
export function* finishStatement(run: Run): Generator<Wait, void, undefined> {
  const writes = statementWrites(run);
  const tables = tablesConcerned(writes.relations, run.catalog);
  if (tables === undefined) {
    writes.flush(run.transaction);
    return;
  }
  let events = rowEvents(writes, tables, run);
  writes.flush(run.transaction);
  while (events.length > 0) events = yield* new Round(run).work(events);
}

/** What is to be done about one event for one foreign key. */
type Task =
  | {
      readonly kind: 'referenced';
      readonly plan: ForeignKeyPlan;
      readonly event: RowEvent;
      /** The values that the parent had. */
      readonly values: readonly NonNull[];
      readonly matchKey: string;
    }
  | { readonly kind: 'check'; readonly plan: ForeignKeyPlan; readonly after: RowImage; readonly check: ChildCheck };

/** What a child's row asks for. */
export type ChildCheck =
  | { readonly kind: 'none' }
  | { readonly kind: 'mixedNulls' }
  | { readonly kind: 'parent'; readonly childValues: readonly Datum[]; readonly lookUp: Key | undefined };

export function childCheck(plan: ForeignKeyPlan, childValues: readonly Datum[], run: Run): ChildCheck {
  if (childValues.includes(null)) {
    const isMixed = plan.foreignKey.match === 'full' && childValues.some((value) => value !== null);
    return isMixed ? { kind: 'mixedNulls' } : { kind: 'none' };
  }
  const values = plan.converted(childValues, run.context);
  return { kind: 'parent', childValues, lookUp: values === undefined ? undefined : plan.parentLookUp(values) };
}

/** Throws 23503 for the first child whose parent is missing; keeps the parents that are there from going away meanwhile. */
export function checkChildren(plan: ForeignKeyPlan, checks: readonly ChildCheck[], run: Run): void {
  const fault = firstFault(plan, checks, run);
  if (fault !== undefined) throw fault.error;
}

/** The first check that fails, and what is to be told of it. */
function firstFault(
  plan: ForeignKeyPlan,
  checks: readonly ChildCheck[],
  run: Run,
): { readonly at: number; readonly error: SqlError } | undefined {
  const wanted = new Set<Key>();
  for (const check of checks) if (check.kind === 'parent' && check.lookUp !== undefined) wanted.add(check.lookUp);
  const found = new Map<Key, Key | undefined>();
  const keys = [...wanted];
  const parents = findParents(plan, keys, run);
  for (let at = 0; at < keys.length; at++) found.set(keys[at], parents[at]);
  for (const [at, check] of checks.entries()) {
    const error = settle(plan, check, (key) => found.get(key), run);
    if (error !== undefined) return { at, error };
  }
  run.transaction.useRelation(plan.parent.oid, false);
  return undefined;
}

/** What is wrong; a parent that is there is kept from going away. */
function settle(plan: ForeignKeyPlan, check: ChildCheck, parentOf: (key: Key) => Key | undefined, run: Run): SqlError | undefined {
  if (check.kind === 'none') return undefined;
  if (check.kind === 'mixedNulls') return mixedNulls(plan);
  const parent = check.lookUp === undefined ? undefined : parentOf(check.lookUp);
  if (parent === undefined) return parentMissing(plan, check.childValues, run.context);
  run.transaction.mark(parent, 'share');
  return undefined;
}

class Round {
  readonly #run: Run;
  readonly #tasks: Task[] = [];
  /** Children as they were when the round began, and those that its actions have made since. */
  readonly #children = new Map<ForeignKeyPlan, Map<string, ChildRows>>();
  readonly #parents = new Map<ForeignKeyPlan, Map<Key, Key | undefined>>();
  readonly #made: RowEvent[] = [];

  constructor(run: Run) {
    this.#run = run;
  }

  /** The events that this makes. */
  *work(events: readonly RowEvent[]): Generator<Wait, readonly RowEvent[], undefined> {
    for (const event of events) this.#plan(event);
    yield* this.#lookUp();
    let done = 0;
    for (const task of this.#tasks) {
      if (task.kind === 'check') this.#check(task);
      else this.#act(task);
      if (++done % 256 === 0 && this.#run.shouldPause()) yield this.#run.pause();
    }
    return this.#made;
  }

  #plan(event: RowEvent): void {
    const { table, before, after } = event;
    const run = this.#run;
    const deferred = deferredChecks(run.transaction);
    if (before !== undefined)
      for (const { child, foreignKey } of run.catalog.referencesTo(table.oid)) {
        const plan = foreignKeyPlan(foreignKey, child, table, run);
        const old = plan.parentColumns.read(before.row);
        if (after !== undefined && datumBytesEqual(plan.parentColumns.types, old, plan.parentColumns.read(after.row))) continue;
        const matchKey = plan.parentKey(old);
        if (matchKey === undefined) continue;
        const values = old as readonly NonNull[];
        run.transaction.useRelation(child.oid, false);
        const action = after === undefined ? foreignKey.onDelete : foreignKey.onUpdate;
        if (action === 'noAction' && deferred.isDeferred(foreignKey)) deferred.oweParent(foreignKey, child.oid, matchKey, values);
        else this.#tasks.push({ kind: 'referenced', plan, event, values, matchKey });
      }
    if (after === undefined) return;
    for (const foreignKey of table.foreignKeys) {
      const plan = planOf(foreignKey, table, run);
      const values = plan.childColumns.read(after.row);
      const check = childCheck(plan, values, run);
      if (check.kind === 'none') continue;
      // Unchanged, and not owing anything: still as good as before.
      if (before !== undefined && !event.wasOwn && isSame(plan, plan.childColumns.read(before.row), values)) continue;
      if (deferred.isDeferred(foreignKey)) deferred.oweChild(foreignKey, table.oid, after.key);
      else this.#tasks.push({ kind: 'check', plan, after, check });
    }
  }

  *#lookUp(): Generator<Wait, void, undefined> {
    const run = this.#run;
    const referenced = new Map<ForeignKeyPlan, Map<string, readonly NonNull[]>>();
    const wanted = new Map<ForeignKeyPlan, Set<Key>>();
    for (const task of this.#tasks) {
      if (task.kind === 'referenced') setIn(referenced, task.plan, () => new Map()).set(task.matchKey, task.values);
      else if (task.check.kind === 'parent' && task.check.lookUp !== undefined)
        setIn(wanted, task.plan, () => new Set()).add(task.check.lookUp);
    }
    for (const [plan, parents] of referenced) this.#children.set(plan, yield* findChildren(plan, parents, run));
    for (const [plan, set] of wanted) {
      const keys = [...set];
      const found = findParents(plan, keys, run);
      this.#parents.set(plan, new Map(keys.map((key, at) => [key, found[at]])));
      run.transaction.useRelation(plan.parent.oid, false);
    }
  }

  #check({ plan, after, check }: Extract<Task, { kind: 'check' }>): void {
    const run = this.#run;
    // An image that is no more, by what an action has done since, has a successor with an event of its own.
    if (run.transaction.overlay?.get(after.key)?.value !== after.row) return;
    const known = this.#made.length === 0 ? this.#parents.get(plan) : undefined;
    const error = settle(plan, check, (key) => (known === undefined ? findParents(plan, [key], run)[0] : known.get(key)), run);
    if (error !== undefined) throw error;
  }

  #act({ plan, event, values, matchKey }: Extract<Task, { kind: 'referenced' }>): void {
    const { foreignKey, child } = plan;
    const run = this.#run;
    const isDelete = event.after === undefined;
    const action = isDelete ? foreignKey.onDelete : foreignKey.onUpdate;
    switch (action) {
      case 'noAction':
        this.#requireNone(plan, values, matchKey);
        return;
      case 'restrict':
        if (this.#childrenNow(plan, matchKey).length > 0) throw stillReferenced(plan, values, run.context);
        return;
      case 'cascade': {
        const rows = this.#childrenNow(plan, matchKey);
        if (rows.length === 0) return;
        if (event.after === undefined) this.#note(deleteChildren(child, rows, run));
        else this.#note(updateChildren(child, rows, this.#assigned(plan, event.after), run));
        return;
      }
      default: {
        const rows = this.#childrenNow(plan, matchKey);
        if (rows.length === 0) return;
        const columns = (isDelete ? foreignKey.setOnDelete : undefined) ?? foreignKey.attributeNumbers;
        const assigned = new Map<number, Datum>();
        for (const number of columns) assigned.set(number, action === 'setNull' ? null : defaultOf(child, number, run));
        this.#note(updateChildren(child, rows, assigned, run));
        // A default may be the very value that goes: then nothing has changed, and no check of the child would tell.
        if (action === 'setDefault') this.#requireNone(plan, values, matchKey);
      }
    }
  }

  /** The parent's new values, in the child's columns. */
  #assigned({ child, parent, foreignKey, parentColumns }: ForeignKeyPlan, after: RowImage): ReadonlyMap<number, Datum> {
    const run = this.#run;
    const assigned = new Map<number, Datum>();
    parentColumns.read(after.row).forEach((value, at) => {
      const number = foreignKey.attributeNumbers[at];
      const from = parent.columns[foreignKey.parentAttributeNumbers[at] - 1].type;
      const to = child.columns[number - 1].type;
      assigned.set(number, value === null ? null : assignmentCast(from, to, run)(value, run.context));
    });
    return assigned;
  }

  /** E2. */
  #requireNone(plan: ForeignKeyPlan, values: readonly NonNull[], matchKey: string): void {
    const run = this.#run;
    const rows = this.#childrenNow(plan, matchKey);
    if (rows.length > 0 && findParents(plan, [plan.parentLookUp(values)], run)[0] === undefined)
      throw stillReferenced(plan, values, run.context);
  }

  /** Children of a parent's former values, as things are now. */
  #childrenNow(plan: ForeignKeyPlan, matchKey: string): readonly RowImage[] {
    const rows = this.#children.get(plan)?.get(matchKey);
    if (rows === undefined || rows.size === 0) return [];
    const now: RowImage[] = [];
    const { overlay } = this.#run.transaction;
    for (const [key, known] of rows) {
      const own = overlay?.get(key);
      const row = own === undefined ? known : own.value;
      if (row === undefined) continue;
      if (row !== known && plan.childKey(plan.childColumns.read(row), this.#run.context) !== matchKey) continue;
      now.push({ key, row });
    }
    return now;
  }

  /** Rows that an action has changed may be children of what later tasks of the round ask for. */
  #note(events: readonly RowEvent[]): void {
    for (const event of events) this.#made.push(event);
    for (const [plan, rows] of this.#children)
      for (const { table, after } of events) {
        if (after === undefined || table.oid !== plan.child.oid) continue;
        const matchKey = plan.childKey(plan.childColumns.read(after.row), this.#run.context);
        if (matchKey !== undefined) rows.get(matchKey)?.set(after.key, after.row);
      }
  }
}

function setIn<Name, Value>(map: Map<Name, Value>, name: Name, make: () => Value): Value {
  let value = map.get(name);
  if (value === undefined) {
    value = make();
    map.set(name, value);
  }
  return value;
}

/** As the foreign key compares; NULLs are the same as each other. */
function isSame(plan: ForeignKeyPlan, a: readonly Datum[], b: readonly Datum[]): boolean {
  return plan.childColumns.types.every(({ compare }, at) => {
    const left = a[at];
    const right = b[at];
    if (left === null || right === null) return left === right;
    return compare !== undefined && compare(left, right) === 0;
  });
}

/**
 * Makes the checks that the transaction owes to its deferred foreign keys, of all or of those that `isMeant` names, and strikes them off.
 * Throws 23503.
 */
export function* runDeferredChecks(run: Run, isMeant: (constraintOid: number) => boolean = () => true): Generator<Wait, void, undefined> {
  const deferred = deferredChecks(run.transaction);
  let fault: OwedFault | undefined;
  const note = (found: OwedFault | undefined): void => {
    if (found !== undefined && (fault === undefined || found.turn < fault.turn)) fault = found;
  };
  for (const [constraintOid, { childOid, keys }] of deferred.children) {
    if (!isMeant(constraintOid)) continue;
    const plan = planOfConstraint(constraintOid, childOid, run);
    if (plan !== undefined) note(childFault(plan, [...keys], run));
    deferred.children.delete(constraintOid);
    if (run.shouldPause()) yield run.pause();
  }
  for (const [constraintOid, { childOid, keys }] of deferred.parents) {
    if (!isMeant(constraintOid)) continue;
    const plan = planOfConstraint(constraintOid, childOid, run);
    if (plan !== undefined) note(yield* parentFault(plan, keys, run));
    deferred.parents.delete(constraintOid);
  }
  if (fault !== undefined) throw fault.error;
}

/** D4. */
type OwedFault = { readonly turn: number; readonly error: SqlError };

/** Of children's rows, in the order of their turns. */
function childFault(plan: ForeignKeyPlan, owed: readonly (readonly [Key, number])[], run: Run): OwedFault | undefined {
  const rows = lookUp(
    run,
    owed.map(([key]) => key),
  );
  const turns: number[] = [];
  const checks: ChildCheck[] = [];
  for (const [at, row] of rows.entries()) {
    if (row === undefined) continue;
    turns.push(owed[at][1]);
    checks.push(childCheck(plan, plan.childColumns.read(row), run));
  }
  const fault = firstFault(plan, checks, run);
  return fault && { turn: turns[fault.at], error: fault.error };
}

/** undefined: the foreign key has been dropped in the meantime. */
function planOfConstraint(constraintOid: number, childOid: number, run: Run): ForeignKeyPlan | undefined {
  const child: TableDescriptor | undefined = tableOf(childOid, run);
  const foreignKey = child?.foreignKeys.find((entry) => entry.constraintOid === constraintOid);
  return child === undefined || foreignKey === undefined ? undefined : planOf(foreignKey, child, run);
}

function tableOf(oid: number, run: Run): TableDescriptor | undefined {
  const table = run.catalog.relationByOid(oid);
  return table?.kind === 'table' ? table : undefined;
}

/** Keys that parents had: whichever is nobody's now must have no children. */
function* parentFault(
  plan: ForeignKeyPlan,
  keys: ReadonlyMap<string, OwedParent>,
  run: Run,
): Generator<Wait, OwedFault | undefined, undefined> {
  const asked = [...keys];
  const parents = findParents(
    plan,
    asked.map(([, { values }]) => plan.parentLookUp(values)),
    run,
  );
  const gone = asked.filter((_, at) => parents[at] === undefined);
  if (gone.length === 0) return undefined;
  const children = yield* findChildren(plan, new Map(gone.map(([matchKey, { values }]) => [matchKey, values])), run);
  for (const [matchKey, { values, turn }] of gone)
    if ((children.get(matchKey)?.size ?? 0) > 0) return { turn, error: stillReferenced(plan, values, run.context) };
  return undefined;
}
