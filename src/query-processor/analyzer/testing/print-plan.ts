/** A bound plan as indented lines, for tests that show what a statement becomes. Columns are printed as name#id. */
import type { ColumnId, Expression, SortKey } from '#sql/expression.ts';
import { formatType } from '#sql/types/registry.ts';
import { deparseExpression, deparseSortKey } from '../deparse.ts';
import type { BoundQuery, FrameBound, LogicalPlan, NamedExpression, OutputColumn } from '../logical-plan.ts';
import { columnsIn, forEachExpressionIn, planOf } from '../walk.ts';

export function printQuery(query: BoundQuery): string {
  const printer = new Printer();
  printer.learn(query.plan);
  const output = query.output.map(({ id, name, type }) => `${name}#${id} ${formatType(type)}`).join(', ');
  const parameters = query.parameterTypes.map((type, at) => `$${at + 1} ${formatType(type)}`).join(', ');
  const head = [`output: ${output}`, ...(parameters === '' ? [] : [`parameters: ${parameters}`]), ...(query.isReadOnly ? [] : ['writes'])];
  return [...head, ...printer.print(query.plan, 0)].join('\n');
}

class Printer {
  readonly #names = new Map<ColumnId, string>();

  learn(plan: LogicalPlan): void {
    forEachExpressionIn(plan, (expression) => columnsIn(expression, ({ id, name }) => this.#names.set(id, name)));
  }

  #text(expression: Expression): string {
    return deparseExpression(expression, (id) => `${this.#names.get(id) ?? ''}#${id}`, {
      subquery: (subquery) =>
        `{${subquery.comparison === undefined ? '' : `${this.#text(subquery.comparison)} `}${subquery.form}\n${this.print(planOf(subquery), 4).join('\n')}}`,
    });
  }

  #keys(keys: readonly SortKey[]): string {
    return keys.map((key) => deparseSortKey(key, (id) => `${this.#names.get(id) ?? ''}#${id}`)).join(', ');
  }

  #named(targets: readonly NamedExpression[]): string {
    return targets
      .map(({ id, expression }) =>
        expression.kind === 'column' && expression.id === id ? this.#text(expression) : `#${id} = ${this.#text(expression)}`,
      )
      .join(', ');
  }

  #assigned(values: readonly { readonly attributeNumber: number; readonly expression: Expression }[]): string {
    return values.map(({ attributeNumber, expression }) => `${attributeNumber} := ${this.#text(expression)}`).join(', ');
  }

  #frame(bound: FrameBound): string {
    return 'offset' in bound ? `${this.#text(bound.offset)} ${bound.kind}` : bound.kind;
  }

  print(plan: LogicalPlan, depth: number): string[] {
    const line = (text: string, ...below: LogicalPlan[]): string[] => [
      `${'  '.repeat(depth)}${text}`,
      ...below.flatMap((child) => this.print(child, depth + 1)),
    ];
    const columns = (list: readonly OutputColumn[]): string => list.map(({ id, name }) => `${name}#${id}`).join(', ');
    switch (plan.kind) {
      case 'oneRow':
        return line('one row');
      case 'scan':
        return line(
          `scan ${plan.table.name} ${plan.alias}: ${columns(plan.columns)}${plan.keyColumn === undefined ? '' : `, key#${plan.keyColumn}`}`,
        );
      case 'values':
        return line(
          `values ${columns(plan.columns)}: ${plan.rows.map((row) => `(${row.map((item) => this.#text(item)).join(', ')})`).join(' ')}`,
        );
      case 'project':
        return line(`project ${this.#named(plan.targets)}`, plan.input);
      case 'projectSet':
        return line(`project set ${this.#named(plan.targets)}`, plan.input);
      case 'filter':
        return line(`filter ${this.#text(plan.condition)}`, plan.input);
      case 'join':
        return line(
          `${plan.join} join${plan.lateral ? ' lateral' : ''}${plan.condition === undefined ? '' : ` on ${this.#text(plan.condition)}`}`,
          plan.left,
          plan.right,
        );
      case 'aggregate': {
        const sets = plan.groupingSets === undefined ? '' : ` sets ${JSON.stringify(plan.groupingSets)}`;
        const calls = plan.aggregates.map(({ id, call }) => `#${id} = ${this.#text(call)}`).join(', ');
        const groupings = plan.groupings.map(({ id, args }) => ` grouping #${id} ${JSON.stringify(args)}`).join('');
        return line(`aggregate by (${this.#named(plan.groupBy)})${sets}: ${calls}${groupings}`, plan.input);
      }
      case 'window': {
        const windows = plan.specifications
          .map(
            ({ partitionBy, orderBy, frame }) =>
              `[partition ${partitionBy.map((item) => this.#text(item)).join(', ')} order ${this.#keys(orderBy)} ${frame.mode} ${this.#frame(frame.start)} to ${this.#frame(frame.end)} ${frame.exclusion}]`,
          )
          .join(' ');
        const calls = plan.calls.map(({ id, call }) => `#${id} = ${this.#text(call)}/${call.specification}`).join(', ');
        return line(`window ${windows}: ${calls}`, plan.input);
      }
      case 'sort':
        return line(`sort ${this.#keys(plan.keys)}`, plan.input);
      case 'limit':
        return line(
          `limit ${plan.count === undefined ? 'all' : this.#text(plan.count)} offset ${plan.offset === undefined ? '0' : this.#text(plan.offset)}${plan.withTies === undefined ? '' : ` ties ${this.#keys(plan.withTies)}`}`,
          plan.input,
        );
      case 'distinct':
        return line(`distinct${plan.on === undefined ? '' : ` on ${plan.on.map((item) => this.#text(item)).join(', ')}`}`, plan.input);
      case 'setOperation':
        return line(
          `${plan.operation}${plan.all ? ' all' : ''} ${columns(plan.columns)} from #${plan.leftColumns.join(' #')} and #${plan.rightColumns.join(' #')}`,
          plan.left,
          plan.right,
        );
      case 'with': {
        const { cte } = plan;
        const facts = `${cte.modifies ? ' modifies' : ''}${cte.materialized === undefined ? '' : ` materialized ${cte.materialized}`} x${cte.referenceCount}`;
        const recursive = cte.recursive === undefined ? [] : [cte.recursive.plan];
        return line(
          `with ${cte.id} ${cte.name} (${cte.columns.map(({ name }) => name).join(', ')}) from #${cte.planColumns.join(' #')}${facts}`,
          cte.plan,
          ...recursive,
          plan.input,
        );
      }
      case 'cteScan':
        return line(`cte ${plan.cte} ${plan.alias}: ${columns(plan.columns)}`);
      case 'functionScan': {
        const calls = plan.functions.map(({ call, columns: own }) => `${this.#text(call)} as ${columns(own)}`).join(', ');
        return line(`function ${plan.alias}: ${calls}${plan.ordinality === undefined ? '' : ` ordinality#${plan.ordinality.id}`}`);
      }
      case 'lockRows':
        return line(
          `lock ${plan.locks.map(({ table, keyColumn, strength }) => `${table.name} key#${keyColumn} ${strength}`).join(', ')}`,
          plan.input,
        );
      case 'insert': {
        const checks = plan.checks.map(({ name, condition }) => ` check ${name} ${this.#text(condition)}`).join('');
        const generated = plan.generated.length === 0 ? '' : ` generated ${this.#assigned(plan.generated)}`;
        const conflict = plan.onConflict;
        const action =
          conflict === undefined
            ? ''
            : conflict.action.kind === 'nothing'
              ? ` on conflict x${conflict.arbiters.length} nothing`
              : ` on conflict x${conflict.arbiters.length} (${columns(conflict.action.existing)}; excluded ${columns(conflict.action.excluded)}) set ${this.#assigned(conflict.action.assignments)}${conflict.action.where === undefined ? '' : ` where ${this.#text(conflict.action.where)}`}`;
        return line(
          `insert ${plan.table.name} (${columns(plan.newColumns)}) ${this.#assigned(plan.values)}${generated}${checks}${action}${this.#returning(plan.returning)}`,
          plan.input,
        );
      }
      case 'update':
        return line(
          `update ${plan.table.name} key#${plan.keyColumn} (${columns(plan.newColumns)}) ${this.#assigned(plan.assignments)}${this.#returning(plan.returning)}`,
          plan.input,
        );
      case 'delete':
        return line(`delete ${plan.table.name} key#${plan.keyColumn}${this.#returning(plan.returning)}`, plan.input);
    }
  }

  #returning(returning: readonly NamedExpression[] | undefined): string {
    return returning === undefined ? '' : ` returning ${this.#named(returning)}`;
  }
}
