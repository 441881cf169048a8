/**
 * Types and literals of random queries. Values are few, so that joins and groups find partners, and such that an answer does not
 * depend on the order of the work: floating-point numbers are halves, numerics have two decimals wherever they are equal.
 */
import type { Random } from './random.ts';

export type ValueType = 'int4' | 'int8' | 'text' | 'bool' | 'numeric' | 'date' | 'float8' | 'timestamp' | 'uuid' | 'int2' | 'varchar';

export const valueTypes: readonly ValueType[] = [
  'int4',
  'int8',
  'text',
  'bool',
  'numeric',
  'date',
  'float8',
  'timestamp',
  'uuid',
  'int2',
  'varchar',
];

/** How a column of the type is declared. */
export const declaration = (type: ValueType): string => (type === 'numeric' ? 'numeric(12,2)' : type === 'varchar' ? 'varchar(9)' : type);

const words = ['', 'a', 'b', 'ab', 'B', 'abc', 'x y', 'Z'];

function plainLiteral(random: Random, type: ValueType): string {
  switch (type) {
    case 'int4':
      return String(random.int(-2, 6));
    case 'int8':
      return `${random.int(-2, 6)}::int8`;
    case 'int2':
      return `${random.int(0, 5)}::int2`;
    case 'text':
      return `'${random.pick(words)}'::text`;
    case 'varchar':
      return `'${random.pick(words)}'::varchar(9)`;
    case 'bool':
      return random.pick(['true', 'false']);
    case 'numeric':
      return `${random.int(0, 4)}.${random.pick(['00', '50', '25'])}`;
    case 'date':
      return `date '2024-0${random.int(1, 3)}-0${random.int(1, 3)}'`;
    case 'timestamp':
      return `timestamp '2024-0${random.int(1, 2)}-0${random.int(1, 3)} 0${random.int(0, 2)}:00'`;
    case 'float8':
      return `${random.int(0, 4)}.${random.pick(['0', '5'])}::float8`;
    case 'uuid':
      return `'${String(random.int(0, 4)).repeat(8)}-0000-0000-0000-000000000000'::uuid`;
  }
}

export function literal(random: Random, type: ValueType): string {
  const written = plainLiteral(random, type);
  if (random.chance(0.12)) return `NULL::${declaration(type)}`;
  return written.startsWith('-') ? `(${written})` : written;
}
