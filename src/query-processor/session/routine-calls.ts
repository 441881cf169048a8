/**
 * Routine calls: runs the statements of users' functions whose calls are not replaced by what their bodies say (analyzer/function-call.ts).
 *
 *   L1  A statement of a volatile function sees what the ones before it have changed; one of any other sees what its caller sees.
 *   L2  Plans are kept by function and types of arguments, as long as catalog, settings and statistics are those that they were made with.
 *   L3  All statements are run to their end, but for a last SELECT of which only the first row counts.
 *   L4  Calls within calls end with 54001 at a depth that the stack bears, or where it bears no more.
 *
 * The statement that calls does not see what its functions change (executor/operator.ts, `frozen`), and they do not see what it has changed
 * so far itself; there PostgreSQL's volatile functions see the rows that are written already.
 */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, constantVector, sliceBatch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { FunctionCall, RoutineForm } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { Wait } from '#storage/storage.ts';
import type { BoundQuery } from '../analyzer/logical-plan.ts';
import { bindRoutine } from '../analyzer/routine.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { inContext } from '../executor/error-context.ts';
import { execute } from '../executor/execute.ts';
import type { Rows } from '../executor/operator.ts';
import { KeptBatches } from '../executor/spill/kept-batches.ts';
import { stackDepthExceeded } from '../parser/grammar.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { planQuery } from '../planner/plan.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { type CallingRun, NestedRun } from './nested-run.ts';
import { analyzerEnvironment, type Compilation, plannerEnvironment } from './prepared-statement.ts';

/** What calls need of the session. */
export type RoutineHost = {
  readonly compilation: Compilation;
  readonly transaction: Transaction;
  /** A statement of a function begins: it must be allowed to, and what it uses and changes is noted. */
  beginRoutineStatement(bound: BoundQuery): void;
};

/** Measured: the stack (984 KiB) bears some 250 calls of a function of one simple SELECT that calls itself. */
const depthMax = 128;

/** Functions of larger statements need more of the stack. */
const isStackOverflow = (error: unknown): boolean => error instanceof RangeError && error.message.includes('call stack');

type RoutineStatement = { readonly bound: BoundQuery; plan: PhysicalPlan | undefined };

type Compiled = {
  readonly catalog: LoadedCatalog;
  readonly settingsVersion: number;
  readonly statisticsVersion: number;
  readonly user: string;
  readonly statements: readonly RoutineStatement[];
};

export class RoutineCalls {
  readonly #host: RoutineHost;
  readonly #compiled = new WeakMap<FunctionDescriptor, Map<string, Compiled>>();

  constructor(host: RoutineHost) {
    this.#host = host;
  }

  readonly call = (call: FunctionCall, args: readonly Datum[], caller: CallingRun): Rows => {
    const { form } = call;
    const descriptor = caller.catalog.functionByOid(call.function);
    if (form.kind !== 'routine') throw new InvariantError("only users' functions are run by themselves");
    if (descriptor === undefined) throw new SqlError(sqlstate.undefinedFunction, `cache lookup failed for function ${call.function}`);
    if (descriptor.isStrict && args.includes(null)) return [];
    if (caller.depth >= depthMax) throw stackDepthExceeded();
    return this.#run(descriptor, call, form, args, caller);
  };

  *#run(
    descriptor: FunctionDescriptor,
    call: FunctionCall,
    form: RoutineForm,
    args: readonly Datum[],
    caller: CallingRun,
  ): Generator<Batch | Wait, void, undefined> {
    const { statements } = this.#compile(descriptor, call, form);
    const isVoid = call.type.oid === oid.void;
    for (const [at, statement] of statements.entries()) {
      const run = form.isVolatile
        ? new NestedRun(caller, this.#host.transaction, undefined, args, this.call)
        : new NestedRun(caller, caller.transaction, caller.frozen, args, this.call);
      const isResult = !isVoid && at === statements.length - 1;
      try {
        this.#host.beginRoutineStatement(statement.bound);
        statement.plan ??= planQuery(statement.bound, plannerEnvironment(this.#host.compilation));
        const rows = execute(statement.plan, run);
        if (!isResult) yield* toEnd(rows, run);
        else if (descriptor.returnsSet) yield* allRows(statement.plan, rows, run);
        else yield* firstRow(rows, !statement.bound.isReadOnly);
      } catch (error) {
        throw inContext(isStackOverflow(error) ? stackDepthExceeded() : error, `SQL function "${descriptor.name}" statement ${at + 1}`);
      }
      if (run.shouldPause()) yield run.pause();
    }
    if (isVoid && !descriptor.returnsSet) yield { rowCount: 1, columns: [constantVector(null)] };
  }

  /** L2 */
  #compile(descriptor: FunctionDescriptor, call: FunctionCall, form: RoutineForm): Compiled {
    const { compilation } = this.#host;
    const { catalog, settings, storage, user } = compilation;
    let ways = this.#compiled.get(descriptor);
    if (ways === undefined) {
      ways = new Map();
      this.#compiled.set(descriptor, ways);
    }
    const key = `${call.args.map(({ type }) => type.oid).join()} ${call.type.oid} ${form.runAs ?? ''} ${form.searchPath.join('\n')}`;
    const known = ways.get(key);
    if (
      known !== undefined &&
      known.catalog === catalog &&
      known.settingsVersion === settings.version &&
      known.statisticsVersion === storage.statisticsVersion &&
      known.user === user
    )
      return known;
    const environment = analyzerEnvironment(compilation, descriptor.source, undefined);
    const statements = bindRoutine(
      {
        ...environment,
        settings: { ...environment.settings, searchPath: form.searchPath },
        currentUser: form.runAs === undefined ? user : (catalog.roleByOid(form.runAs)?.name ?? ''),
        runAs: form.runAs,
      },
      descriptor,
      call.args.map(({ type }) => type),
      call.type.oid,
    ).map((bound): RoutineStatement => ({ bound, plan: undefined }));
    const compiled: Compiled = {
      catalog,
      settingsVersion: settings.version,
      statisticsVersion: storage.statisticsVersion,
      user,
      statements,
    };
    ways.set(key, compiled);
    return compiled;
  }
}

function* toEnd(rows: Rows, run: CallingRun): Generator<Wait, void, undefined> {
  for (const item of rows) {
    if (item instanceof Promise) yield item;
    else if (run.shouldPause()) yield run.pause();
  }
}

function* firstRow(rows: Rows, readsToEnd: boolean): Generator<Batch | Wait, void, undefined> {
  let first: Batch | undefined;
  for (const item of rows) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    first ??= sliceBatch(item, 0, 1);
    if (!readsToEnd) break;
  }
  if (first !== undefined) yield first;
}

/** Kept first: the function's statements are over before its caller goes on with what they have given. */
function* allRows(plan: PhysicalPlan, rows: Rows, run: CallingRun): Generator<Batch | Wait, void, undefined> {
  const kept = new KeptBatches(
    plan.output.map(({ type }) => type.oid),
    run,
  );
  try {
    yield* kept.collect(rows);
    yield* kept.rows();
  } finally {
    kept.release();
  }
}
