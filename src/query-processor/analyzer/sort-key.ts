/** Sort keys: direction, NULLs and the order that a type has. */
import type { SortBy } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { btreeStrategy } from '#sql/builtins.ts';
import type { Expression, SortKey } from '#sql/expression.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import { findType } from '#sql/types/registry.ts';
import type { Analysis } from './environment.ts';
import { stringOf } from './expression-names.ts';
import { nodeLocation } from './node-location.ts';
import { resolveOperator } from './operator-resolution.ts';
import { arrayElementOf, typeDisplayName } from './type-facts.ts';

/** True when values of the type can be sorted and grouped. */
export function hasOrder(typeOid: number): boolean {
  if (isComposite(typeOid)) return true;
  const element = arrayElementOf(typeOid);
  if (element !== 0) return hasOrder(element);
  return findType(typeOid)?.compare !== undefined;
}

export function requireOrder(
  analysis: Analysis,
  expression: Expression,
  what: 'ordering' | 'equality',
  location = analysis.locationOf(expression),
): void {
  if (hasOrder(expression.type.oid)) return;
  const message = `could not identify an ${what} operator for type ${typeDisplayName(expression.type.oid)}`;
  throw analysis.error(
    sqlstate.undefinedFunction,
    message,
    location,
    what === 'ordering' ? { hint: 'Use an explicit ordering operator or modify the query.' } : {},
  );
}

export function makeSortKey(analysis: Analysis, expression: Expression, sort: SortBy | undefined): SortKey {
  let descending = sort?.sortby_dir === 'SORTBY_DESC';
  if (sort?.sortby_dir === 'SORTBY_USING') {
    const names = (sort.useOp ?? []).map(stringOf);
    const name = names[names.length - 1] ?? '';
    const operator = resolveOperator(analysis, name, expression.type.oid, expression.type.oid, sort.location);
    const strategy = btreeStrategy(operator.oid)?.strategy;
    if (strategy !== 1 && strategy !== 5)
      throw analysis.error(sqlstate.wrongObjectType, `operator ${name} is not a valid ordering operator`, sort.location, {
        hint: 'Ordering operators must be "<" or ">" members of btree operator families.',
      });
    descending = strategy === 5;
  } else requireOrder(analysis, expression, 'ordering', nodeLocation(sort?.node) ?? analysis.locationOf(expression));
  const nullsFirst = sort?.sortby_nulls === 'SORTBY_NULLS_FIRST' ? true : sort?.sortby_nulls === 'SORTBY_NULLS_LAST' ? false : descending;
  return { expression, descending, nullsFirst };
}
