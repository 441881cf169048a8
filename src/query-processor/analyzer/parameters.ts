/**
 * Parameters: types of $1, $2, ... A parameter whose type the client did not state takes the type of the first context that asks for
 * one; a different wish later is an error (42P08), and none at all is text for a result column and otherwise 42P18.
 */
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import type { Analysis } from './environment.ts';
import { typeDisplayName } from './type-facts.ts';

const parameterCountMax = 65_535;

export class ParameterTypes {
  /** Oid per parameter; 0 and unknown: not known yet. */
  readonly #types: number[];
  /** References that were bound while the type was unknown, until a context gives them theirs. */
  readonly #open = new Map<Expression, number | undefined>();

  constructor(stated: readonly number[] = []) {
    this.#types = stated.map((type) => (type === 0 ? oid.unknown : type));
  }

  typeOf(index: number): number {
    while (this.#types.length < index) this.#types.push(oid.unknown);
    return this.#types[index - 1];
  }

  set(index: number, typeOid: number): void {
    this.#types[index - 1] = typeOid;
  }

  noteOpen(parameter: Expression, location: number | undefined): void {
    this.#open.set(parameter, location);
  }

  noteSettled(parameter: Expression): void {
    this.#open.delete(parameter);
  }

  /** Number of the highest parameter stated or used. */
  get count(): number {
    return this.#types.length;
  }

  /** Throws 42P18 for a parameter that nothing has given a type, 42P08 where one place did and another could not tell. */
  resolved(analysis: Analysis): readonly TypeRef[] {
    for (const [parameter, location] of this.#open)
      if (parameter.kind === 'parameter' && this.typeOf(parameter.index) !== oid.unknown)
        throw analysis.error(sqlstate.ambiguousParameter, `could not determine data type of parameter $${parameter.index}`, location);
    return this.#types.map((type, at) => {
      if (type === oid.unknown)
        throw analysis.error(sqlstate.indeterminateDatatype, `could not determine data type of parameter $${at + 1}`);
      return typeRef(type);
    });
  }
}

export function bindParameter(analysis: Analysis, index: number, location: number | undefined): Expression {
  const types = analysis.environment.parameterTypes;
  const argument = analysis.environment.functionArguments?.values[index - 1];
  if (argument !== undefined) return analysis.locate({ ...argument }, location);
  if (types === undefined || index < 1 || index > parameterCountMax)
    throw analysis.error(sqlstate.undefinedParameter, `there is no parameter $${index}`, location);
  const parameter: Expression = { kind: 'parameter', index, type: typeRef(types.typeOf(index)) };
  if (parameter.type.oid === oid.unknown) types.noteOpen(parameter, location);
  return analysis.locate(parameter, location);
}

/** Gives a parameter of yet unknown type the type that its context wants. */
export function coerceParameter(analysis: Analysis, parameter: Expression & { kind: 'parameter' }, target: number): Expression {
  const types = analysis.environment.parameterTypes;
  const location = analysis.locationOf(parameter);
  if (types === undefined) throw analysis.error(sqlstate.undefinedParameter, `there is no parameter $${parameter.index}`, location);
  types.noteSettled(parameter);
  const known = types.typeOf(parameter.index);
  if (known === oid.unknown) types.set(parameter.index, target);
  else if (known !== target)
    throw analysis.error(sqlstate.ambiguousParameter, `inconsistent types deduced for parameter $${parameter.index}`, location, {
      detail: `${typeDisplayName(known)} versus ${typeDisplayName(target)}`,
    });
  return analysis.locate({ kind: 'parameter', index: parameter.index, type: typeRef(target) }, location);
}
