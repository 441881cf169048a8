/**
 * Datum: one SQL value in memory.
 *
 * One representation per PostgreSQL type, canonical: two equal values of a fixed-width type are `===`, except where the
 * type is an object (numeric, interval, timetz, jsonb, array, record), which its type's `compare` and `hashKey` settle.
 *
 *   boolean                       boolean
 *   int2 int4 oid reg*            number
 *   int8                          number when a safe integer, else bigint. Never a bigint that would fit: so ===, < and > work
 *   float4 float8                 number (float4 rounded with Math.fround)
 *   numeric                       Numeric (sql/types/numeric.ts), exact
 *   text varchar bpchar name char json xml-free   string
 *   bytea                         Uint8Array (never changed in place)
 *   uuid                          string, 36 characters in lower case: sorts as its bytes do
 *   date                          number, days since 2000-01-01; ±Infinity
 *   time                          number, microseconds since midnight
 *   timetz                        TimeTz
 *   timestamp timestamptz         like int8: microseconds since 2000-01-01 00:00 (UTC); ±Infinity are the numbers of that name
 *   interval                      Interval
 *   jsonb                         Jsonb
 *   any array                     ArrayValue
 *   record, composite             RecordValue
 *   void                          ''
 *   SQL NULL of every type        null
 */
import type { ArrayValue } from './types/array-value.ts';
import type { Interval } from './types/interval-value.ts';
import type { Jsonb } from './types/jsonb-value.ts';
import type { Numeric } from './types/numeric-value.ts';
import type { RecordValue } from './types/record-value.ts';
import type { TimeTz } from './types/timetz-value.ts';

export type Datum = null | boolean | number | bigint | string | Uint8Array | Numeric | Interval | TimeTz | Jsonb | ArrayValue | RecordValue;

/** Brings a 64-bit integer to its canonical form. */
export function int8(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}
