/**
 * A logical plan as compact text, an operator a line, inputs indented beneath: for tests of the rules and for debugging.
 * Columns are written name#id, so that two of one name can be told apart.
 */
import { operatorByOid, procByOid } from '#sql/builtins.ts';
import type { Expression, SortKey } from '#sql/expression.ts';
import { childrenOf, someExpression } from '#sql/expression-walk.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from '../analyzer/logical-plan.ts';
import { subqueryPlan } from './expression-tree.ts';
import { expressionsOf, inputsOf } from './plan-tree.ts';

export function printLogicalPlan(plan: LogicalPlan, indent = ''): string {
  const lines = [`${indent}${describe(plan)}`];
  for (const e of expressionsOf(plan))
    someExpression(e, (inner) => {
      if (inner.kind === 'subquery')
        lines.push(`${indent}  subquery ${inner.form}:`, printLogicalPlan(subqueryPlan(inner), `${indent}    `));
      return false;
    });
  for (const input of inputsOf(plan)) lines.push(printLogicalPlan(input, `${indent}  `));
  return lines.join('\n');
}

const names = (columns: readonly OutputColumn[]) => columns.map((column) => `${column.name}#${column.id}`).join(', ');
const target = (t: NamedExpression) =>
  t.expression.kind === 'column' && t.expression.id === t.id ? print(t.expression) : `${t.name}#${t.id} := ${print(t.expression)}`;
const sortKeys = (keys: readonly SortKey[]) =>
  keys
    .map(
      (key) =>
        `${print(key.expression)}${key.descending ? ' desc' : ''}${key.nullsFirst !== key.descending ? (key.nullsFirst ? ' nulls first' : ' nulls last') : ''}`,
    )
    .join(', ');
const all = (expressions: readonly Expression[]) => expressions.map(print).join(', ');

function describe(plan: LogicalPlan): string {
  switch (plan.kind) {
    case 'oneRow':
      return 'oneRow';
    case 'scan':
      return `scan ${plan.alias}(${names(plan.columns)}${plan.keyColumn === undefined ? '' : ` key#${plan.keyColumn}`})`;
    case 'values':
      return `values(${names(plan.columns)}) ${plan.rows.map((row) => `(${all(row)})`).join(' ')}`.trimEnd();
    case 'project':
    case 'projectSet':
      return `${plan.kind} ${plan.targets.map(target).join(', ')}`;
    case 'filter':
      return `filter ${print(plan.condition)}`;
    case 'join':
      return `${plan.lateral ? 'lateral ' : ''}${plan.join} join${plan.condition === undefined ? '' : ` on ${print(plan.condition)}`}`;
    case 'aggregate': {
      const sets = plan.groupingSets === undefined ? '' : ` sets ${JSON.stringify(plan.groupingSets)}`;
      return `aggregate by [${plan.groupBy.map(target).join(', ')}]${sets} ${plan.aggregates.map((a) => `#${a.id} := ${print(a.call)}`).join(', ')}`.trimEnd();
    }
    case 'window':
      return `window ${plan.calls.map((c) => `#${c.id} := ${print(c.call)}`).join(', ')}`;
    case 'sort':
      return `sort ${sortKeys(plan.keys)}`;
    case 'limit':
      return `limit ${plan.count === undefined ? 'all' : print(plan.count)}${plan.offset === undefined ? '' : ` offset ${print(plan.offset)}`}`;
    case 'distinct':
      return plan.on === undefined ? 'distinct' : `distinct on ${all(plan.on)}`;
    case 'setOperation':
      return `${plan.operation}${plan.all ? ' all' : ''} (${names(plan.columns)}) left [${plan.leftColumns.join(' ')}] right [${plan.rightColumns.join(' ')}]`;
    case 'with':
      return `with ${plan.cte.recursive === undefined ? '' : 'recursive '}${plan.cte.name}`;
    case 'cteScan':
      return `cteScan ${plan.alias}(${names(plan.columns)})`;
    case 'functionScan':
      return `functionScan ${plan.alias} ${plan.functions.map((f) => `${print(f.call)} (${names(f.columns)})`).join(', ')}`;
    case 'lockRows':
      return `lockRows ${plan.locks.map((lock) => `${lock.table.name} ${lock.strength}`).join(', ')}`;
    case 'insert':
      return `insert ${plan.table.name}`;
    case 'update':
      return `update ${plan.table.name} ${plan.assignments.map((a) => `${a.attributeNumber} := ${print(a.expression)}`).join(', ')}`;
    case 'delete':
      return `delete ${plan.table.name}`;
  }
}

function print(e: Expression): string {
  switch (e.kind) {
    case 'constant':
      return constantText(e.value);
    case 'parameter':
      return `$${e.index}`;
    case 'column':
      return `${e.name}#${e.id}`;
    case 'outerValue':
      return `outer ${e.name}#${e.id}`;
    case 'function': {
      const { form } = e;
      if (form.kind === 'operator') {
        const name = operatorByOid(form.operator)?.name ?? `operator ${form.operator}`;
        return e.args.length === 1 ? `(${name} ${print(e.args[0])})` : `(${print(e.args[0])} ${name} ${print(e.args[1])})`;
      }
      return `${procByOid(e.function)?.name ?? e.function}(${all(e.args)})`;
    }
    case 'and':
    case 'or':
      return `(${e.args.map(print).join(` ${e.kind} `)})`;
    case 'not':
      return `(not ${print(e.arg)})`;
    case 'isNull':
      return `(${print(e.arg)} is ${e.negated ? 'not ' : ''}null)`;
    case 'booleanTest':
      return `(${print(e.arg)} is ${e.negated ? 'not ' : ''}${e.test})`;
    case 'arrayComparison':
      return `(${print(e.left)} ${operatorByOid(e.operator)?.name} ${e.quantifier} ${print(e.right)})`;
    case 'rowComparison':
      return `((${all(e.left)}) ${e.operator} (${all(e.right)}))`;
    case 'subquery':
      return `${e.negated ? 'not ' : ''}${e.form}(${e.comparison === undefined ? '' : print(e.comparison)})`;
    case 'aggregate':
    case 'window':
      return `${procByOid(e.function)?.name}(${e.isStar ? '*' : all(e.args)})${e.filter === undefined ? '' : ` filter ${print(e.filter)}`}`;
    default:
      return `${e.kind}(${all(childrenOf(e))})`;
  }
}

function constantText(value: unknown): string {
  if (value instanceof ArrayValue) return `{${value.items.map(constantText).join(',')}}`;
  return typeof value === 'string' ? `'${value}'` : String(value);
}
