/** What information_schema computes from a type and its typmod: lengths, precisions, scales. */
import type { Datum } from '../datum.ts';
import { type Implementations, scalar } from '../function.ts';
import { oid } from '../oids.ts';
import { intervalPrecision, intervalTypmodOut } from '../types/date-time/interval-typmod.ts';
import { numericPrecision } from '../types/numeric-typmod.ts';

function characterLength(type: number, typmod: number): number | null {
  if (typmod === -1) return null;
  if (type === oid.bpchar || type === oid.varchar) return typmod - 4;
  return type === oid.bit || type === oid.varbit ? typmod : null;
}

/** UTF-8 takes up to four bytes a character; without a limit a text may have a gigabyte. */
function octetLength(type: number, typmod: number): number | null {
  if (type !== oid.text && type !== oid.bpchar && type !== oid.varchar) return null;
  if (typmod === -1) return 2 ** 30;
  const length = characterLength(type, typmod);
  return length === null ? null : length * 4;
}

function precision(type: number, typmod: number): number | null {
  switch (type) {
    case oid.int2:
      return 16;
    case oid.int4:
      return 32;
    case oid.int8:
      return 64;
    case oid.float4:
      return 24;
    case oid.float8:
      return 53;
    case oid.numeric:
      return typmod === -1 ? null : numericPrecision(typmod);
    default:
      return null;
  }
}

function radix(type: number): number | null {
  if (type === oid.numeric) return 10;
  return precision(type, -1) === null ? null : 2;
}

function scale(type: number, typmod: number): number | null {
  if (type === oid.int2 || type === oid.int4 || type === oid.int8) return 0;
  return type !== oid.numeric || typmod === -1 ? null : (typmod - 4) & 0xffff;
}

function dateTimePrecision(type: number, typmod: number): number | null {
  switch (type) {
    case oid.date:
      return 0;
    case oid.time:
    case oid.timestamp:
    case oid.timestamptz:
    case oid.timetz:
      return typmod < 0 ? 6 : typmod;
    case oid.interval: {
      const digits = intervalPrecision(typmod);
      return Math.min(digits, 6);
    }
    default:
      return null;
  }
}

/** The fields of an interval type: YEAR TO MONTH and the like; NULL where all are meant. */
function intervalFields(type: number, typmod: number): Datum {
  if (type !== oid.interval) return null;
  const fields =
    typmod < 0
      ? ''
      : intervalTypmodOut(typmod)
          .replace(/\(\d+\)/, '')
          .trim();
  return fields === '' ? null : fields.toUpperCase();
}

export const informationSchemaFunctions: Implementations = {
  '_pg_char_max_length(oid,int4)': scalar(characterLength),
  '_pg_char_octet_length(oid,int4)': scalar(octetLength),
  '_pg_numeric_precision(oid,int4)': scalar(precision),
  '_pg_numeric_precision_radix(oid,int4)': scalar(radix),
  '_pg_numeric_scale(oid,int4)': scalar(scale),
  '_pg_datetime_precision(oid,int4)': scalar(dateTimePrecision),
  '_pg_interval_type(oid,int4)': scalar(intervalFields),
};
