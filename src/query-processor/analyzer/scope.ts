/**
 * Scope: what names mean at one query level. It holds the range table (everything in FROM), the part of it that is visible right now
 * (the namespace), the common tables, and what the level's expressions have asked for (aggregates, windows). A subquery's scope has
 * its outer query's as parent.
 *
 * Names are looked up as PostgreSQL's parse_relation.c does, errors and hints included (`name-errors.ts`).
 */
import { sqlstate } from '#base/sql-error.ts';
import type { AggregateCall, ColumnId, Expression, WindowCall } from '#sql/expression.ts';
import type { TypeRef } from '#sql/type.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { Analysis } from './environment.ts';
import type { ExpressionKind } from './expression-kind.ts';
import type { OutputColumn, WindowSpecification } from './logical-plan.ts';
import { missingColumn, missingRelation } from './name-errors.ts';
import { type ColumnAccess, noteRead, type RelationAccess } from './relation-access.ts';
import type { LockingClauses } from './select.ts';
import type { StatedCommonTable } from './stated-query.ts';
import type { NamedWindow } from './window.ts';

/** Names and types of a record's fields. */
export type RecordShape = { readonly names: readonly string[]; readonly types: readonly TypeRef[] };

export type RangeColumn = {
  readonly name: string;
  /** A column, or for columns merged by USING over different sides an expression over columns. */
  readonly expression: Expression;
  readonly tableOid: number;
  readonly attributeNumber: number;
  /** Of a column that a relation itself has: reading it is noted there. */
  readonly access?: ColumnAccess;
  /** Not part of what `*` stands for. */
  readonly isLeftOutOfStar?: boolean;
};

/** One entry of the range table. */
export type RangeItem = {
  readonly kind: 'relation' | 'subquery' | 'function' | 'join' | 'values' | 'cte';
  /** Alias, or the relation's own name. */
  readonly name: string;
  readonly hasAlias: boolean;
  readonly table: TableDescriptor | undefined;
  /** The relation whose row type its rows have. */
  readonly relationOid?: number;
  /** Of a view, whose descriptor is no table's. */
  readonly schemaName?: string;
  readonly columns: readonly RangeColumn[];
  /** A function that returns one column of a scalar type: naming the item means that column. */
  readonly isScalar: boolean;
  /** Makes the row's key an output of the item's scan, for locks and changes; of a subquery a column that tells whether the row is there. */
  readonly takeKeyColumn: (() => ColumnId) | undefined;
  /** Of a relation. */
  readonly access?: RelationAccess;
};

/** An item as it is visible. */
export type NamespaceEntry = {
  readonly item: RangeItem;
  /** item.* and item.column are allowed. */
  readonly isRelationVisible: boolean;
  /** Its columns can be named alone. */
  readonly areColumnsVisible: boolean;
  lateralOnly: boolean;
  lateralOk: boolean;
};

export type CommonTableEntry = {
  readonly id: number;
  readonly name: string;
  readonly columns: readonly (Omit<OutputColumn, 'id'> & { readonly shape: RecordShape | undefined })[];
  /** Columns that SEARCH and CYCLE have added: `*` within the common table itself leaves them out. */
  readonly added: ReadonlySet<string>;
  referenceCount: number;
  /** Its recursive term is being bound: a reference is the rows of the last round. */
  isRecursing: boolean;
  /** A data change without RETURNING. */
  readonly hasNoResult: boolean;
};

export type ScopeAggregate = { readonly id: ColumnId; readonly call: AggregateCall; readonly location: number | undefined };
export type ScopeGrouping = {
  readonly id: ColumnId;
  readonly args: readonly Expression[];
  /** It stands in a subquery. */
  readonly isFromBelow: boolean;
  readonly location: number | undefined;
};
export type ScopeWindowCall = { readonly id: ColumnId; readonly call: WindowCall };

export class Scope {
  readonly analysis: Analysis;
  readonly parent: Scope | undefined;
  /** Only there to be the parent of a whole statement. */
  isRoot = false;
  kind: ExpressionKind = 'target';
  namespace: NamespaceEntry[] = [];
  readonly rangeTable: RangeItem[] = [];
  readonly commonTables = new Map<string, CommonTableEntry>();
  /** Names that a WITH clause defines later: for the hint. */
  readonly futureCommonTables = new Set<string>();
  isLateralActive = false;
  readonly aggregates: ScopeAggregate[] = [];
  readonly groupings: ScopeGrouping[] = [];
  readonly windowCalls: ScopeWindowCall[] = [];
  readonly windows: WindowSpecification[] = [];
  /** WINDOW clause and inline definitions, bound when the targets are. */
  windowNames: ReadonlyMap<string, NamedWindow> = new Map();
  hasSetReturning = false;
  /** FROM names the recursive common table that this level is a term of. */
  hasSelfReference = false;
  /** The target of INSERT, UPDATE or DELETE. */
  target: RangeItem | undefined;
  /** What the statement does with its target. */
  targetAccess: RelationAccess | undefined;
  /** The common tables as they are stated, where that is noted. */
  readonly statedTables: StatedCommonTable[] = [];

  /** FOR UPDATE and the like of this level, to be handed to the subqueries and views that they name. */
  locking: LockingClauses = [];

  constructor(analysis: Analysis, parent: Scope | undefined) {
    this.analysis = analysis;
    this.parent = parent;
  }

  /** The locking clauses that mean a FROM item of this name. */
  lockingFor(name: string | undefined): LockingClauses {
    return this.locking.flatMap((clause) => {
      const { lockedRels = [], ...all } = clause;
      if (lockedRels.length === 0) return [clause];
      // In there it means every table.
      return lockedRels.some((rel) => 'RangeVar' in rel && rel.RangeVar.relname === name) ? [all] : [];
    });
  }

  /** Binds within another kind of place. */
  within<T>(kind: ExpressionKind, bind: () => T): T {
    const before = this.kind;
    this.kind = kind;
    const result = bind();
    this.kind = before;
    return result;
  }

  addItem(item: RangeItem): RangeItem {
    this.rangeTable.push(item);
    // A subquery passes columns on under their own ids: from here on they are this level's. A join's columns stay those of its sides.
    if (item.kind !== 'join')
      for (const column of item.columns)
        if (column.expression.kind === 'column')
          this.analysis.owners.set(column.expression.id, {
            scope: this,
            role: 'column',
            item,
            name: column.name,
            tableOid: column.tableOid,
            attributeNumber: column.attributeNumber,
          });
    return item;
  }

  /** True when `other` is this scope or one that it is nested in. */
  isWithin(other: Scope): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) if (scope === other) return true;
    return false;
  }

  findCommonTable(name: string): { readonly entry: CommonTableEntry; readonly levelsUp: number } | undefined {
    let levelsUp = 0;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      const entry = scope.commonTables.get(name);
      if (entry !== undefined) return { entry, levelsUp };
      levelsUp++;
    }
    return undefined;
  }

  isFutureCommonTable(name: string): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent)
      if (scope.futureCommonTables.has(name)) return true;
    return false;
  }
}

export const visible = (item: RangeItem): NamespaceEntry => ({
  item,
  isRelationVisible: true,
  areColumnsVisible: true,
  lateralOnly: false,
  lateralOk: true,
});

/** A reference to a column: a new expression each time, so that each has its own place in the text. */
export function referTo(analysis: Analysis, column: RangeColumn, location: number | undefined): Expression {
  if (column.access !== undefined) noteRead(column.access);
  return analysis.locate({ ...column.expression }, location);
}

/** The same, of an item's column: where USING merged two columns, a printed text names what was merged. */
export function referToColumn(analysis: Analysis, item: RangeItem, column: RangeColumn, location: number | undefined): Expression {
  const reference = referTo(analysis, column, location);
  if (analysis.stated !== undefined && reference.kind !== 'column') analysis.stated.merged.set(reference, { item, name: column.name });
  return reference;
}

/** The column that a bare name means, through all levels; undefined when there is none. 42702 when there are several. */
export function findColumn(scope: Scope, name: string, location: number | undefined): Expression | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    let found: { entry: NamespaceEntry; column: RangeColumn } | undefined;
    for (const entry of level.namespace) {
      if (!entry.areColumnsVisible) continue;
      if (entry.lateralOnly && !level.isLateralActive) continue;
      const column = columnOfItem(scope, entry.item, name, location);
      if (column === undefined) continue;
      if (found !== undefined) throw scope.analysis.error(sqlstate.ambiguousColumn, `column reference "${name}" is ambiguous`, location);
      requireLateralOk(level, entry, location);
      found = { entry, column };
    }
    if (found !== undefined) return referToColumn(scope.analysis, found.entry.item, found.column, location);
  }
  return undefined;
}

/** The item's column of a name; 42702 when it has several. */
export function columnOfItem(scope: Scope, item: RangeItem, name: string, location: number | undefined): RangeColumn | undefined {
  let found: RangeColumn | undefined;
  for (const column of item.columns) {
    if (column.name !== name) continue;
    if (found !== undefined) throw scope.analysis.error(sqlstate.ambiguousColumn, `column reference "${name}" is ambiguous`, location);
    found = column;
  }
  return found;
}

/** The visible item that `name` or `schema.name` means; undefined when there is none. */
export function findItem(
  scope: Scope,
  schemaName: string | undefined,
  name: string,
  location: number | undefined,
): NamespaceEntry | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    let found: NamespaceEntry | undefined;
    for (const entry of level.namespace) {
      if (!entry.isRelationVisible) continue;
      if (entry.lateralOnly && !level.isLateralActive) continue;
      if (entry.item.name !== name) continue;
      if (schemaName !== undefined && (entry.item.hasAlias || schemaNameOf(entry.item) !== schemaName)) continue;
      if (found !== undefined) throw scope.analysis.error(sqlstate.ambiguousAlias, `table reference "${name}" is ambiguous`, location);
      requireLateralOk(level, entry, location);
      found = entry;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

const schemaNameOf = (item: RangeItem): string | undefined => item.table?.schemaName ?? item.schemaName;

function requireLateralOk(scope: Scope, entry: NamespaceEntry, location: number | undefined): void {
  if (!entry.lateralOnly || entry.lateralOk) return;
  const name = entry.item.name;
  const isTarget = scope.target === entry.item;
  throw scope.analysis.error(
    sqlstate.invalidColumnReference,
    `invalid reference to FROM-clause entry for table "${name}"`,
    location,
    isTarget
      ? { hint: `There is an entry for table "${name}", but it cannot be referenced from this part of the query.` }
      : { detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.' },
  );
}

/** 42712 when two visible items have one name (unless both are plain relations of different schemas). */
export function requireDistinctNames(scope: Scope, entries: readonly NamespaceEntry[], more: readonly NamespaceEntry[]): void {
  for (const entry of more) {
    if (!entry.isRelationVisible) continue;
    for (const other of entries) {
      if (!other.isRelationVisible || other.item.name !== entry.item.name) continue;
      const bothPlain = isPlainRelation(entry.item) && isPlainRelation(other.item) && entry.item.table !== other.item.table;
      if (!bothPlain)
        throw scope.analysis.error(sqlstate.duplicateAlias, `table name "${entry.item.name}" specified more than once`, undefined);
    }
  }
}

const isPlainRelation = (item: RangeItem): boolean => item.kind === 'relation' && !item.hasAlias;

export { missingColumn, missingRelation };
