/**
 * Environment: what the analysis of a statement is given (AnalyzerEnvironment) and what it keeps while it runs (Analysis): column ids,
 * relations used, where each bound expression stood in the text.
 */

import type { A_Const } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { Settings } from '#sql/settings.ts';
import type { Remark, TypeContext } from '#sql/type.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { FunctionDescriptor, RelationDescriptor, ViewDescriptor } from '../catalog/descriptors.ts';
import { stackDepthExceeded } from '../parser/grammar.ts';
import type { PositionOf } from '../parser/parse.ts';
import { type FindCatalogType, findCatalogType } from './catalog-type.ts';
import type { CurrentOf } from './current-of.ts';
import type { LogicalPlan, OutputColumn } from './logical-plan.ts';
import type { ParameterTypes } from './parameters.ts';
import { newAccess, type RelationAccess } from './relation-access.ts';
import type { RangeItem, RecordShape, Scope } from './scope.ts';
import { StatedQueries } from './stated-query.ts';

export type AnalyzerEnvironment = {
  readonly catalog: Catalog;
  readonly settings: Settings;
  /** For literals, which are read when they are bound. */
  readonly typeContext: TypeContext;
  readonly currentUser: string;
  /** Of a text that the catalog keeps: names in it are not looked for again, and `checkAs` reads what it names (undefined: who runs the statement). */
  readonly stored?: { readonly checkAs: number | undefined } | undefined;
  /** In a SECURITY DEFINER function: whose privileges count. */
  readonly runAs?: number | undefined;
  /** In the body of a function: what its arguments are. */
  readonly functionArguments?: FunctionArguments | undefined;
  /** Inference state of $1, $2, ...: stated types in, inferred types out. One object a statement; undefined: no parameters here. */
  readonly parameterTypes: ParameterTypes | undefined;
  /** Constants of the statement's tree that are to be bound as parameters, with the parameter's number. */
  readonly liftedLiterals?: ReadonlyMap<A_Const, number> | undefined;
  /** The text that positions refer to. */
  readonly statementText: string;
};

/** The arguments of a function whose body is bound: what $n and the names stand for. */
export type FunctionArguments = {
  readonly functionName: string;
  /** Of the input arguments; empty where one has none. */
  readonly names: readonly string[];
  readonly values: readonly Expression[];
};

/** The query that a call of a user's function stands for. */
export type FunctionPlan = {
  readonly plan: LogicalPlan;
  /** Of a function that returns records: their fields. Else the one value. */
  readonly columns: readonly OutputColumn[];
  readonly isRecord: boolean;
  /** Whether the function says what the fields are. */
  readonly hasFields: boolean;
  /** The name of its one OUT argument. */
  readonly resultName: string | undefined;
  readonly returnsSet: boolean;
};

/** A user's function that a statement calls: who runs it must be allowed to. */
export type FunctionAccess = { readonly function: FunctionDescriptor; readonly checkAs: number | undefined };

/** Whose column an id is. */
export type ColumnOwner = {
  readonly scope: Scope;
  /** An input column of the scope, or a value that its aggregation or windows compute. */
  readonly role: 'column' | 'aggregate' | 'grouping' | 'window';
  readonly item: RangeItem | undefined;
  readonly name: string;
  /** The stored column that it is, if any. */
  readonly tableOid?: number;
  readonly attributeNumber?: number;
};

/** Expressions nested deeper than this end with 54001: later stages recurse over them too. */
const depthMax = 1200;

/** What a statement and the views that it expands have in common. */
class SharedState {
  planningError: SqlError | undefined;
  readonly relations = new Set<number>();
  readonly accesses: RelationAccess[] = [];
  readonly owners = new Map<ColumnId, ColumnOwner>();
  readonly shapes = new Map<ColumnId, RecordShape>();
  readonly calls: FunctionAccess[] = [];
  /** Functions whose bodies are being bound. */
  readonly openFunctions = new Set<number>();
  /** Views that are being expanded. */
  readonly openViews = new Set<number>();
  isReadOnly = true;
  currentOf: CurrentOf | undefined = undefined;
  nextColumnId = 1;
  nextCte = 1;
  depth = 0;
}

export class Analysis {
  readonly environment: AnalyzerEnvironment;
  readonly positionOf: PositionOf;
  /** IN lists stay lists of expressions: for texts that will be printed again. */
  keepsLists = false;
  /** Calls of users' functions stay calls: likewise. */
  keepsCalls = false;
  /** What calls of users' functions stand for, for FROM. */
  readonly functionPlans = new WeakMap<Expression, FunctionPlan>();
  /** Fields of the records that calls of such functions give. */
  readonly callShapes = new WeakMap<Expression, RecordShape>();
  readonly #shared: SharedState;
  /** Of a text within the statement's own: a view's, a function's. */
  readonly isInner: boolean;
  #stated: StatedQueries | undefined;
  /** Records that stand for a whole row of an item, for messages. */
  readonly wholeRows = new WeakMap<Expression, RangeItem>();
  /** Items that an outer join may fill with NULLs. */
  readonly nullable = new WeakSet<RangeItem>();
  readonly #locations = new WeakMap<Expression, number>();

  constructor(environment: AnalyzerEnvironment, positionOf: PositionOf, outer?: Analysis) {
    this.environment = environment;
    this.positionOf = positionOf;
    this.isInner = outer !== undefined;
    this.#shared = outer === undefined ? new SharedState() : outer.#shared;
  }

  /** For a text of its own (a view's definition): shares ids and relations, has no positions in the client's text. */
  inner(environment: AnalyzerEnvironment): Analysis {
    return new Analysis(environment, () => undefined, this);
  }

  /** What PostgreSQL finds when it plans: everything that analysis finds comes before it. The first is kept. */
  notePlanningError(error: SqlError): void {
    this.#shared.planningError ??= error;
  }

  get planningError(): SqlError | undefined {
    return this.#shared.planningError;
  }

  /** Oids of the relations whose descriptors the statement depends on. */
  get relations(): Set<number> {
    return this.#shared.relations;
  }

  /** What the statement does with each relation, in the order in which they were named. */
  get accesses(): readonly RelationAccess[] {
    return this.#shared.accesses;
  }

  get calls(): readonly FunctionAccess[] {
    return this.#shared.calls;
  }

  addCall(descriptor: FunctionDescriptor): void {
    this.#shared.relations.add(descriptor.oid);
    this.#shared.calls.push({ function: descriptor, checkAs: this.environment.runAs });
  }

  /** True while the function's body is being bound: another call of it there cannot be bound to the body too. */
  isOpen(descriptor: FunctionDescriptor): boolean {
    return this.#shared.openFunctions.has(descriptor.oid);
  }

  /** Binds a function's body. */
  withinFunction<T>(descriptor: FunctionDescriptor, bind: () => T): T {
    const { openFunctions } = this.#shared;
    this.enter();
    openFunctions.add(descriptor.oid);
    const bound = bind();
    openFunctions.delete(descriptor.oid);
    this.leave();
    return bound;
  }

  addAccess(relation: RelationDescriptor, required: number): RelationAccess {
    const access = newAccess(relation, required, this.environment.stored?.checkAs ?? this.environment.runAs);
    this.#shared.accesses.push(access);
    return access;
  }

  get owners(): Map<ColumnId, ColumnOwner> {
    return this.#shared.owners;
  }

  /** Fields of columns whose type is record. */
  get shapes(): Map<ColumnId, RecordShape> {
    return this.#shared.shapes;
  }

  /** What the statement's queries say, where that is to be printed again. */
  get stated(): StatedQueries | undefined {
    return this.#stated;
  }

  /** From here on what queries say is noted. Texts of their own (views that are read) are not. */
  noteQueries(): StatedQueries {
    this.keepsLists = true;
    this.keepsCalls = true;
    this.#stated ??= new StatedQueries();
    return this.#stated;
  }

  get isReadOnly(): boolean {
    return this.#shared.isReadOnly;
  }

  get currentOf(): CurrentOf | undefined {
    return this.#shared.currentOf;
  }

  set currentOf(currentOf: CurrentOf) {
    this.#shared.currentOf = currentOf;
  }

  noteChange(): void {
    this.#shared.isReadOnly = false;
  }

  /** For type names (type-name.ts). */
  readonly catalogType: FindCatalogType = (schemaName, name) => findCatalogType(this.environment, schemaName, name);

  newColumnId(): ColumnId {
    return this.#shared.nextColumnId++;
  }

  /** Ids below are taken: for expressions over a table's attribute numbers. */
  reserveColumnIds(count: number): void {
    this.#shared.nextColumnId = Math.max(this.#shared.nextColumnId, count + 1);
  }

  get nextColumnId(): ColumnId {
    return this.#shared.nextColumnId;
  }

  newCteId(): number {
    return this.#shared.nextCte++;
  }

  hasSchema(name: string): boolean {
    return this.environment.catalog.schemaByName(name) !== undefined;
  }

  /** For what the client is told beside the answer. */
  get remark(): Remark | undefined {
    return this.environment.typeContext.remark;
  }

  /** Remembers where an expression stands (a location of the tree); errors about it point there. */
  locate<E extends Expression>(expression: E, location: number | undefined): E {
    if (location !== undefined && location >= 0) this.#locations.set(expression, location);
    return expression;
  }

  locationOf(expression: Expression | undefined): number | undefined {
    return expression === undefined ? undefined : this.#locations.get(expression);
  }

  /** The leftmost known location of a node and the first of its parts that has one. */
  leftmost(location: number | undefined, parts: readonly Expression[]): number | undefined {
    const own = location !== undefined && location >= 0 ? location : undefined;
    for (const part of parts) {
      const other = this.#locations.get(part);
      if (other !== undefined) return own === undefined ? other : Math.min(own, other);
    }
    return own;
  }

  error(code: string, message: string, location?: number, fields: { readonly detail?: string; readonly hint?: string } = {}): SqlError {
    return new SqlError(code, message, { ...fields, position: this.positionOf(location) });
  }

  syntaxError(message: string, location?: number): SqlError {
    return this.error(sqlstate.syntaxError, message, location);
  }

  notSupported(message: string, location?: number): SqlError {
    return this.error(sqlstate.featureNotSupported, message, location);
  }

  /** `levels` deeper; `leave` follows (but after an error, which ends the analysis). */
  enter(levels = 1): void {
    this.#shared.depth += levels;
    if (this.#shared.depth > depthMax) throw stackDepthExceeded();
  }

  /** A view that reads itself, by way of others, has no end. */
  enterView(view: ViewDescriptor): void {
    this.enter();
    const { openViews } = this.#shared;
    if (openViews.has(view.oid))
      throw new SqlError(sqlstate.invalidObjectDefinition, `infinite recursion detected in rules for relation "${view.name}"`);
    openViews.add(view.oid);
  }

  leaveView(view: ViewDescriptor): void {
    this.#shared.openViews.delete(view.oid);
    this.leave();
  }

  leave(levels = 1): void {
    this.#shared.depth -= levels;
  }
}
