/** How EXPLAIN writes the columns of a plan: by relation where there are several, by their expression where they are computed. */
import { procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { deparseExpression } from '../analyzer/deparse.ts';
import type { NamedExpression, OutputColumn } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from './physical-plan.ts';
import { childPlans } from './physical-tree.ts';

export const quoteName = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

type Apply = Extract<PhysicalPlan, { kind: 'apply' }>;

/** Run once, before the rows, for one value. */
export const isInitPlan = (plan: Apply): boolean => plan.bindings.length === 0 && plan.form !== 'any' && plan.form !== 'all';

/** Deeper nested names (a sum of a sum of ...) would only repeat each other. */
const nestingMax = 8;

export class PlanNames {
  readonly #columns = new Map<ColumnId, { readonly relation: string; readonly name: string }>();
  readonly #computed = new Map<ColumnId, Expression>();
  readonly #given = new Map<ColumnId, string>();
  readonly #subplans = new Map<PhysicalPlan, number>();
  #relations = 0;
  #nesting = 0;
  #isOwn = false;

  readonly #isVerbose: boolean;
  #isOutput = false;

  constructor(plan: PhysicalPlan, isVerbose: boolean) {
    this.#isVerbose = isVerbose;
    this.#learn(plan);
  }

  text(e: Expression): string {
    return deparseExpression(e, (id: ColumnId) => this.#nameOf(id));
  }

  /** As the operator that computes the columns says it itself: count(*), where others above say (count(*)). */
  ownText(e: Expression): string {
    this.#isOwn = true;
    const text = this.text(e);
    this.#isOwn = false;
    return text;
  }

  /** For the Output lines, which even VERBOSE does not qualify where there is one relation. `isOwn`: as `ownText`. */
  outputText(e: Expression, isOwn: boolean): string {
    this.#isOutput = true;
    const text = isOwn ? this.ownText(e) : this.text(e);
    this.#isOutput = false;
    return text;
  }

  functionName(call: Expression): string {
    return call.kind === 'function' ? (procByOid(call.function)?.name ?? '?') : 'function';
  }

  #nameOf(id: ColumnId): string {
    const given = this.#given.get(id);
    if (given !== undefined) return given;
    const column = this.#columns.get(id);
    if (column !== undefined)
      return this.#relations > 1 || (this.#isVerbose && !this.#isOutput)
        ? `${quoteName(column.relation)}.${quoteName(column.name)}`
        : quoteName(column.name);
    const computed = this.#computed.get(id);
    if (computed === undefined || this.#nesting >= nestingMax) return `?column${id}?`;
    this.#nesting++;
    try {
      const text = this.text(computed);
      return this.#isOwn || computed.kind === 'column' || computed.kind === 'constant' || text.startsWith('(') ? text : `(${text})`;
    } finally {
      this.#nesting--;
    }
  }

  #relation(name: string, columns: readonly OutputColumn[]): void {
    this.#relations++;
    for (const column of columns) this.#columns.set(column.id, { relation: name, name: column.name });
  }

  /** Columns that a scan's conditions name and its output need not have. */
  #conditionColumns(relation: string, condition: Expression | undefined): void {
    if (condition === undefined) return;
    someExpression(condition, (inner) => {
      if (inner.kind === 'column' && !this.#columns.has(inner.id)) this.#columns.set(inner.id, { relation, name: inner.name });
      return false;
    });
  }

  #targets(targets: readonly NamedExpression[]): void {
    for (const { id, expression } of targets) if (expression.kind !== 'column' || expression.id !== id) this.#computed.set(id, expression);
  }

  #learn(plan: PhysicalPlan): void {
    switch (plan.kind) {
      case 'tableScan':
      case 'indexScan':
        this.#relation(plan.alias, plan.output);
        this.#conditionColumns(plan.alias, plan.access?.conditions);
        this.#conditionColumns(plan.alias, plan.filter);
        break;
      case 'systemScan':
        this.#relation(plan.alias, plan.output);
        this.#conditionColumns(plan.alias, plan.filter);
        break;
      case 'cteScan':
      case 'functionScan':
        this.#relation(plan.alias, plan.output);
        break;
      case 'values':
        this.#relation(
          '*VALUES*',
          plan.output.map((column, at) => ({ ...column, name: `column${at + 1}` })),
        );
        break;
      case 'lookupJoin':
        this.#relation(plan.alias, plan.innerColumns);
        break;
      case 'project':
      case 'projectSet':
      case 'await':
        this.#targets(plan.targets);
        break;
      case 'aggregate':
        this.#targets(plan.groupBy);
        for (const { id, call } of plan.aggregates) this.#computed.set(id, call);
        for (const { id } of plan.groupings) this.#given.set(id, 'GROUPING()');
        break;
      case 'window':
        for (const { id, call } of plan.calls) this.#computed.set(id, call);
        break;
      case 'setOperation': {
        const left = new Map(plan.left.output.map((column) => [column.id, column]));
        for (const [i, column] of plan.output.entries()) {
          const source = left.get(plan.leftColumns[i]);
          if (source !== undefined) this.#computed.set(column.id, { kind: 'column', id: source.id, type: source.type, name: source.name });
        }
        break;
      }
      case 'delete':
        this.#targets(plan.returning ?? []);
        break;
      case 'insert':
      case 'update':
        this.#targets(plan.returning ?? []);
        for (const column of plan.newColumns) this.#columns.set(column.id, { relation: plan.table.name, name: column.name });
        break;
    }
    for (const input of childPlans(plan)) this.#learn(input);
    if (plan.kind === 'apply') this.#nameSubplan(plan);
  }

  /** Numbers subplans from the inside out, as PostgreSQL does. */
  #nameSubplan(plan: Apply): void {
    const number = this.#subplans.size + 1;
    this.#subplans.set(plan, number);
    const text = isInitPlan(plan) ? `$${number - 1}` : plan.bindings.length === 0 ? `(hashed SubPlan ${number})` : `(SubPlan ${number})`;
    this.#given.set(plan.result.id, text);
  }

  subplanNumber(plan: Apply): number {
    return this.#subplans.get(plan) ?? 0;
  }
}
