/**
 * TABLESAMPLE: a filter over the table's rows. BERNOULLI and SYSTEM are alike, since rows lie in no blocks here. With REPEATABLE a row's
 * key and the seed decide, so that the same seed finds the same rows as long as they are there; else chance does.
 */
import type { Node, RangeTableSample } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { rowKeyType } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { coerceToSpecific, int4Constant } from './coercion.ts';
import { bindExpression, required } from './expression.ts';
import { callByName } from './expression-calls.ts';
import { stringOf } from './expression-names.ts';
import { type FromItem, itemOf } from './from-clause.ts';
import { bindTableReference } from './from-relation.ts';
import { makeOperatorCall } from './operator-resolution.ts';
import type { Scope } from './scope.ts';

/** Rows fall into so many parts, of which the sample takes the first ones. */
const parts = 2 ** 30;

export function bindTableSample(scope: Scope, node: RangeTableSample): FromItem {
  const { analysis } = scope;
  const relation = required(node.relation);
  if (!('RangeVar' in relation)) throw new TypeError('only a table is sampled');
  const { plan, item } = bindTableReference(scope, relation.RangeVar);
  if (plan.kind !== 'scan' || plan.table.kind !== 'table' || item.takeKeyColumn === undefined)
    throw analysis.notSupported('TABLESAMPLE clause can only be applied to tables and materialized views', relation.RangeVar.location);
  const method = (node.method ?? []).map(stringOf).join('.');
  const plainMethod = method.replace(/^pg_catalog\./, '');
  if (plainMethod !== 'bernoulli' && plainMethod !== 'system')
    throw analysis.error(sqlstate.undefinedObject, `tablesample method ${method} does not exist`, node.location);
  const args = node.args ?? [];
  if (args.length !== 1)
    throw analysis.error(
      sqlstate.invalidTablesampleArgument,
      `tablesample method ${method} requires 1 argument, not ${args.length}`,
      node.location,
    );
  const percent = numberOf(scope, args[0], oid.float4, 'TABLESAMPLE', sqlstate.invalidTablesampleArgument);
  const seed =
    node.repeatable === undefined
      ? undefined
      : numberOf(scope, node.repeatable, oid.float8, 'REPEATABLE', sqlstate.invalidTablesampleRepeat);
  if (!(percent >= 0 && percent <= 100))
    throw analysis.error(sqlstate.invalidTablesampleArgument, 'sample percentage must be between 0 and 100');
  let part: Expression;
  let limit: Expression;
  if (seed === undefined) {
    part = callByName(scope, 'random', [], undefined);
    limit = { kind: 'constant', value: percent / 100, type: typeRef(oid.float8) };
  } else {
    const text: Expression = { kind: 'column', id: item.takeKeyColumn(), name: 'key', type: rowKeyType };
    const seedText: Expression = { kind: 'constant', value: String(seed), type: typeRef(oid.text) };
    const hash = callByName(scope, 'hashtext', [makeOperatorCall(analysis, '||', text, seedText, undefined)], undefined);
    part = makeOperatorCall(analysis, '&', hash, int4Constant(parts - 1), undefined);
    limit = int4Constant(Math.round((percent / 100) * parts));
  }
  const condition = makeOperatorCall(analysis, '<', part, limit, undefined);
  return itemOf(scope, { kind: 'filter', input: plan, condition }, item, new Set());
}

/** The value of an argument, which has to be a constant. */
function numberOf(scope: Scope, node: Node, typeOid: number, construct: string, code: string): number {
  const { analysis } = scope;
  const bound = scope.within('fromFunction', () => bindExpression(scope, node));
  if (bound.kind === 'constant' && bound.value === null)
    throw analysis.error(
      code,
      construct === 'REPEATABLE' ? 'TABLESAMPLE REPEATABLE parameter cannot be null' : 'TABLESAMPLE parameter cannot be null',
    );
  const coerced = coerceToSpecific(analysis, bound, typeOid, construct);
  const constant = coerced.kind === 'constant' ? coerced : bound;
  if (constant.kind !== 'constant' || constant.value === null)
    throw analysis.notSupported(`${construct} takes constants only`, analysis.locationOf(bound));
  return Number(typeByOid(constant.type.oid).output(constant.value, analysis.environment.typeContext));
}
