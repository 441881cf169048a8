/**
 * Literal binding: a query planned with some of its literals as parameters, and how the parameters come from another text of its shape.
 *
 * Parameters 1 to n are the lifted literals, read as the analyzer reads a constant: a number as its own type, a string by the input function
 * of the type that its place asks for. Behind them come the values that the planner would have folded from those literals as written (a
 * cast to the column's type, an array of an IN list): they are computed here, once, and not in each of the plan's loops.
 */
import type { A_Const } from '@pgsql/types';
import { type Batch, datumAt } from '#sql/batch.ts';
import { type Datum, int8 } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import { childrenOf } from '#sql/expression-walk.ts';
import type { VectorEvaluator } from '#sql/function.ts';
import { oid } from '#sql/oids.ts';
import type { Type, TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { BoundQuery } from '../analyzer/logical-plan.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { literalText } from '../parser/lift-literals.ts';
import { isConstant, rewrite, rewritePlanExpressions } from '../planner/expression-tree.ts';
import { foldingContext, isFoldable } from '../planner/fold-constants.ts';
import type { Liftable } from './liftable-literals.ts';

/** A literal of the tree that becomes a parameter. */
export type LiftedLiteral = Liftable & {
  /** Which literal of the text, counted from 0. */
  readonly token: number;
  /** The grammar has taken a minus sign before it into the constant. */
  readonly isNegated: boolean;
  readonly kind: 'string' | 'number';
};

/** The types that constants have by themselves; 0: a string, which takes its place's. */
export function typeOfLiteral({ kind, constant }: LiftedLiteral): number {
  if (kind === 'string') return 0;
  if (constant.ival !== undefined) return oid.int4;
  const written = constant.fval?.fval ?? '';
  if (!/^-?\d+$/.test(written)) return oid.numeric;
  const value = BigInt(written);
  return BigInt.asIntN(64, value) === value ? oid.int8 : oid.numeric;
}

/** The constants with their parameters' numbers. */
export const numbered = (literals: readonly LiftedLiteral[]): ReadonlyMap<A_Const, number> =>
  new Map(literals.map(({ constant }, at) => [constant, at + 1]));

/** Literals that must stay as written after all, found out by analysis: to be kept in the key of the plan. */
export class MustStay extends Error {
  readonly tokens: readonly number[];

  constructor(tokens: readonly number[]) {
    super('literals must stay as they are written');
    this.tokens = tokens;
  }
}

export class LiteralBinding {
  readonly #literals: readonly LiftedLiteral[];
  readonly #types: readonly Type[];
  readonly #derived: readonly VectorEvaluator[];

  constructor(literals: readonly LiftedLiteral[], types: readonly Type[], derived: readonly VectorEvaluator[]) {
    this.#literals = literals;
    this.#types = types;
    this.#derived = derived;
  }

  /** The parameters that `text` brings. Throws SqlError, without a position, when a literal is not one of its type. Hot. */
  parametersOf(text: string, bounds: readonly number[], context: TypeContext): readonly Datum[] {
    const parameters: Datum[] = [];
    for (let at = 0; at < this.#literals.length; at++) {
      const { token, isNegated, kind } = this.#literals[at];
      const written = literalText(text, bounds[2 * token], bounds[2 * token + 1]);
      const type = this.#types[at];
      if (kind === 'number' && type.oid === oid.int4) parameters.push(isNegated ? 0 - Number(written) : Number(written));
      else if (kind === 'number' && type.oid === oid.int8) parameters.push(int8(BigInt(isNegated ? `-${written}` : written)));
      else parameters.push(type.input(isNegated ? `-${written}` : written, -1, context));
    }
    if (this.#derived.length === 0) return parameters;
    const evaluation = { ...foldingContext, parameters };
    for (const evaluate of this.#derived) parameters.push(datumAt(evaluate(oneRow, evaluation), 0));
    return parameters;
  }
}

const oneRow: Batch = { rowCount: 1, columns: [] };

/** The planner decides on conditions of type bool; interval fields in a type modifier are read together with the literal. */
const decisiveTypes = new Set<number>([oid.bool, oid.interval, oid.unknown]);

/** Throws MustStay for literals on which more depends than a value. */
export function checkLiterals(bound: BoundQuery, literals: readonly LiftedLiteral[], catalog: Catalog): void {
  const conditions = bound.relations.flatMap((relationOid) => {
    const relation = catalog.relationByOid(relationOid);
    return relation?.kind === 'table' ? relation.indexes.flatMap(({ predicateText }) => predicateText ?? []) : [];
  });
  const words = new Set(conditions.flatMap((text) => text.match(/[\w$\u0080-\uffff]+/g) ?? []));
  const staying = literals.filter(({ beside }, at) => {
    const type = bound.parameterTypes[at]?.oid ?? oid.unknown;
    return decisiveTypes.has(type) || [...beside].some((column) => words.has(column));
  });
  if (staying.length > 0) throw new MustStay(staying.map(({ token }) => token));
}

/** The query with what is made of literals alone as parameters, and the binding that provides all parameters. */
export function bindLiterals(
  bound: BoundQuery,
  literals: readonly LiftedLiteral[],
): { readonly bound: BoundQuery; readonly binding: LiteralBinding } {
  const derived: VectorEvaluator[] = [];
  const derive = (e: Expression): Expression => {
    if (!isFoldable(e, isKnown) || !childrenOf(e).some(isParameter)) return e;
    derived.push(compileExpression(e, []));
    return { kind: 'parameter', index: literals.length + derived.length, type: e.type };
  };
  const plan = rewritePlanExpressions(bound.plan, (e) => rewrite(e, derive));
  const types = literals.map((_, at) => typeByOid(bound.parameterTypes[at].oid));
  return { bound: { ...bound, plan }, binding: new LiteralBinding(literals, types, derived) };
}

const isParameter = (e: Expression): boolean => e.kind === 'parameter';
const isKnown = (e: Expression): boolean => isConstant(e) || isParameter(e);
