/** Assignment to parts of a value: elements and slices of arrays, paths of jsonb. */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import { oid } from '../oids.ts';
import { assignElement, assignSlice } from '../types/array-assignment.ts';
import { ArrayValue } from '../types/array-value.ts';
import { assignJson } from '../types/jsonb-assignment.ts';
import { Jsonb } from '../types/jsonb-value.ts';
import { elementOf } from './compile-array.ts';
import type { Compiled, Scope } from './scope.ts';

type AssignSubscript = Extract<Expression, { kind: 'assignSubscript' }>;

export function compileAssignSubscript(expression: AssignSubscript, scope: Scope): Compiled {
  const container = scope.compile(expression.arg, scope);
  const value = scope.compile(expression.value, scope);
  const bounds = expression.subscripts.flatMap(({ lower, upper }) => [lower, upper]);
  const compiled = bounds.map((bound) => (bound === undefined ? undefined : scope.compile(bound, scope)));
  const assign = expression.type.oid === oid.jsonb ? assignToJson : assignToArray(expression);
  return {
    harmless: false,
    evaluate: (batch, context) => {
      const containers = container.evaluate(batch, context);
      const values = value.evaluate(batch, context);
      const vectors = compiled.map((bound) => bound?.evaluate(batch, context));
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) {
        const at = vectors.map((vector) => (vector === undefined ? undefined : datumAt(vector, row)));
        result[row] = assign(datumAt(containers, row), at, datumAt(values, row));
      }
      return vectorOf(result);
    },
  };
}

/** `bounds` are lower and upper of each subscript; an element's are in the upper ones. */
type Assign = (container: Datum, bounds: readonly (Datum | undefined)[], value: Datum) => Datum;

function assignToArray(expression: AssignSubscript): Assign {
  const elementOid = elementOf(expression.type.oid);
  return (container, bounds, value) => {
    const numbers = bounds.map((bound) => {
      if (bound === null) throw new SqlError(sqlstate.nullValueNotAllowed, 'array subscript in assignment must not be null');
      return bound === undefined ? undefined : Number(bound);
    });
    const lower = numbers.filter((_, at) => at % 2 === 0);
    const upper = numbers.filter((_, at) => at % 2 === 1);
    const array = container ?? new ArrayValue(elementOid, []);
    if (!(array instanceof ArrayValue)) throw new InvariantError('an array is assigned to');
    if (!expression.isSlice)
      return assignElement(
        array,
        upper.map((bound) => bound ?? 0),
        value,
      );
    // Assigning no array at all changes nothing.
    if (value === null) return container;
    if (!(value instanceof ArrayValue)) throw new InvariantError('a slice is assigned an array');
    return assignSlice(array, lower, upper, value);
  };
}

const assignToJson: Assign = (container, bounds, value) => {
  const path = bounds
    .filter((_, at) => at % 2 === 1)
    .map((step) => {
      if (step === null || step === undefined)
        throw new SqlError(sqlstate.nullValueNotAllowed, 'jsonb subscript in assignment must not be null');
      return typeof step === 'number' ? step : String(step);
    });
  if (container !== null && !(container instanceof Jsonb)) throw new InvariantError('a jsonb document is assigned to');
  return assignJson(container ?? undefined, path, value instanceof Jsonb ? value.root : null);
};
