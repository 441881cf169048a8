/** Constants as they are written: integers take the smallest of int4, int8 and numeric that holds them; strings have no type yet. */
import type { A_Const } from '@pgsql/types';
import { int8 } from '#sql/datum.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { readLiteral } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { bindParameter } from './parameters.ts';

// The grammar hands -2147483648 over as a number too large, negated.
const int4Min = -(2n ** 31n);
const int4Max = 2n ** 31n - 1n;
const int8Min = -(2n ** 63n);
const int8Max = 2n ** 63n - 1n;

export function bindConstant(analysis: Analysis, constant: A_Const): Expression {
  const location = constant.location;
  const parameter = analysis.environment.liftedLiterals?.get(constant);
  if (parameter !== undefined) return bindParameter(analysis, parameter, location);
  const make = (value: Extract<Expression, { kind: 'constant' }>['value'], type: number): Expression =>
    analysis.locate({ kind: 'constant', value, type: typeRef(type) }, location);
  if (constant.isnull) return make(null, oid.unknown);
  if (constant.ival !== undefined) return make(constant.ival.ival ?? 0, oid.int4);
  if (constant.boolval !== undefined) return make(constant.boolval.boolval ?? false, oid.bool);
  if (constant.sval !== undefined) return make(constant.sval.sval ?? '', oid.unknown);
  if (constant.bsval !== undefined) return readLiteral(analysis, constant.bsval.bsval ?? '', oid.bit, -1, location);
  const written = constant.fval?.fval ?? '';
  if (/^-?(?:[\d_]+|0[xob][\da-f_]+)$/i.test(written)) {
    const digits = written.replaceAll('_', '');
    const value = digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
    if (value >= int4Min && value <= int4Max) return make(Number(value), oid.int4);
    if (value >= int8Min && value <= int8Max) return make(int8(value), oid.int8);
    return readLiteral(analysis, value.toString(), oid.numeric, -1, location);
  }
  return readLiteral(analysis, written, oid.numeric, -1, location);
}
