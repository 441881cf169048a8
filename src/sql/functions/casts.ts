/**
 * Casts: the functions that pg_cast names, but for those of dates and times (date-time.ts) and of jsonb (jsonb.ts). Casts that go through
 * text or change nothing are expressions of their own and have no function.
 */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { type EvaluationContext, type Implementation, type Implementations, scalar } from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull } from '../type.ts';
import { formatFloat8, parseFloat4, parseFloat8 } from '../types/float.ts';
import { formatNumeric, parseNumeric } from '../types/numeric.ts';
import { Numeric } from '../types/numeric-value.ts';
import { typeByOid } from '../types/registry.ts';
import { cutName, trimBlanks } from '../types/text.ts';
import { type Int8, toInt2, toInt4, toInt8 } from './integer.ts';
import { floatOverflow, floatUnderflow, integerOutOfRange } from './number-loops.ts';

/** To the nearest integer, halves to the even one: C's rint(). */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function floatToInt2(value: number): number {
  const rounded = roundHalfEven(value);
  if (!(rounded >= -32768 && rounded <= 32767)) throw integerOutOfRange('smallint');
  return rounded + 0;
}

function floatToInt4(value: number): number {
  const rounded = roundHalfEven(value);
  if (!(rounded >= -2147483648 && rounded <= 2147483647)) throw integerOutOfRange('integer');
  return rounded + 0;
}

function floatToInt8(value: number): Int8 {
  const rounded = roundHalfEven(value);
  if (!(rounded >= -(2 ** 63) && rounded < 2 ** 63)) throw integerOutOfRange('bigint');
  return Number.isSafeInteger(rounded) ? rounded + 0 : int8(BigInt(rounded));
}

export function toFloat4(value: number): number {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded) && Number.isFinite(value)) throw floatOverflow();
  if (rounded === 0 && value !== 0) throw floatUnderflow();
  return rounded;
}

/** As PostgreSQL does it: over the decimal digits that the type is sure of. */
export function floatToNumeric(value: number, digits: 6 | 15): Numeric {
  if (Number.isNaN(value)) return Numeric.nan;
  if (value === Number.POSITIVE_INFINITY) return Numeric.infinity;
  if (value === Number.NEGATIVE_INFINITY) return Numeric.negativeInfinity;
  // %.15g drops trailing zeros of the fraction; those of an exponent stay.
  const [mantissa, exponent] = value.toPrecision(digits).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return parseNumeric(exponent === undefined ? short : `${short}e${exponent}`);
}

/** To the nearest integer, halves away from zero. */
export function numericToBigint(value: Numeric, typeName: string): bigint {
  if (value.kind === 'nan') throw notSupported(`cannot convert NaN to ${typeName}`);
  if (value.kind !== 'finite') throw notSupported(`cannot convert infinity to ${typeName}`);
  if (value.scale === 0) return value.unscaled;
  const power = 10n ** BigInt(value.scale);
  const half = power / 2n;
  return value.unscaled < 0n ? -((-value.unscaled + half) / power) : (value.unscaled + half) / power;
}

function numericToFloat(value: Numeric, parse: (text: string) => number): number {
  if (value.kind === 'finite') return parse(formatNumeric(value));
  return value.kind === 'nan' ? Number.NaN : value.kind === 'infinity' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

export const numericToFloat8 = (value: Numeric): number => numericToFloat(value, parseFloat8);

const identity = scalar((value: NonNull) => value);
const intToNumeric = scalar((value: Int8) => Numeric.of(BigInt(value), 0));

/** value, typmod [, explicit]: what ::type(n) does, as a function. */
const fitTypmod = (typeOid: number): Implementation =>
  scalar((value: NonNull, typmod: number, explicit: boolean | EvaluationContext) => {
    const { applyTypmod } = typeByOid(typeOid);
    return typmod < 0 || applyTypmod === undefined ? value : applyTypmod(value, typmod, explicit === true);
  });

/** "char" holds one byte; its number is signed. */
const charToInt4 = (value: string): number => (value === '' ? 0 : (value.charCodeAt(0) << 24) >> 24);

export const castFunctions: Implementations = {
  'int2(int4)': scalar(toInt2),
  'int2(int8)': scalar((value: Int8) => toInt2(Number(value))),
  'int4(int2)': identity,
  'int4(int8)': scalar((value: Int8) => toInt4(Number(value))),
  'int8(int2)': identity,
  'int8(int4)': identity,
  'int2(float4)': scalar(floatToInt2),
  'int2(float8)': scalar(floatToInt2),
  'int4(float4)': scalar(floatToInt4),
  'int4(float8)': scalar(floatToInt4),
  'int8(float4)': scalar(floatToInt8),
  'int8(float8)': scalar(floatToInt8),
  'int2(numeric)': scalar((value: Numeric) => toInt2(Number(numericToBigint(value, 'smallint')))),
  'int4(numeric)': scalar((value: Numeric) => toInt4(Number(numericToBigint(value, 'integer')))),
  'int8(numeric)': scalar((value: Numeric) => toInt8(numericToBigint(value, 'bigint'))),
  'float4(int2)': identity,
  'float4(int4)': scalar((value: number) => Math.fround(value)),
  'float4(int8)': scalar((value: Int8) => (typeof value === 'number' ? Math.fround(value) : bigintToFloat4(value))),
  'float4(float8)': scalar(toFloat4),
  'float4(numeric)': scalar((value: Numeric) => numericToFloat(value, parseFloat4)),
  'float8(int2)': identity,
  'float8(int4)': identity,
  'float8(int8)': scalar((value: Int8) => Number(value)),
  'float8(float4)': identity,
  'float8(numeric)': scalar(numericToFloat8),
  'numeric(int2)': intToNumeric,
  'numeric(int4)': intToNumeric,
  'numeric(int8)': intToNumeric,
  'numeric(float4)': scalar((value: number) => floatToNumeric(value, 6)),
  'numeric(float8)': scalar((value: number) => floatToNumeric(value, 15)),
  'numeric(numeric,int4)': fitTypmod(oid.numeric),

  'bool(int4)': scalar((value: number) => value !== 0),
  'int4(bool)': scalar((value: boolean) => (value ? 1 : 0)),
  'text(bool)': scalar((value: boolean) => (value ? 'true' : 'false')),

  'oid(int8)': scalar((value: Int8) => {
    if (value < 0 || value > 4294967295) throw new SqlError(sqlstate.numericValueOutOfRange, 'OID out of range');
    return Number(value);
  }),
  'int8(oid)': identity,
  'xid(xid8)': scalar((value: Int8) => Number(BigInt.asUintN(32, BigInt(value)))),

  'text(bpchar)': scalar(trimBlanks),
  // As its output shows it.
  'text(char)': scalar((value: string, context: EvaluationContext) => typeByOid(oid.char).output(value, context)),
  'text(name)': identity,
  'bpchar(char)': identity,
  'bpchar(name)': identity,
  'varchar(name)': identity,
  'name(text)': scalar((value: string) => cutName(value)),
  'name(varchar)': scalar((value: string) => cutName(value)),
  'name(bpchar)': scalar((value: string) => cutName(trimBlanks(value))),
  'char(text)': scalar((value: string, context: EvaluationContext) => typeByOid(oid.char).input(value, -1, context)),
  'int4(char)': scalar(charToInt4),
  'char(int4)': scalar((value: number) => {
    if (value < -128 || value > 127) throw new SqlError(sqlstate.numericValueOutOfRange, '"char" out of range');
    return value === 0 ? '' : String.fromCharCode(value & 0xff);
  }),
  'bpchar(bpchar,int4,bool)': fitTypmod(oid.bpchar),
  'varchar(varchar,int4,bool)': fitTypmod(oid.varchar),

  'regclass(text)': scalar((value: string, context: EvaluationContext) => typeByOid(oid.regclass).input(value, -1, context)),
};

/** Rounded once: the double in between must not decide a tie. */
function bigintToFloat4(value: bigint): number {
  return parseFloat4(value.toString());
}

/** What text output and text functions print for a float8 under the session's settings. */
export const float8Text = (value: number, context: EvaluationContext): string => formatFloat8(value, context.settings.extraFloatDigits);
