/**
 * FROM: from its items to a tree of joins and the names that they make visible. Items are bound left to right; what stands left is
 * visible to LATERAL items on the right.
 */
import type { Alias, JoinExpr, Node, RangeSubselect, RangeVar } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { TypeRef } from '#sql/type.ts';
import { boolType, coerceToBoolean } from './coercion.ts';
import { coerceToCommonType, selectCommonType } from './common-type.ts';
import type { Analysis } from './environment.ts';
import { bindCondition, required } from './expression.ts';
import { stringOf } from './expression-names.ts';
import { bindRangeFunction } from './from-function.ts';
import { bindTableReference } from './from-relation.ts';
import { refuseOuterProjection } from './lateral-projection.ts';
import type { LogicalPlan, OutputColumn } from './logical-plan.ts';
import { makeOperatorCall } from './operator-resolution.ts';
import { noteRead } from './relation-access.ts';
import { withPresence } from './row-presence.ts';
import { type NamespaceEntry, type RangeColumn, type RangeItem, requireDistinctNames, type Scope, visible } from './scope.ts';
import { bindSelect } from './select.ts';
import type { StatedFrom } from './stated-query.ts';
import { bindTableSample } from './table-sample.ts';
import { columnsIn, forEachExpressionIn } from './walk.ts';

export type FromItem = {
  readonly plan: LogicalPlan;
  readonly entries: readonly NamespaceEntry[];
  /** All columns of the item, in order: what a join of it has. */
  readonly columns: readonly RangeColumn[];
  /** Ids that the plan puts out. */
  readonly ids: ReadonlySet<ColumnId>;
  /** Ids of items further left that it reads. */
  readonly lateralIds: ReadonlySet<ColumnId>;
};

const none: ReadonlySet<ColumnId> = new Set();

/** Binds FROM into the scope; undefined stands for no FROM at all. */
export function bindFrom(scope: Scope, nodes: readonly Node[] | undefined, stated: StatedFrom[] = []): LogicalPlan {
  let plan: LogicalPlan | undefined;
  let ids: ReadonlySet<ColumnId> = none;
  for (const node of nodes ?? []) {
    const item = bindFromItem(scope, node);
    if (scope.analysis.stated !== undefined) stated.push(scope.analysis.stated.ofFrom(item));
    requireDistinctNames(scope, scope.namespace, item.entries);
    setLateral(item.entries, true, true);
    scope.namespace = [...scope.namespace, ...item.entries];
    plan = plan === undefined ? item.plan : joinOf('inner', plan, item.plan, undefined, reads(item, ids));
    ids = union(ids, item.ids);
  }
  setLateral(scope.namespace, false, true);
  return plan ?? { kind: 'oneRow' };
}

export function joinOf(
  join: 'inner' | 'left' | 'right' | 'full',
  left: LogicalPlan,
  right: LogicalPlan,
  condition: Expression | undefined,
  lateral: boolean,
): LogicalPlan {
  return { kind: 'join', join, left, right, condition, lateral };
}

export const reads = (item: FromItem, ids: ReadonlySet<ColumnId>): boolean => [...item.lateralIds].some((id) => ids.has(id));
const union = (a: ReadonlySet<ColumnId>, b: ReadonlySet<ColumnId>): ReadonlySet<ColumnId> => new Set([...a, ...b]);

export function setLateral(entries: readonly NamespaceEntry[], only: boolean, ok: boolean): void {
  for (const entry of entries) {
    entry.lateralOnly = only;
    entry.lateralOk = ok;
  }
}

export function bindFromItem(scope: Scope, node: Node): FromItem {
  if ('RangeVar' in node) return bindRangeVar(scope, node.RangeVar);
  if ('RangeSubselect' in node) return bindRangeSubselect(scope, node.RangeSubselect);
  if ('RangeFunction' in node) return bindRangeFunction(scope, node.RangeFunction);
  if ('JoinExpr' in node) {
    scope.analysis.enter();
    const item = bindJoin(scope, node.JoinExpr);
    scope.analysis.leave();
    return item;
  }
  if ('RangeTableSample' in node) return bindTableSample(scope, node.RangeTableSample);
  if ('RangeTableFunc' in node) throw scope.analysis.notSupported('unsupported XML feature', node.RangeTableFunc.location);
  throw scope.analysis.notSupported(`${Object.keys(node)[0]} is not supported in FROM`);
}

function bindRangeVar(scope: Scope, node: RangeVar): FromItem {
  const { plan, item, relationOid } = bindTableReference(scope, node);
  const bound = itemOf(scope, plan, item, none);
  const aliasNamesOf = aliasNames(node.alias);
  scope.analysis.stated?.noteFrom(
    bound,
    relationOid === undefined
      ? { kind: 'commonTable', item, name: node.relname ?? '', aliasNames: aliasNamesOf }
      : { kind: 'relation', item, relationOid, writtenName: node.relname ?? '', aliasNames: aliasNamesOf, isOnly: node.inh === false },
  );
  return bound;
}

/** A FROM item that is visible under its name. */
export function itemOf(scope: Scope, plan: LogicalPlan, item: RangeItem, lateralIds: ReadonlySet<ColumnId>, isNamed = true): FromItem {
  scope.addItem(item);
  const ids = new Set<ColumnId>();
  for (const column of item.columns) if (column.expression.kind === 'column') ids.add(column.expression.id);
  return { plan, entries: [{ ...visible(item), isRelationVisible: isNamed }], columns: item.columns, ids, lateralIds };
}

/** Columns of this query level that a plan reads from further left. */
export function lateralReads(scope: Scope, expressionsOf: (look: (expression: Expression) => void) => void): ReadonlySet<ColumnId> {
  const found = new Set<ColumnId>();
  expressionsOf((expression) =>
    columnsIn(expression, ({ id }) => {
      if (scope.analysis.owners.get(id)?.scope === scope) found.add(id);
    }),
  );
  return found;
}

function bindRangeSubselect(scope: Scope, node: RangeSubselect): FromItem {
  const subquery = required(node.subquery);
  if (!('SelectStmt' in subquery)) throw scope.analysis.notSupported('only SELECT is supported in a FROM subquery');
  const wasLateral = scope.isLateralActive;
  scope.isLateralActive = node.lateral === true;
  const locking = scope.lockingFor(node.alias?.aliasname);
  const bound = scope.within('fromSubselect', () =>
    bindSelect(scope.analysis, subquery.SelectStmt, scope, { resolveUnknowns: true, locking }),
  );
  scope.isLateralActive = wasLateral;
  const name = node.alias?.aliasname ?? 'unnamed_subquery';
  const { plan, takeKeyColumn } = withPresence(scope.analysis, bound.plan);
  const item: RangeItem = {
    kind: 'subquery',
    name,
    hasAlias: true,
    table: undefined,
    columns: aliasColumns(scope.analysis, bound.output.map(rangeColumn), node.alias, name),
    isScalar: false,
    takeKeyColumn,
  };
  const lateralIds = node.lateral === true ? lateralReads(scope, (look) => forEachExpressionIn(bound.plan, look)) : none;
  const made = itemOf(scope, plan, item, lateralIds, node.alias !== undefined);
  const { stated } = scope.analysis;
  stated?.noteFrom(made, {
    kind: 'subquery',
    item,
    query: stated.ofPlan(bound.plan),
    aliasNames: aliasNames(node.alias),
    isLateral: node.lateral === true,
  });
  return made;
}

export const rangeColumn = (column: OutputColumn): RangeColumn => ({
  name: column.name,
  expression: { kind: 'column', id: column.id, type: column.type, name: column.name },
  tableOid: column.tableOid,
  attributeNumber: column.attributeNumber,
});

export const aliasNames = (alias: Alias | undefined): readonly string[] => (alias?.colnames ?? []).map(stringOf);

/** Columns renamed by `AS alias (names)`. */
export function aliasColumns(
  analysis: Analysis,
  columns: readonly RangeColumn[],
  alias: Alias | undefined,
  name: string,
  what: 'table' | 'join expression' = 'table',
): readonly RangeColumn[] {
  const names = aliasNames(alias);
  if (names.length > columns.length)
    throw analysis.error(
      sqlstate.invalidColumnReference,
      `${what} "${name}" has ${columns.length} columns available but ${names.length} columns specified`,
    );
  if (names.length === 0) return columns;
  return columns.map((column, at) =>
    at < names.length ? { ...column, name: names[at], expression: renamed(column.expression, names[at]) } : column,
  );
}

const renamed = (expression: Expression, name: string): Expression => (expression.kind === 'column' ? { ...expression, name } : expression);

const joinKinds: Readonly<Record<string, 'inner' | 'left' | 'right' | 'full'>> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'full',
};

function bindJoin(scope: Scope, node: JoinExpr): FromItem {
  const analysis = scope.analysis;
  const join = joinKinds[node.jointype ?? 'JOIN_INNER'] ?? 'inner';
  const itemsBefore = scope.rangeTable.length;
  const left = bindFromItem(scope, required(node.larg));
  const itemsAfterLeft = scope.rangeTable.length;
  const outerNamespace = scope.namespace;
  setLateral(left.entries, true, join === 'inner' || join === 'left');
  scope.namespace = [...outerNamespace, ...left.entries];
  const right = bindFromItem(scope, required(node.rarg));
  scope.namespace = outerNamespace;
  requireDistinctNames(scope, left.entries, right.entries);

  if (join === 'left' || join === 'full') noteNullable(scope, itemsAfterLeft, scope.rangeTable.length);
  if (join === 'right' || join === 'full') noteNullable(scope, itemsBefore, itemsAfterLeft);

  const using = node.isNatural === true ? commonNames(left.columns, right.columns) : (node.usingClause ?? []).map(stringOf);
  const merged: RangeColumn[] = [];
  let condition: Expression | undefined;
  if (using.length > 0) {
    const pairs = using.map((name, at) => {
      if (using.indexOf(name) !== at)
        throw analysis.error(sqlstate.duplicateColumn, `column name "${name}" appears more than once in USING clause`);
      const pair = {
        name,
        left: usingColumn(analysis, left.columns, name, 'left'),
        right: usingColumn(analysis, right.columns, name, 'right'),
      };
      for (const { access } of [pair.left, pair.right]) if (access !== undefined) noteRead(access);
      return pair;
    });
    const equalities = pairs.map((pair) =>
      coerceToBoolean(
        analysis,
        makeOperatorCall(analysis, '=', { ...pair.left.expression }, { ...pair.right.expression }, undefined),
        'JOIN/USING',
      ),
    );
    condition = equalities.length === 1 ? equalities[0] : { kind: 'and', args: equalities, type: boolType };
    merged.push(...pairs.map((pair) => mergeColumns(analysis, join, pair.name, pair.left, pair.right)));
  }
  const rest = (columns: readonly RangeColumn[]): readonly RangeColumn[] =>
    using.length === 0 ? columns : columns.filter((column) => !using.includes(column.name));
  const columns = [...merged, ...rest(left.columns), ...rest(right.columns)];

  const inner = [...left.entries, ...right.entries];
  if (node.quals !== undefined) {
    const quals = node.quals;
    setLateral(inner, false, true);
    scope.namespace = inner;
    const wasLateral = scope.isLateralActive;
    scope.isLateralActive = false;
    condition = scope.within('joinOn', () => bindCondition(scope, quals, 'JOIN/ON'));
    scope.isLateralActive = wasLateral;
    scope.namespace = outerNamespace;
  }
  const isLateral = reads(right, left.ids);
  if (isLateral && join === 'left' && analysis.environment.settings.profile === 'dsql')
    refuseOuterProjection(analysis, left.columns, right.plan);
  const lateralIds = new Set([...left.lateralIds, ...[...right.lateralIds].filter((id) => !left.ids.has(id))]);
  const plan = joinOf(join, left.plan, right.plan, condition, isLateral);
  const ids = union(left.ids, right.ids);

  const entries: NamespaceEntry[] = node.alias === undefined ? inner.map((entry) => ({ ...entry, areColumnsVisible: false })) : [];
  const name = node.alias?.aliasname ?? 'unnamed_join';
  const item: RangeItem = {
    kind: 'join',
    name,
    hasAlias: node.alias !== undefined,
    table: undefined,
    columns: aliasColumns(analysis, columns, node.alias, name, 'join expression'),
    isScalar: false,
    takeKeyColumn: undefined,
  };
  scope.addItem(item);
  entries.push({ ...visible(item), isRelationVisible: node.alias !== undefined });
  if (node.join_using_alias !== undefined) {
    const usingName = node.join_using_alias.aliasname ?? '';
    const usingItem: RangeItem = { ...item, name: usingName, hasAlias: true, columns: merged };
    const usingEntry = { ...visible(scope.addItem(usingItem)), areColumnsVisible: false };
    requireDistinctNames(scope, entries, [usingEntry]);
    entries.push(usingEntry);
  }
  const made: FromItem = { plan, entries, columns: item.columns, ids, lateralIds };
  analysis.stated?.noteFrom(made, {
    kind: 'join',
    join,
    left: analysis.stated.ofFrom(left),
    right: analysis.stated.ofFrom(right),
    using,
    usingAlias: node.join_using_alias?.aliasname,
    condition,
    item,
    aliasNames: aliasNames(node.alias),
  });
  return made;
}

function noteNullable(scope: Scope, from: number, to: number): void {
  for (const item of scope.rangeTable.slice(from, to)) scope.analysis.nullable.add(item);
}

const commonNames = (left: readonly RangeColumn[], right: readonly RangeColumn[]): readonly string[] =>
  left.filter((column) => right.some((other) => other.name === column.name)).map((column) => column.name);

function usingColumn(analysis: Analysis, columns: readonly RangeColumn[], name: string, side: 'left' | 'right'): RangeColumn {
  const [found, second] = columns.filter((column) => column.name === name);
  if (found === undefined)
    throw analysis.error(sqlstate.undefinedColumn, `column "${name}" specified in USING clause does not exist in ${side} table`);
  if (second !== undefined)
    throw analysis.error(sqlstate.ambiguousColumn, `common column name "${name}" appears more than once in ${side} table`);
  return found;
}

/** The one column that USING makes of two: that of the side which cannot be NULL-extended, or whichever is there. */
function mergeColumns(
  analysis: Analysis,
  join: 'inner' | 'left' | 'right' | 'full',
  name: string,
  left: RangeColumn,
  right: RangeColumn,
): RangeColumn {
  const pair = [left.expression, right.expression];
  const target = selectCommonType(analysis, pair, 'JOIN/USING');
  const typmod = left.expression.type.typmod === right.expression.type.typmod ? left.expression.type.typmod : -1;
  const type: TypeRef = { oid: target, typmod };
  const [l, r] = pair.map((expression) => coerceToCommonType(analysis, expression, target, 'JOIN/USING'));
  if (join === 'full') return { name, expression: { kind: 'coalesce', args: [l, r], type }, tableOid: 0, attributeNumber: 0 };
  // An inner join takes the side that needs no cast.
  const chosen = join === 'right' || (join === 'inner' && l !== pair[0] && r === pair[1]) ? right : left;
  const expression = chosen === right ? r : l;
  return { name, expression, tableOid: chosen.tableOid, attributeNumber: chosen.attributeNumber };
}
