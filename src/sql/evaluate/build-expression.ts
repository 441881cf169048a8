/** Short ways to write bound expressions by hand: for tests, and for whoever needs an expression that no statement said. */
import { InvariantError } from '#base/assert.ts';
import { operatorByOid, operatorsByName, procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import type { ColumnId, Expression, FunctionCall } from '../expression.ts';
import { signatureOf } from '../functions/signature.ts';
import { typeRef } from '../type.ts';

export const constant = (value: Datum, type: number): Expression => ({ kind: 'constant', value, type: typeRef(type) });

export const column = (id: ColumnId, type: number): Expression => ({ kind: 'column', id, type: typeRef(type), name: `c${id}` });

/** A function by its signature: `int4pl(int4,int4)`. `result` where the declared type is polymorphic. */
export function call(signature: string, args: readonly Expression[], result?: number): FunctionCall {
  const proc = procsByName(signature.slice(0, signature.indexOf('('))).find((candidate) => signatureOf(candidate) === signature);
  if (proc === undefined) throw new InvariantError(`no function ${signature}`);
  return {
    kind: 'function',
    function: proc.oid,
    args,
    variadic: false,
    returnsSet: proc.returnsSet,
    form: { kind: 'call' },
    type: typeRef(result ?? proc.returnType),
  };
}

/** The oid of an operator between two types. */
export function operatorOid(name: string, left: number, right: number): number {
  const operator = operatorsByName(name).find((candidate) => candidate.left === left && candidate.right === right);
  if (operator === undefined) throw new InvariantError(`no operator ${name}`);
  return operator.oid;
}

/** An operator between two expressions, by the types they have. */
export function operation(name: string, left: Expression, right: Expression): FunctionCall {
  const oid = operatorOid(name, left.type.oid, right.type.oid);
  const operator = operatorByOid(oid);
  if (operator === undefined) throw new InvariantError(`no operator ${name}`);
  return {
    kind: 'function',
    function: operator.function,
    args: [left, right],
    variadic: false,
    returnsSet: false,
    form: { kind: 'operator', operator: oid },
    type: typeRef(operator.result),
  };
}

/** WHEN ... THEN ... of a CASE. */
export const branch = (when: Expression, result: Expression): { readonly when: Expression; readonly then: Expression } =>
  // biome-ignore lint/suspicious/noThenProperty: SQL's own word; nobody awaits a branch.
  ({ when, then: result });
