/** Which views can be changed through: PostgreSQL's rules, and its reasons where one cannot. */
import { someExpression } from '#sql/expression-walk.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { StatedQuery } from './stated-query.ts';

/** Why rows cannot be changed through a view of this query; undefined: they can. */
export function notUpdatable(query: StatedQuery, catalog: Catalog, needsColumns: boolean): string | undefined {
  const { body } = query;
  const containing = (what: string): string => `Views containing ${what} are not automatically updatable.`;
  const returning = (what: string): string => `Views that return ${what} are not automatically updatable.`;
  if (body.kind === 'setOperation') return containing('UNION, INTERSECT, or EXCEPT');
  if (body.kind === 'select') {
    if (body.distinct !== undefined) return containing('DISTINCT');
    if (body.grouping.length > 0) return containing('GROUP BY');
    if (body.having !== undefined) return containing('HAVING');
  }
  if (query.commonTables.length > 0) return containing('WITH');
  if (query.count !== undefined || query.offset !== undefined) return containing('LIMIT or OFFSET');
  const notSingle = 'Views that do not select from a single table or view are not automatically updatable.';
  if (body.kind === 'values') return notSingle;
  const computed = [...body.computed.values()];
  if (computed.some((entry) => 'kind' in entry && entry.kind === 'aggregate')) return returning('aggregate functions');
  if (computed.some((entry) => 'kind' in entry && entry.kind === 'window')) return returning('window functions');
  const isSet = body.targets.some(({ expression }) => someExpression(expression, (part) => part.kind === 'function' && part.returnsSet));
  if (isSet) return returning('set-returning functions');
  const [from] = body.from;
  if (body.from.length !== 1 || from.kind !== 'relation') return notSingle;
  const relation = catalog.relationByOid(from.relationOid);
  if (relation === undefined || relation.kind === 'system' || relation.kind === 'sequence') return notSingle;
  if (needsColumns && !updatableColumns(query).some((isUpdatable) => isUpdatable))
    return 'Views that have no updatable columns are not automatically updatable.';
  return undefined;
}

/** Of each column of the result: is it a column of the relation below? */
export function updatableColumns(query: StatedQuery): readonly boolean[] {
  const { body } = query;
  if (body.kind !== 'select') return [];
  const own = new Set(
    body.rangeTable.flatMap((item) => item.columns.flatMap(({ expression }) => (expression.kind === 'column' ? [expression.id] : []))),
  );
  return body.targets.map(({ expression }) => expression.kind === 'column' && own.has(expression.id));
}

/** The relation that an updatable view is over. */
export function baseOf(query: StatedQuery): number | undefined {
  const from = query.body.kind === 'select' ? query.body.from[0] : undefined;
  return from?.kind === 'relation' ? from.relationOid : undefined;
}
