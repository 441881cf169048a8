/**
 * Folds constants and brings conditions into a plain form: flat AND and OR, NOT pushed down to operators, tests of known outcome
 * decided. Conditions that can never hold leave an empty relation.
 *
 * Before all rules that look at conditions, which then meet one form of each only.
 */
import { operatorByOid, procByOid } from '#sql/builtins.ts';
import type { Expression } from '#sql/expression.ts';
import { childrenOf } from '#sql/expression-walk.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import {
  boolean,
  conjunction,
  conjunctsOf,
  constantFalse,
  constantNull,
  constantTrue,
  isConstant,
  isNeverTrue,
  isTrue,
  isVolatile,
  rewrite,
} from '../expression-tree.ts';
import { foldConstants, isFoldable, throwFailed } from '../fold-constants.ts';
import { mapExpressions, mapInputs, outputOf } from '../plan-tree.ts';
import type { Rule } from './rule.ts';

export const simplifyExpressions: Rule = { name: 'simplify-expressions', apply: (plan) => simplifyPlan(plan) };

function simplifyPlan(plan: LogicalPlan): LogicalPlan {
  const mapped = mapExpressions(mapInputs(plan, simplifyPlan), simplify);
  return simplifyOperator(mapped);
}

export const emptyRelation = (plan: LogicalPlan): LogicalPlan => ({ kind: 'values', columns: outputOf(plan), rows: [] });
export const isEmptyRelation = (plan: LogicalPlan): boolean => plan.kind === 'values' && plan.rows.length === 0;

function simplifyOperator(plan: LogicalPlan): LogicalPlan {
  switch (plan.kind) {
    case 'filter': {
      const condition = conjunction(conjunctsOf(plan.condition));
      if (condition === undefined) return plan.input;
      if (conjunctsOf(condition).some(isNeverTrue) && !conjunctsOf(condition).some(isVolatile)) return emptyRelation(plan.input);
      if (isEmptyRelation(plan.input)) return plan.input;
      return condition === plan.condition ? plan : { ...plan, condition };
    }
    case 'join': {
      const conditions = conjunctsOf(plan.condition);
      const condition = conditions.some(isNeverTrue) && !conditions.some(isVolatile) ? constantFalse : conjunction(conditions);
      const matchesNothing = condition === constantFalse || isEmptyRelation(plan.right);
      if (plan.join === 'inner' && (matchesNothing || isEmptyRelation(plan.left))) return emptyRelation(plan);
      if (plan.join === 'semi' && matchesNothing) return emptyRelation(plan);
      if (plan.join === 'anti' && matchesNothing) return plan.left;
      if (plan.join !== 'right' && plan.join !== 'full' && isEmptyRelation(plan.left)) return emptyRelation(plan);
      return condition === plan.condition ? plan : { ...plan, condition };
    }
    case 'project':
    case 'sort':
    case 'limit':
    case 'distinct':
      return isEmptyRelation(plan.input) ? emptyRelation(plan) : plan;
    default:
      return plan;
  }
}

/** Bottom-up; plans of subqueries are simplified as plans. */
export function simplify(e: Expression): Expression {
  const rewritten = rewrite(e, simplifyNode);
  if (hasFailed(rewritten)) throwFailed(rewritten);
  return simplifySubqueries(rewritten);
}

function simplifySubqueries(e: Expression): Expression {
  return rewrite(e, (inner) => {
    if (inner.kind !== 'subquery') return inner;
    const before = inner.plan as LogicalPlan;
    const plan = simplifyOperators(before);
    return plan === before ? inner : { ...inner, plan };
  });
}

function simplifyOperators(plan: LogicalPlan): LogicalPlan {
  return simplifyOperator(mapInputs(plan, simplifyOperators));
}

function simplifyNode(e: Expression): Expression {
  switch (e.kind) {
    case 'and':
      return simplifyConnective(e.args, 'and');
    case 'or':
      return simplifyConnective(e.args, 'or');
    case 'not':
      return negate(e.arg) ?? foldConstants(e);
    case 'function': {
      const proc = procByOid(e.function);
      if (
        proc?.strict === true &&
        proc.kind === 'f' &&
        !e.returnsSet &&
        e.args.some((arg) => arg.kind === 'constant' && arg.value === null) &&
        !e.args.some(hasFailed)
      )
        return { kind: 'constant', value: null, type: e.type };
      return simplifyBooleanEquality(e) ?? foldConstants(e);
    }
    case 'coalesce': {
      const args = e.args.filter((arg) => !(arg.kind === 'constant' && arg.value === null));
      const known = args.findIndex(isConstant);
      const kept = known < 0 ? args : args.slice(0, known + 1);
      if (kept.length === 0) return { kind: 'constant', value: null, type: e.type };
      if (kept.length === 1 && sameType(kept[0], e)) return kept[0];
      return kept.length === e.args.length ? e : { ...e, args: kept };
    }
    case 'case':
      return simplifyCase(e);
    case 'isNull':
      // A row value is null field by field; one constant of the other kind decides.
      if (
        e.arg.kind === 'row' &&
        e.arg.fields.some((field) => field.kind === 'constant' && (field.value === null) === e.negated) &&
        !e.arg.fields.some(hasFailed)
      )
        return constantFalse;
      return isConstant(e.arg) ? foldConstants(e) : e;
    default:
      return foldConstants(e);
  }
}

/** Whether an expression over constants stands in it that folding has left because it fails: PostgreSQL tells of it even where NULL decides. */
function hasFailed(e: Expression): boolean {
  return isFoldable(e) || childrenOf(e).some(hasFailed);
}

const sameType = (a: Expression, b: Expression) => a.type.oid === b.type.oid && a.type.typmod === b.type.typmod;

function simplifyConnective(args: readonly Expression[], kind: 'and' | 'or'): Expression {
  const [neutral, decisive] = kind === 'and' ? [true, false] : [false, true];
  const kept: Expression[] = [];
  for (const arg of args) {
    const parts = arg.kind === kind ? arg.args : [arg];
    for (const part of parts) {
      if (part.kind === 'constant' && part.value === neutral) continue;
      if (part.kind === 'constant' && part.value === decisive && !kept.some(hasFailed)) return decisive ? constantTrue : constantFalse;
      kept.push(part);
    }
  }
  if (kept.length === 0) return neutral ? constantTrue : constantFalse;
  if (kept.every((part) => part.kind === 'constant' && part.value === null)) return constantNull;
  return kept.length === 1 ? kept[0] : { kind, args: kept, type: boolean };
}

/** NOT pushed into its argument, where that has an exact opposite. */
function negate(arg: Expression): Expression | undefined {
  switch (arg.kind) {
    case 'not':
      return arg.arg;
    case 'isNull':
      // Of a row IS NOT NULL is more than the opposite: every field has a value.
      return isComposite(arg.arg.type.oid) ? undefined : { ...arg, negated: !arg.negated };
    case 'booleanTest':
    case 'distinct':
      return { ...arg, negated: !arg.negated };
    case 'and':
    case 'or':
      return simplifyConnective(
        arg.args.map((part) => negate(part) ?? foldConstants({ kind: 'not', arg: part, type: boolean })),
        arg.kind === 'and' ? 'or' : 'and',
      );
    case 'function': {
      if (arg.form.kind !== 'operator') return undefined;
      const negator = operatorByOid(operatorByOid(arg.form.operator)?.negator ?? 0);
      if (negator === undefined || negator.function === 0) return undefined;
      return { ...arg, function: negator.function, form: { kind: 'operator', operator: negator.oid } };
    }
    case 'arrayComparison': {
      const negator = operatorByOid(operatorByOid(arg.operator)?.negator ?? 0);
      if (negator === undefined) return undefined;
      return { ...arg, quantifier: arg.quantifier === 'any' ? 'all' : 'any', operator: negator.oid, function: negator.function };
    }
    default:
      return undefined;
  }
}

/** booleq's and boolne's pg_proc oids: `x = true` is x. */
const booleanEquals = 60;
const booleanNotEquals = 84;

function simplifyBooleanEquality(e: Extract<Expression, { kind: 'function' }>): Expression | undefined {
  if (e.function !== booleanEquals && e.function !== booleanNotEquals) return undefined;
  const known = e.args.find(isConstant);
  const other = e.args.find((arg) => !isConstant(arg));
  if (known === undefined || other === undefined) return undefined;
  if ((known.value === true) === (e.function === booleanEquals)) return other;
  return negate(other) ?? { kind: 'not', arg: other, type: boolean };
}

function simplifyCase(e: Extract<Expression, { kind: 'case' }>): Expression {
  // The simple form compares inside its branches; a constant operand alone decides nothing yet.
  if (e.operand !== undefined) return e;
  const branches: (typeof e.branches)[number][] = [];
  let otherwise = e.otherwise;
  for (const branch of e.branches) {
    if (isNeverTrue(branch.when)) continue;
    if (isTrue(branch.when)) {
      otherwise = branch.then;
      break;
    }
    branches.push(branch);
  }
  if (branches.length === 0) {
    const result = otherwise ?? { kind: 'constant', value: null, type: e.type };
    if (sameType(result, e)) return result;
    return result.kind === 'constant' && result.value === null ? { ...result, type: e.type } : { ...e, branches: [], otherwise: result };
  }
  return branches.length === e.branches.length && otherwise === e.otherwise ? e : { ...e, branches, otherwise };
}
