/** Short ways to write bound expressions by hand: for tests, and for whoever needs an expression that no statement said. */
import { InvariantError } from '#base/assert.ts';
import { operatorsByName, procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import type { ColumnId, Expression, FunctionCall } from '../expression.ts';
import { signatureOf } from '../functions/signature.ts';
import { oid } from '../oids.ts';
import type { PgOperator } from '../postgres/pg-operator.ts';
import { typeRef } from '../type.ts';

export const constant = (value: Datum, type: number = oid.int4): Expression => ({ kind: 'constant', value, type: typeRef(type) });

export const column = (id: ColumnId, type: number = oid.int4): Expression => ({ kind: 'column', id, type: typeRef(type), name: `c${id}` });

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

function operatorBetween(name: string, left: number, right: number): PgOperator {
  const operator = operatorsByName(name).find((candidate) => candidate.left === left && candidate.right === right);
  if (operator === undefined) throw new InvariantError(`no operator ${name}`);
  return operator;
}

/** The oid of an operator between two types. */
export const operatorOid = (name: string, left: number, right: number): number => operatorBetween(name, left, right).oid;

/** An operator between two expressions, by the types they have. */
export function operation(name: string, left: Expression, right: Expression): FunctionCall {
  const operator = operatorBetween(name, left.type.oid, right.type.oid);
  return {
    kind: 'function',
    function: operator.function,
    args: [left, right],
    variadic: false,
    returnsSet: false,
    form: { kind: 'operator', operator: operator.oid },
    type: typeRef(operator.result),
  };
}

/** WHEN ... THEN ... of a CASE. */
export const branch = (when: Expression, result: Expression): { readonly when: Expression; readonly then: Expression } =>
  // biome-ignore lint/suspicious/noThenProperty: SQL's own word; nobody awaits a branch.
  ({ when, then: result });
