/**
 * Walking logical plans: inputs, expressions, output columns, free columns.
 *
 *   L1  mapInputs and mapExpressions return the same object where nothing has changed.
 *   L2  outputOf is the one answer to "which columns does this operator give, in which order".
 */
import type { ColumnId, Expression } from '#sql/expression.ts';
import { mapHolders, mapList, mapOptional, mapSortKeys } from '#sql/expression-walk.ts';
import { rowKeyType } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import type { FrameBound, LogicalPlan, NamedExpression, OnConflict, OutputColumn } from '../analyzer/logical-plan.ts';
import { collectColumns } from './expression-tree.ts';

/** Rebuilds an operator over mapped inputs. The definitions of common tables are inputs too; plans of subquery expressions are not. */
export function mapInputs(plan: LogicalPlan, f: (input: LogicalPlan) => LogicalPlan): LogicalPlan {
  switch (plan.kind) {
    case 'oneRow':
    case 'scan':
    case 'values':
    case 'cteScan':
    case 'functionScan':
      return plan;
    case 'project':
    case 'projectSet':
    case 'filter':
    case 'aggregate':
    case 'window':
    case 'sort':
    case 'limit':
    case 'distinct':
    case 'lockRows':
    case 'insert':
    case 'update':
    case 'delete': {
      const input = f(plan.input);
      return input === plan.input ? plan : { ...plan, input };
    }
    case 'join':
    case 'setOperation': {
      const left = f(plan.left);
      const right = f(plan.right);
      return left === plan.left && right === plan.right ? plan : { ...plan, left, right };
    }
    case 'with': {
      const definition = f(plan.cte.plan);
      const recursive = plan.cte.recursive;
      const step = recursive === undefined ? undefined : f(recursive.plan);
      const input = f(plan.input);
      const cte =
        definition === plan.cte.plan && step === recursive?.plan
          ? plan.cte
          : {
              ...plan.cte,
              plan: definition,
              recursive: recursive === undefined || step === undefined ? undefined : { ...recursive, plan: step },
            };
      return cte === plan.cte && input === plan.input ? plan : { ...plan, cte, input };
    }
  }
}

export function inputsOf(plan: LogicalPlan): readonly LogicalPlan[] {
  const inputs: LogicalPlan[] = [];
  mapInputs(plan, (input) => {
    inputs.push(input);
    return input;
  });
  return inputs;
}

function mapReturning(returning: readonly NamedExpression[] | undefined, f: (e: Expression) => Expression) {
  return returning === undefined ? undefined : mapHolders(returning, f);
}

function mapConflict(conflict: OnConflict | undefined, f: (e: Expression) => Expression): OnConflict | undefined {
  if (conflict?.action.kind !== 'update') return conflict;
  const assignments = mapHolders(conflict.action.assignments, f);
  const where = mapOptional(conflict.action.where, f);
  return assignments === conflict.action.assignments && where === conflict.action.where
    ? conflict
    : { ...conflict, action: { ...conflict.action, assignments, where } };
}

function mapBound(bound: FrameBound, f: (e: Expression) => Expression): FrameBound {
  if (bound.kind !== 'preceding' && bound.kind !== 'following') return bound;
  const offset = f(bound.offset);
  return offset === bound.offset ? bound : { ...bound, offset };
}

/** Rebuilds an operator over its own mapped expressions (inputs untouched). */
export function mapExpressions(plan: LogicalPlan, f: (e: Expression) => Expression): LogicalPlan {
  switch (plan.kind) {
    case 'oneRow':
    case 'scan':
    case 'cteScan':
    case 'setOperation':
    case 'with':
    case 'lockRows':
      return plan;
    case 'values': {
      const rows = mapList(plan.rows, (row) => mapList(row, f));
      return rows === plan.rows ? plan : { ...plan, rows };
    }
    case 'project':
    case 'projectSet': {
      const targets = mapHolders(plan.targets, f);
      return targets === plan.targets ? plan : { ...plan, targets };
    }
    case 'filter': {
      const condition = f(plan.condition);
      return condition === plan.condition ? plan : { ...plan, condition };
    }
    case 'join': {
      const condition = mapOptional(plan.condition, f);
      return condition === plan.condition ? plan : { ...plan, condition };
    }
    case 'aggregate': {
      const groupBy = mapHolders(plan.groupBy, f);
      const aggregates = mapList(plan.aggregates, (aggregate) => {
        const call = f(aggregate.call);
        return call === aggregate.call || call.kind !== 'aggregate' ? aggregate : { ...aggregate, call };
      });
      return groupBy === plan.groupBy && aggregates === plan.aggregates ? plan : { ...plan, groupBy, aggregates };
    }
    case 'window': {
      const specifications = mapList(plan.specifications, (specification) => {
        const partitionBy = mapList(specification.partitionBy, f);
        const orderBy = mapSortKeys(specification.orderBy, f);
        const start = mapBound(specification.frame.start, f);
        const end = mapBound(specification.frame.end, f);
        const frame =
          start === specification.frame.start && end === specification.frame.end
            ? specification.frame
            : { ...specification.frame, start, end };
        return partitionBy === specification.partitionBy && orderBy === specification.orderBy && frame === specification.frame
          ? specification
          : { ...specification, partitionBy, orderBy, frame };
      });
      const calls = mapList(plan.calls, (entry) => {
        const call = f(entry.call);
        return call === entry.call || call.kind !== 'window' ? entry : { ...entry, call };
      });
      return specifications === plan.specifications && calls === plan.calls ? plan : { ...plan, specifications, calls };
    }
    case 'sort': {
      const keys = mapSortKeys(plan.keys, f);
      return keys === plan.keys ? plan : { ...plan, keys };
    }
    case 'limit': {
      const count = mapOptional(plan.count, f);
      const offset = mapOptional(plan.offset, f);
      const withTies = plan.withTies === undefined ? undefined : mapSortKeys(plan.withTies, f);
      return count === plan.count && offset === plan.offset && withTies === plan.withTies ? plan : { ...plan, count, offset, withTies };
    }
    case 'distinct': {
      const on = plan.on === undefined ? undefined : mapList(plan.on, f);
      return on === plan.on ? plan : { ...plan, on };
    }
    case 'functionScan': {
      const functions = mapList(plan.functions, (item) => {
        const call = f(item.call);
        return call === item.call ? item : { ...item, call };
      });
      return functions === plan.functions ? plan : { ...plan, functions };
    }
    case 'insert': {
      const values = mapHolders(plan.values, f);
      const generated = mapHolders(plan.generated, f);
      const checks = mapList(plan.checks, (check) => {
        const condition = f(check.condition);
        return condition === check.condition ? check : { ...check, condition };
      });
      const onConflict = mapConflict(plan.onConflict, f);
      const returning = mapReturning(plan.returning, f);
      return values === plan.values &&
        generated === plan.generated &&
        checks === plan.checks &&
        onConflict === plan.onConflict &&
        returning === plan.returning
        ? plan
        : { ...plan, values, generated, checks, onConflict, returning };
    }
    case 'update': {
      const assignments = mapHolders(plan.assignments, f);
      const generated = mapHolders(plan.generated, f);
      const checks = mapList(plan.checks, (check) => {
        const condition = f(check.condition);
        return condition === check.condition ? check : { ...check, condition };
      });
      const returning = mapReturning(plan.returning, f);
      return assignments === plan.assignments && generated === plan.generated && checks === plan.checks && returning === plan.returning
        ? plan
        : { ...plan, assignments, generated, checks, returning };
    }
    case 'delete': {
      const returning = mapReturning(plan.returning, f);
      return returning === plan.returning ? plan : { ...plan, returning };
    }
  }
}

export const expressionsOf = (plan: LogicalPlan): readonly Expression[] => {
  const found: Expression[] = [];
  mapExpressions(plan, (e) => {
    found.push(e);
    return e;
  });
  return found;
};

export const computedColumn = (target: NamedExpression): OutputColumn => ({
  id: target.id,
  name: target.name,
  type: target.expression.type,
  tableOid: 0,
  attributeNumber: 0,
});

/** The pseudo-column of a row's key. */
export const keyOutput = (id: ColumnId): OutputColumn => ({
  id,
  name: '(key)',
  type: rowKeyType,
  tableOid: 0,
  attributeNumber: 0,
});

const outputs = new WeakMap<LogicalPlan, readonly OutputColumn[]>();

/** L2. */
export function outputOf(plan: LogicalPlan): readonly OutputColumn[] {
  let output = outputs.get(plan);
  if (output === undefined) {
    output = computeOutput(plan);
    outputs.set(plan, output);
  }
  return output;
}

function computeOutput(plan: LogicalPlan): readonly OutputColumn[] {
  switch (plan.kind) {
    case 'oneRow':
      return [];
    case 'scan':
      return plan.keyColumn === undefined ? plan.columns : [...plan.columns, keyOutput(plan.keyColumn)];
    case 'values':
    case 'setOperation':
    case 'cteScan':
      return plan.columns;
    case 'project':
    case 'projectSet': {
      return projectedColumns(plan.targets, outputOf(plan.input));
    }
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinct':
    case 'with':
    case 'lockRows':
      return outputOf(plan.input);
    case 'join':
      return plan.join === 'semi' || plan.join === 'anti' ? outputOf(plan.left) : [...outputOf(plan.left), ...outputOf(plan.right)];
    case 'aggregate':
      return [
        ...plan.groupBy.map(computedColumn),
        ...plan.aggregates.map(({ id, call }) => ({ id, name: 'aggregate', type: call.type, tableOid: 0, attributeNumber: 0 })),
        ...plan.groupings.map(({ id }) => ({
          id,
          name: 'grouping',
          type: { oid: oid.int4, typmod: -1 },
          tableOid: 0,
          attributeNumber: 0,
        })),
      ];
    case 'window':
      return [
        ...outputOf(plan.input),
        ...plan.calls.map(({ id, call }) => ({ id, name: 'window', type: call.type, tableOid: 0, attributeNumber: 0 })),
      ];
    case 'functionScan':
      return [...plan.functions.flatMap((item) => item.columns), ...(plan.ordinality === undefined ? [] : [plan.ordinality])];
    case 'insert':
    case 'update':
    case 'delete':
      return plan.returning === undefined ? [] : plan.returning.map(computedColumn);
  }
}

/** Output of a projection: a column passed on keeps where it comes from. */
export function projectedColumns(targets: readonly NamedExpression[], input: readonly OutputColumn[]): readonly OutputColumn[] {
  return targets.map((target) => {
    const { expression } = target;
    const source = expression.kind === 'column' ? input.find((column) => column.id === expression.id) : undefined;
    return source === undefined ? computedColumn(target) : { ...source, id: target.id, name: target.name };
  });
}

const idSets = new WeakMap<readonly OutputColumn[], ReadonlySet<ColumnId>>();

export function outputIds(plan: LogicalPlan): ReadonlySet<ColumnId> {
  const output = outputOf(plan);
  let ids = idSets.get(output);
  if (ids === undefined) {
    ids = new Set(output.map((column) => column.id));
    idSets.set(output, ids);
  }
  return ids;
}

export const columnRef = (column: OutputColumn): Extract<Expression, { kind: 'column' }> => ({
  kind: 'column',
  id: column.id,
  type: column.type,
  name: column.name,
});

const freeCache = new WeakMap<LogicalPlan, ReadonlySet<ColumnId>>();

/** Columns that a plan names but does not make: those of the queries around it. */
export function freeColumns(plan: LogicalPlan): ReadonlySet<ColumnId> {
  const known = freeCache.get(plan);
  if (known !== undefined) return known;
  const named = new Set<ColumnId>();
  for (const e of expressionsOf(plan)) collectColumns(e, named);
  if (plan.kind === 'lockRows') for (const lock of plan.locks) named.add(lock.keyColumn);
  if (plan.kind === 'update' || plan.kind === 'delete') named.add(plan.keyColumn);
  const free = new Set<ColumnId>();
  const made = new Set<ColumnId>();
  for (const input of inputsOf(plan)) {
    for (const id of freeColumns(input)) named.add(id);
    for (const id of outputIds(input)) made.add(id);
  }
  for (const column of ownColumns(plan)) made.add(column);
  for (const id of named) if (!made.has(id)) free.add(id);
  freeCache.set(plan, free);
  return free;
}

/** Ids that an operator brings into being for its own expressions, beside its inputs' columns. */
function ownColumns(plan: LogicalPlan): ColumnId[] {
  switch (plan.kind) {
    case 'insert': {
      const action = plan.onConflict?.action;
      const conflict = action?.kind === 'update' ? [...action.existing, ...action.excluded] : [];
      return [...plan.newColumns, ...conflict].map((column) => column.id);
    }
    case 'update':
      return [...plan.newColumns, ...plan.oldColumns].map((column) => column.id);
    case 'delete':
      return plan.oldColumns.map((column) => column.id);
    default:
      return [];
  }
}
