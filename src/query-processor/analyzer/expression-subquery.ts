/** Subqueries in expressions: EXISTS, scalar, ARRAY(...), IN / ANY / ALL, and row comparison with a subquery. */
import type { RowExpr, SubLink } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { boolType, trueConstant } from './coercion.ts';
import { bindExpression, required } from './expression.ts';
import { requireSubqueryAllowed } from './expression-kind.ts';
import { recordShapeOf } from './expression-names.ts';
import { compareRows, operatorName, rowFields } from './expression-operators.ts';
import type { OutputColumn } from './logical-plan.ts';
import type { Scope } from './scope.ts';
import { type BoundSelect, bindSelect } from './select.ts';
import { arrayElementOf, arrayTypeOf, typeDisplayName } from './type-facts.ts';

function bindInner(scope: Scope, node: SubLink): BoundSelect {
  requireSubqueryAllowed(scope, node.location);
  const select = required(node.subselect);
  if (!('SelectStmt' in select)) throw scope.analysis.notSupported('only SELECT is supported in a subquery', node.location);
  return bindSelect(scope.analysis, select.SelectStmt, scope, { resolveUnknowns: true });
}

export function bindSubquery(scope: Scope, node: SubLink): Expression {
  const analysis = scope.analysis;
  const { location } = node;
  switch (node.subLinkType) {
    case 'EXISTS_SUBLINK': {
      const { plan, output } = bindInner(scope, node);
      const bound: Expression = {
        kind: 'subquery',
        form: 'exists',
        negated: false,
        plan,
        output: output.map(({ id }) => id),
        comparison: undefined,
        type: boolType,
      };
      return analysis.locate(bound, location);
    }
    case 'EXPR_SUBLINK': {
      const { plan, output } = bindInner(scope, node);
      const column = singleColumn(scope, output, location);
      return analysis.locate(
        { kind: 'subquery', form: 'scalar', negated: false, plan, output: [column.id], comparison: undefined, type: column.type },
        location,
      );
    }
    case 'ARRAY_SUBLINK': {
      const { plan, output } = bindInner(scope, node);
      const column = singleColumn(scope, output, location);
      const element = column.type.oid;
      // An array of arrays is one array with a dimension more.
      const arrayType = arrayElementOf(element) !== 0 ? element : arrayTypeOf(element);
      if (arrayType === 0)
        throw analysis.error(sqlstate.undefinedObject, `could not find array type for data type ${typeDisplayName(element)}`, location);
      return analysis.locate(
        {
          kind: 'subquery',
          form: 'array',
          negated: false,
          plan,
          output: [column.id],
          comparison: undefined,
          type: typeRef(arrayType, column.type.typmod),
        },
        location,
      );
    }
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK':
      return bindQuantified(scope, node, node.subLinkType === 'ANY_SUBLINK' ? 'any' : 'all');
    default:
      throw analysis.notSupported(`${node.subLinkType} is not supported`, location);
  }
}

function singleColumn(scope: Scope, output: readonly OutputColumn[], location: number | undefined): OutputColumn {
  if (output.length !== 1) throw scope.analysis.syntaxError('subquery must return only one column', location);
  return output[0];
}

/** x op ANY/ALL (SELECT ...), and x IN (SELECT ...), which is = ANY. */
function bindQuantified(scope: Scope, node: SubLink, form: 'any' | 'all'): Expression {
  const analysis = scope.analysis;
  const { location } = node;
  const { plan, output } = bindInner(scope, node);
  const testNode = required(node.testexpr);
  const test = 'RowExpr' in testNode ? undefined : bindExpression(scope, testNode);
  const left = 'RowExpr' in testNode ? rowFields(scope, testNode.RowExpr) : test === undefined ? [] : [test];
  const isIn = (node.operName?.length ?? 0) === 0;
  const name = isIn ? '=' : operatorName(analysis, node.operName, location);
  if (left.length < output.length) throw analysis.syntaxError('subquery has too many columns', location);
  if (left.length > output.length) throw analysis.syntaxError('subquery has too few columns', location);
  const right = output.map((column): Expression => ({ kind: 'column', id: column.id, name: column.name, type: column.type }));
  const comparison = compareRows(analysis, name, left, right, location);
  if (comparison.type.oid !== oid.bool)
    throw analysis.error(sqlstate.datatypeMismatch, 'row comparison operator must yield type boolean', location);
  return analysis.locate(
    { kind: 'subquery', form, negated: false, plan, output: output.map(({ id }) => id), comparison, type: boolType },
    analysis.leftmost(location, left),
  );
}

/**
 * (a, b) op (SELECT x, y): the subquery yields one record, fetched once as the operand of a CASE, whose fields are compared. Without a
 * row the record is NULL, and so is every field.
 */
export function bindRowSubqueryComparison(
  scope: Scope,
  row: RowExpr,
  name: string,
  node: SubLink,
  location: number | undefined,
): Expression {
  const analysis = scope.analysis;
  const { plan, output } = bindInner(scope, node);
  const left = rowFields(scope, row);
  if (left.length < output.length) throw analysis.syntaxError('subquery has too many columns', location);
  if (left.length > output.length) throw analysis.syntaxError('subquery has too few columns', location);
  const operand = recordSubquery(scope, { plan, output });
  const right = output.map(
    (column, index): Expression => ({
      kind: 'field',
      arg: { kind: 'caseOperand', type: operand.type },
      index,
      name: column.name,
      type: column.type,
    }),
  );
  const then = compareRows(analysis, name, left, right, location);
  return analysis.locate(
    { kind: 'case', operand, branches: [{ when: trueConstant, then }], otherwise: undefined, type: boolType },
    analysis.leftmost(location, left),
  );
}

/** A subquery of several columns as one record. */
export function recordSubquery(scope: Scope, { plan, output }: BoundSelect): Expression {
  const analysis = scope.analysis;
  const id = analysis.newColumnId();
  const record: Expression = {
    kind: 'row',
    fields: output.map((column) => ({ kind: 'column', id: column.id, name: column.name, type: column.type })),
    names: output.map((column) => column.name),
    type: typeRef(oid.record),
  };
  const shape = recordShapeOf(analysis, record);
  if (shape !== undefined) analysis.shapes.set(id, shape);
  return {
    kind: 'subquery',
    form: 'scalar',
    negated: false,
    plan: { kind: 'project', input: plan, targets: [{ id, name: 'row', expression: record }] },
    output: [id],
    comparison: undefined,
    type: typeRef(oid.record),
  };
}
