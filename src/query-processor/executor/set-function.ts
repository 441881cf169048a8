/** Set function: a call of a set-returning function, started for one row of arguments at a time. */
import { InvariantError } from '#base/assert.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { Expression, FunctionCall } from '#sql/expression.ts';
import type { CallTypes, EvaluationContext } from '#sql/function.ts';
import { implementationOf } from '#sql/functions/registry.ts';
import { oid } from '#sql/oids.ts';
import { RecordValue } from '#sql/types/record-value.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';

/** Rows of one call: a datum each, or several. Strict functions have no rows for a NULL argument. */
export type SetFunction = (args: readonly Datum[], context: EvaluationContext) => Iterable<Datum | readonly Datum[]>;

export function isSetCall(expression: Expression): expression is FunctionCall {
  return expression.kind === 'function' && expression.returnsSet;
}

const noRows: readonly Datum[] = [];

/** `columns`: those that the query has given the rows, for functions that have none of their own (json_to_recordset). */
export function setFunctionOf(call: FunctionCall, columns?: readonly OutputColumn[]): SetFunction {
  const implementation = implementationOf(call.function);
  if (implementation.kind !== 'set') throw new InvariantError('a set-returning function is implemented as one');
  const rowsOf = implementation.forTypes(callTypes(call, columns));
  const isStrict = procByOid(call.function)?.strict ?? false;
  return (args, context) => (isStrict && args.includes(null) ? noRows : rowsOf(...args, context));
}

/** A function of one row whose columns the query gives (json_to_record); undefined for all others. */
export function recordFunctionOf(call: Expression, columns: readonly OutputColumn[]): SetFunction | undefined {
  if (call.kind !== 'function' || call.type.oid !== oid.record || outColumns(call.function).names.length > 0) return undefined;
  const implementation = implementationOf(call.function);
  if (implementation.kind !== 'scalar') return undefined;
  const recordOf = implementation.forTypes(callTypes(call, columns));
  const isStrict = procByOid(call.function)?.strict ?? false;
  return (args, context) => [isStrict && args.includes(null) ? null : recordOf(...args, context)];
}

const callTypes = (call: FunctionCall, columns: readonly OutputColumn[] | undefined): CallTypes => ({
  args: call.args.map((arg) => arg.type.oid),
  result: call.type.oid,
  ...(columns === undefined ? {} : { columns }),
});

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
