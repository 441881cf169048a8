/**
 * How many rows an operator will give: guesses, in PostgreSQL's manner and with its default selectivities, better where statistics are.
 * They decide between plans and are printed by EXPLAIN; nothing depends on their truth.
 */
import { btreeStrategy, operatorByOid, procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { LogicalPlan } from '../analyzer/logical-plan.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { equalityShare, pairShare, rangeShare } from './column-selectivity.ts';
import { type ColumnStatistics, defaultTableRows, type PlannerEnvironment } from './environment.ts';
import { columnsOf, conjunctsOf, subqueryPlan } from './expression-tree.ts';
import { expressionsOf, inputsOf, outputIds } from './plan-tree.ts';

const equalitySelectivity = 0.005;
const rangeSelectivity = 1 / 3;
const boundedRangeSelectivity = 0.005;
const nullSelectivity = 0.005;
const patternSelectivity = 0.005;
const unknownSelectivity = 1 / 3;
const defaultDistinct = 200;
const defaultSetRows = 1000;
/** Longer lists are not looked up one by one. */
const fewItems = 200;

type Source = { readonly table: TableDescriptor; readonly attributeNumber: number };

/** One for each statement: knows where columns come from and how large common tables are. */
export class Estimator {
  readonly #environment: PlannerEnvironment;
  readonly #sources = new Map<ColumnId, Source>();
  readonly #commonTables = new Map<number, number>();
  readonly #known = new WeakMap<LogicalPlan, number>();

  constructor(environment: PlannerEnvironment) {
    this.#environment = environment;
  }

  /** Makes the columns of a plan's scans known. Before rows are asked for. */
  learn(plan: LogicalPlan): void {
    if (plan.kind === 'scan')
      for (const column of plan.columns) this.#sources.set(column.id, { table: plan.table, attributeNumber: column.attributeNumber });
    if (plan.kind === 'project')
      for (const target of plan.targets)
        if (target.expression.kind === 'column' && target.expression.id !== target.id) this.#aliases.set(target.id, target.expression.id);
    for (const input of inputsOf(plan)) this.learn(input);
    for (const e of expressionsOf(plan))
      someExpression(e, (inner) => {
        if (inner.kind === 'subquery') this.learn(subqueryPlan(inner));
        return false;
      });
    if (plan.kind === 'with') this.#commonTables.set(plan.cte.id, this.rows(plan.cte.plan) * (plan.cte.recursive === undefined ? 1 : 10));
  }
  readonly #aliases = new Map<ColumnId, ColumnId>();

  tableRows(table: TableDescriptor): number {
    const known = this.#environment.statistics(table.oid)?.rows;
    return Math.max(1, known ?? (table.kind === 'system' ? 100 : defaultTableRows));
  }

  rows(plan: LogicalPlan): number {
    let rows = this.#known.get(plan);
    if (rows === undefined) {
      rows = Math.max(plan.kind === 'values' ? 0 : 1, Math.round(this.#estimate(plan)));
      this.#known.set(plan, rows);
    }
    return rows;
  }

  #estimate(plan: LogicalPlan): number {
    switch (plan.kind) {
      case 'oneRow':
        return 1;
      case 'scan':
        return this.tableRows(plan.table);
      case 'values':
        return plan.rows.length;
      case 'project':
      case 'window':
      case 'sort':
      case 'lockRows':
      case 'with':
        return this.rows(plan.input);
      case 'projectSet':
        return this.rows(plan.input) * Math.max(1, ...plan.targets.map((target) => setRows(target.expression)));
      case 'filter':
        return this.rows(plan.input) * this.selectivity(plan.condition);
      case 'join':
        return this.joinRows(plan.join, this.rows(plan.left), this.rows(plan.right), plan.condition);
      case 'aggregate':
        return plan.groupBy.length === 0
          ? 1
          : this.#groups(
              plan.groupBy.map((g) => g.expression),
              this.rows(plan.input),
            );
      case 'limit': {
        const input = this.rows(plan.input);
        const offset = plan.offset?.kind === 'constant' ? Number(plan.offset.value) : 0;
        if (plan.count?.kind === 'constant' && plan.count.value !== null)
          return Math.min(Math.max(0, input - offset), Number(plan.count.value));
        return plan.count === undefined || plan.count.kind === 'constant' ? input - offset : input * 0.1;
      }
      case 'distinct': {
        const input = this.rows(plan.input);
        const keys: readonly Expression[] =
          plan.on ?? [...outputIds(plan.input)].map((id) => ({ kind: 'column', id, name: '', type: { oid: 0, typmod: -1 } }));
        return this.#groups(keys, input);
      }
      case 'setOperation': {
        const left = this.rows(plan.left);
        const right = this.rows(plan.right);
        if (plan.operation === 'union') return left + right;
        return plan.operation === 'intersect' ? Math.min(left, right) : left;
      }
      case 'cteScan':
        return this.#commonTables.get(plan.cte) ?? defaultTableRows;
      case 'functionScan':
        return Math.max(1, ...plan.functions.map((item) => setRows(item.call)));
      case 'insert':
      case 'update':
      case 'delete':
        return plan.returning === undefined ? 0 : this.rows(plan.input);
    }
  }

  joinRows(join: string, left: number, right: number, condition: Expression | undefined): number {
    const matches = left * right * (condition === undefined ? 1 : this.selectivity(condition));
    switch (join) {
      case 'left':
        return Math.max(left, matches);
      case 'right':
        return Math.max(right, matches);
      case 'full':
        return Math.max(left, right, matches);
      case 'semi':
        return condition === undefined ? left : Math.max(1, Math.min(left * 0.5, matches));
      case 'anti':
        return condition === undefined ? 1 : Math.max(1, left - Math.min(left * 0.5, matches));
      default:
        return matches;
    }
  }

  #groups(keys: readonly Expression[], inputRows: number): number {
    let groups = 1;
    for (const key of keys) {
      if (columnsOf(key).size === 0) continue;
      groups *= key.kind === 'column' ? this.distinct(key.id, inputRows) : Math.min(defaultDistinct, inputRows);
    }
    return Math.max(1, Math.min(groups, inputRows));
  }

  #source(id: ColumnId): Source | undefined {
    let at: ColumnId | undefined = id;
    for (let steps = 0; at !== undefined && steps < 20; steps++) {
      const source = this.#sources.get(at);
      if (source !== undefined) return source;
      at = this.#aliases.get(at);
    }
    return undefined;
  }

  /** Distinct values of a column among so many rows. */
  distinct(id: ColumnId, rows: number): number {
    const source = this.#source(id);
    if (source === undefined) return Math.min(defaultDistinct, rows);
    const { table, attributeNumber } = source;
    if (isUniqueColumn(table, attributeNumber)) return Math.min(this.tableRows(table), rows);
    const known = this.#environment.statistics(table.oid)?.columns.get(attributeNumber)?.distinct;
    return Math.max(1, Math.min(known ?? defaultDistinct, rows));
  }

  #statistics(id: ColumnId): ColumnStatistics | undefined {
    const source = this.#source(id);
    return source && this.#environment.statistics(source.table.oid)?.columns.get(source.attributeNumber);
  }

  /** `value`: what the column is compared with, where it is known. */
  #equality(id: ColumnId, value?: Expression): number {
    const source = this.#source(id);
    if (source === undefined) return equalitySelectivity;
    if (value?.kind === 'constant' && !isUniqueColumn(source.table, source.attributeNumber)) {
      const known = this.#statistics(id);
      if (known !== undefined) return equalityShare(known, value.value, value.type.oid);
    }
    return 1 / Math.max(1, this.distinct(id, this.tableRows(source.table)));
  }

  /** Of two columns: what of all pairs is equal, by their common values where both are known, else by the larger number of distinct ones. */
  #joinEquality(left: ColumnId, right: ColumnId, typeOid: number): number {
    const known = [this.#statistics(left), this.#statistics(right)] as const;
    const share = known[0] === undefined || known[1] === undefined ? undefined : pairShare(known[0], known[1], typeOid);
    if (share !== undefined) return share;
    const present = known.reduce((product, column) => product * (1 - (column?.nullFraction ?? 0)), 1);
    return present * Math.min(this.#equality(left), this.#equality(right));
  }

  selectivity(condition: Expression): number {
    switch (condition.kind) {
      case 'constant':
        return condition.value === true ? 1 : 0;
      case 'and': {
        let product = 1;
        const ranges = new Map<ColumnId, Expression[]>();
        for (const c of conjunctsOf(condition)) {
          const column = rangeColumn(c);
          if (column === undefined) product *= this.selectivity(c);
          else ranges.set(column, [...(ranges.get(column) ?? []), c]);
        }
        for (const [column, bounds] of ranges) product *= this.#bounded(column, bounds);
        return product;
      }
      case 'or': {
        let none = 1;
        for (const arg of condition.args) none *= 1 - this.selectivity(arg);
        return 1 - none;
      }
      case 'not':
        return 1 - this.selectivity(condition.arg);
      case 'column': {
        const known = this.#statistics(condition.id);
        return known === undefined ? 0.5 : equalityShare(known, true, condition.type.oid);
      }
      case 'isNull': {
        const source = condition.arg.kind === 'column' ? this.#source(condition.arg.id) : undefined;
        const known = source && this.#environment.statistics(source.table.oid)?.columns.get(source.attributeNumber)?.nullFraction;
        const isNull = known ?? nullSelectivity;
        return condition.negated ? 1 - isNull : isNull;
      }
      case 'booleanTest':
        return condition.test === 'true' && !condition.negated ? this.selectivity(condition.arg) : 0.5;
      case 'arrayComparison':
        return this.#arrayComparison(condition);
      case 'function':
        return this.#comparison(condition);
      case 'subquery':
        return 0.5;
      default:
        return unknownSelectivity;
    }
  }

  #arrayComparison({ left, right, operator, quantifier }: Extract<Expression, { kind: 'arrayComparison' }>): number {
    const items = right.kind === 'constant' && right.value instanceof ArrayValue ? right.value : undefined;
    const isEquality = btreeStrategy(operator)?.strategy === 3;
    const column = bareColumn(left);
    if (isEquality && quantifier === 'any' && column !== undefined && items !== undefined && items.items.length <= fewItems) {
      let share = 0;
      for (const value of items.items)
        share += this.#equality(column, { kind: 'constant', value, type: { oid: items.elementOid, typmod: -1 } });
      return Math.min(1, share);
    }
    const count = items?.items.length ?? 10;
    const one = isEquality && column !== undefined ? this.#equality(column) : rangeSelectivity;
    return quantifier === 'any' ? Math.min(1, count * one) : Math.max(0, (1 - one) ** count);
  }

  /** Two bounds on one column: what is above the lower one and below the upper one, which are not independent. */
  #bounded(column: ColumnId, bounds: readonly Expression[]): number {
    if (bounds.length === 1) return this.selectivity(bounds[0]);
    const known = this.#statistics(column);
    if (known === undefined || known.histogram.length < 2) return boundedRangeSelectivity;
    let outside = 0;
    for (const bound of bounds) outside += 1 - known.nullFraction - this.selectivity(bound);
    const inside = 1 - known.nullFraction - outside;
    return inside > 0 ? inside : boundedRangeSelectivity / 10;
  }

  #comparison(call: Extract<Expression, { kind: 'function' }>): number {
    if (call.form.kind !== 'operator' || call.args.length !== 2) return unknownSelectivity;
    const operator = operatorByOid(call.form.operator);
    const strategy = btreeStrategy(call.form.operator)?.strategy;
    const [left, right] = call.args.map(bareColumn);
    if (strategy === 3 || operator?.name === '<>') {
      const equal =
        left !== undefined && right !== undefined
          ? this.#joinEquality(left, right, call.args[0].type.oid)
          : left !== undefined || right !== undefined
            ? this.#equality(left ?? right ?? 0, call.args[left === undefined ? 0 : 1])
            : equalitySelectivity;
      return strategy === 3 ? equal : 1 - equal;
    }
    if (strategy !== undefined) {
      const value = call.args[left === undefined ? 0 : 1];
      const known = value.kind === 'constant' ? this.#statistics(left ?? right ?? -1) : undefined;
      if (known === undefined || value.kind !== 'constant') return rangeSelectivity;
      return rangeShare(known, left === undefined ? 6 - strategy : strategy, value.value, value.type.oid) ?? rangeSelectivity;
    }
    return operator?.name.includes('~') === true ? patternSelectivity : unknownSelectivity;
  }
}

function bareColumn(e: Expression): ColumnId | undefined {
  if (e.kind === 'relabel') return bareColumn(e.arg);
  return e.kind === 'column' ? e.id : undefined;
}

function rangeColumn(e: Expression): ColumnId | undefined {
  if (e.kind !== 'function' || e.form.kind !== 'operator' || e.args.length !== 2) return undefined;
  const strategy = btreeStrategy(e.form.operator)?.strategy;
  if (strategy === undefined || strategy === 3) return undefined;
  const [left, right] = e.args.map(bareColumn);
  return left === undefined ? right : right === undefined ? left : undefined;
}

function setRows(e: Expression): number {
  let rows = 1;
  someExpression(e, (inner) => {
    if (inner.kind === 'function' && inner.returnsSet) rows = Math.max(rows, callRows(inner));
    return false;
  });
  return rows;
}

function callRows(call: Extract<Expression, { kind: 'function' }>): number {
  const numbers = call.args.map((arg) => (arg.kind === 'constant' && typeof arg.value === 'number' ? arg.value : undefined));
  if (procByOid(call.function)?.name === 'generate_series') {
    const [start, stop, step = 1] = numbers;
    if (start !== undefined && stop !== undefined && step !== 0) return Math.max(1, Math.floor((stop - start) / step) + 1);
    return defaultSetRows;
  }
  const array = call.args[0];
  if (array?.kind === 'constant' && array.value instanceof ArrayValue) return Math.max(1, array.value.items.length);
  return procByOid(call.function)?.name === 'unnest' ? 10 : 100;
}

export function isUniqueColumn(table: TableDescriptor, attributeNumber: number): boolean {
  const key = table.primaryKey?.attributeNumbers;
  if (key?.length === 1 && key[0] === attributeNumber) return true;
  return table.indexes.some(
    (index) =>
      index.isUnique &&
      index.state === 'valid' &&
      index.predicateText === undefined &&
      index.keys.length === 1 &&
      index.keys[0].attributeNumber === attributeNumber,
  );
}
