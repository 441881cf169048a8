/**
 * WITH: common tables, each bound once and read by reference. Recursive ones are bound in two steps: the non-recursive term settles
 * the columns, then the recursive term reads them.
 */
import type { CommonTableExpr, Node, SelectStmt, WithClause } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { typeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import { bindDataChange } from './data-change.ts';
import { stringOf } from './expression-names.ts';
import type { CommonTable, LogicalPlan, OutputColumn } from './logical-plan.ts';
import { mentions, requireWellFormedRecursion, sortByDependency } from './recursion.ts';
import { type CommonTableEntry, Scope } from './scope.ts';
import { checkAddedNames, type ExtendedTerms, extendTerms } from './search-cycle.ts';
import { type BoundSelect, bindSelect, prepareSelect } from './select.ts';
import { combine } from './set-operation.ts';
import { statedTail } from './state-select.ts';
import type { StatedQuery } from './stated-query.ts';
import { typeDisplayName } from './type-facts.ts';

type Wrap = (plan: LogicalPlan) => LogicalPlan;

/** Makes the common tables known to the scope; the answer lays them around the finished plan. */
export function bindWith(scope: Scope, clause: WithClause | undefined): Wrap {
  if (clause === undefined) return (plan) => plan;
  const analysis = scope.analysis;
  const items = (clause.ctes ?? []).flatMap((node) => ('CommonTableExpr' in node ? [node.CommonTableExpr] : []));
  const names = new Set<string>();
  for (const item of items) {
    const name = item.ctename ?? '';
    if (names.has(name)) throw analysis.error(sqlstate.duplicateAlias, `WITH query name "${name}" specified more than once`, item.location);
    names.add(name);
    requireTopLevelForChanges(scope, item);
  }
  const ordered = clause.recursive === true ? sortByDependency(scope, items) : items;
  const wraps: Wrap[] = [];
  for (const name of names) scope.futureCommonTables.add(name);
  for (const item of ordered) {
    const name = item.ctename ?? '';
    if (clause.recursive === true) scope.futureCommonTables.delete(name);
    const isRecursive = clause.recursive === true && mentions(item.ctequery, name);
    wraps.push(isRecursive ? bindRecursive(scope, item) : bindPlain(scope, item));
    scope.futureCommonTables.delete(name);
  }
  return (plan) => wraps.reduceRight((input, wrap) => wrap(input), plan);
}

function requireTopLevelForChanges(scope: Scope, item: CommonTableExpr): void {
  if (item.ctequery === undefined || 'SelectStmt' in item.ctequery) return;
  if (scope.parent !== undefined && !scope.parent.isRoot)
    throw scope.analysis.notSupported('WITH clause containing a data-modifying statement must be at the top level', item.location);
}

function materialization(item: CommonTableExpr): boolean | undefined {
  if (item.ctematerialized === 'CTEMaterializeAlways') return true;
  return item.ctematerialized === 'CTEMaterializeNever' ? false : undefined;
}

const laid =
  (make: () => CommonTable): Wrap =>
  (input) => ({ kind: 'with', cte: make(), input });

function bindPlain(scope: Scope, item: CommonTableExpr): Wrap {
  const analysis = scope.analysis;
  if (item.search_clause !== undefined || item.cycle_clause !== undefined)
    throw analysis.syntaxError('WITH query is not recursive', item.search_clause?.location ?? item.cycle_clause?.location);
  const query: Node | undefined = item.ctequery;
  let bound: BoundSelect;
  let modifies = false;
  if (query !== undefined && 'SelectStmt' in query) bound = bindSelect(analysis, query.SelectStmt, scope, { resolveUnknowns: true });
  else {
    bound = bindDataChange(scope, query);
    modifies = true;
  }
  const hasNoResult = modifies && bound.output.length === 0;
  const columns = namedColumns(scope, item, bound.output);
  const entry = makeEntry(scope, item, columns, hasNoResult);
  scope.commonTables.set(entry.name, entry);
  if (analysis.stated !== undefined && !modifies) state(scope, item, analysis.stated.ofPlan(bound.plan));
  return laid(() => ({
    id: entry.id,
    name: entry.name,
    columns,
    plan: bound.plan,
    planColumns: bound.output.map(({ id }) => id),
    recursive: undefined,
    materialized: materialization(item),
    referenceCount: entry.referenceCount,
    modifies,
  }));
}

function state(scope: Scope, item: CommonTableExpr, query: StatedQuery): void {
  const columnNames = (item.aliascolnames ?? []).map(stringOf);
  scope.statedTables.push({ name: item.ctename ?? '', columnNames, materialized: materialization(item), query });
}

function makeEntry(
  scope: Scope,
  item: CommonTableExpr,
  columns: readonly OutputColumn[],
  hasNoResult: boolean,
  added: readonly string[] = [],
): CommonTableEntry {
  return {
    id: scope.analysis.newCteId(),
    name: item.ctename ?? '',
    columns: columns.map(({ id, ...column }) => ({ ...column, shape: scope.analysis.shapes.get(id) })),
    added: new Set(added),
    referenceCount: 0,
    isRecursing: false,
    hasNoResult,
  };
}

/** The columns under the names that `WITH name (names)` gives. */
function namedColumns(scope: Scope, item: CommonTableExpr, output: readonly OutputColumn[]): readonly OutputColumn[] {
  const names = (item.aliascolnames ?? []).map(stringOf);
  if (names.length > output.length)
    throw scope.analysis.error(
      sqlstate.invalidColumnReference,
      `WITH query "${item.ctename}" has ${output.length} columns available but ${names.length} columns specified`,
      item.location,
    );
  return output.map((column, at) => (at < names.length ? { ...column, name: names[at] } : column));
}

function bindRecursive(scope: Scope, item: CommonTableExpr): Wrap {
  const analysis = scope.analysis;
  const name = item.ctename ?? '';
  const query = item.ctequery;
  const select: SelectStmt | undefined = query !== undefined && 'SelectStmt' in query ? query.SelectStmt : undefined;
  if (select === undefined)
    throw analysis.error(sqlstate.invalidRecursion, `recursive query "${name}" must not contain data-modifying statements`, item.location);
  if (select.op !== 'SETOP_UNION' || select.larg === undefined || select.rarg === undefined)
    throw analysis.error(
      sqlstate.invalidRecursion,
      `recursive query "${name}" does not have the form non-recursive-term UNION [ALL] recursive-term`,
      item.location,
    );
  requireWellFormedRecursion(scope, select, name);
  if (analysis.stated !== undefined && (item.search_clause !== undefined || item.cycle_clause !== undefined))
    throw analysis.notSupported('SEARCH and CYCLE are not supported in a stored query', item.location);
  // Common tables of its own stand around the whole, visible to both terms.
  const own = new Scope(analysis, scope);
  const around = bindWith(own, select.withClause);
  const terms = extendedTerms(own, item, select.larg, select.rarg);
  const left = prepareSelect(analysis, terms.left, own, { resolveUnknowns: true });
  const leftBound = left.finish();
  const named = namedColumns(scope, item, leftBound.output);
  const ownCount = named.length - terms.added.length;
  const columns = named.map((column, at) => (at < ownCount ? column : { ...column, name: terms.added[at - ownCount] }));
  const entry = makeEntry(scope, item, columns, false, terms.added);
  scope.commonTables.set(name, entry);
  entry.isRecursing = true;
  const right = prepareSelect(analysis, terms.right, own, { resolveUnknowns: false });
  entry.isRecursing = false;
  checkAddedNames(
    scope,
    item,
    columns.slice(0, ownCount).map((column) => column.name),
  );
  // The rules of UNION, for their casts of the recursive term and their errors.
  let rightBound: BoundSelect | undefined;
  const finishRight = (): BoundSelect => {
    rightBound = right.finish();
    return rightBound;
  };
  const united = combine(
    own,
    { targets: left.targets, finish: () => leftBound },
    { targets: right.targets, finish: finishRight },
    'union',
    select.all === true,
  );
  if (analysis.stated !== undefined && rightBound !== undefined)
    state(scope, item, {
      commonTables: own.statedTables,
      isRecursive: select.withClause?.recursive === true,
      body: {
        kind: 'setOperation',
        operation: 'union',
        all: select.all === true,
        left: analysis.stated.ofPlan(leftBound.plan),
        right: analysis.stated.ofPlan(rightBound.plan),
        names: leftBound.output.map((column) => column.name),
      },
      ...statedTail([], [], undefined),
      locks: [],
    });
  const { plan } = united;
  if (plan.kind !== 'setOperation') throw new TypeError('combine makes a set operation');
  for (const [at, column] of columns.entries()) {
    const overall = united.output[at].type;
    if (overall.oid !== column.type.oid || overall.typmod !== column.type.typmod)
      throw analysis.error(
        sqlstate.datatypeMismatch,
        `recursive query "${name}" column ${at + 1} has type ${withTypmod(column.type)} in non-recursive term but type ${withTypmod(overall)} overall`,
        analysis.locationOf(left.targets[at].expression),
        { hint: 'Cast the output of the non-recursive term to the correct type.' },
      );
  }
  const { right: recursivePlan, rightColumns, all } = plan;
  const wrap = laid(() => ({
    id: entry.id,
    name,
    columns,
    plan: leftBound.plan,
    planColumns: leftBound.output.map(({ id }) => id),
    recursive: { plan: recursivePlan, planColumns: rightColumns, all },
    materialized: materialization(item),
    referenceCount: entry.referenceCount,
    modifies: false,
  }));
  return (input) => around(wrap(input));
}

function extendedTerms(scope: Scope, item: CommonTableExpr, left: SelectStmt, right: SelectStmt): ExtendedTerms {
  if (item.search_clause === undefined && item.cycle_clause === undefined) return { left, right, added: [] };
  if (left.op !== undefined && left.op !== 'SETOP_NONE')
    throw scope.analysis.notSupported('with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT');
  // Bound once more, around what the clauses add; here for the names alone.
  const { output } = bindSelect(scope.analysis, left, scope, { resolveUnknowns: true });
  const names = namedColumns(scope, item, output).map((column) => column.name);
  return extendTerms(scope, item, left, right, names);
}

const withTypmod = (type: { readonly oid: number; readonly typmod: number }): string =>
  type.typmod < 0 ? typeDisplayName(type.oid) : formatType(typeRef(type.oid, type.typmod));
