/** Set function: a call of a set-returning function, started for one row of arguments at a time. */
import { InvariantError } from '#base/assert.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { Expression, FunctionCall } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { implementationOf } from '#sql/functions/registry.ts';
import { RecordValue } from '#sql/types/record-value.ts';

/** Rows of one call: a datum each, or several. Strict functions have no rows for a NULL argument. */
export type SetFunction = (args: readonly Datum[], context: EvaluationContext) => Iterable<Datum | readonly Datum[]>;

export function isSetCall(expression: Expression): expression is FunctionCall {
  return expression.kind === 'function' && expression.returnsSet;
}

const noRows: readonly Datum[] = [];

export function setFunctionOf(call: FunctionCall): SetFunction {
  const implementation = implementationOf(call.function);
  if (implementation.kind !== 'set') throw new InvariantError('a set-returning function is implemented as one');
  const rowsOf = implementation.forTypes({ args: call.args.map((arg) => arg.type.oid), result: call.type.oid });
  const isStrict = procByOid(call.function)?.strict ?? false;
  return (args, context) => (isStrict && args.includes(null) ? noRows : rowsOf(...args, context));
}

/** Names and types of a function's OUT columns; empty when it has none. */
function outColumns(procOid: number): { readonly names: readonly string[]; readonly types: readonly number[] } {
  const proc = procByOid(procOid);
  const modes = proc?.argModes;
  if (proc === undefined || modes === undefined || proc.allArgTypes === undefined) return { names: [], types: [] };
  const names: string[] = [];
  const types: number[] = [];
  for (let i = 0; i < modes.length; i++) {
    if (modes[i] !== 'o' && modes[i] !== 'b' && modes[i] !== 't') continue;
    names.push(proc.argNames?.[i] ?? '');
    types.push(proc.allArgTypes[i]);
  }
  return { names, types };
}

/** One row of a set function as a single value: where several columns stand in one place (a select list), as a record. */
export function asDatum(call: FunctionCall): (row: Datum | readonly Datum[]) => Datum {
  const { names, types } = outColumns(call.function);
  return (row) => (isSeveral(row) ? new RecordValue(types, names, row) : row);
}

export function isSeveral(row: Datum | readonly Datum[]): row is readonly Datum[] {
  return Array.isArray(row);
}
