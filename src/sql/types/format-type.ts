/** How types are written: PostgreSQL's format_type, from pg_type alone, so that types without behaviour have a name too. */
import { type PgType, pgTypes } from '../postgres/pg-type.ts';
import type { TypeRef } from '../type.ts';
import { elementOfRowArray, isRowTypeOid, rowArrayOf, typeMark } from './catalog-types.ts';
import { intervalTypmodOut } from './date-time/interval-typmod.ts';
import { numericTypmodOut } from './numeric-typmod.ts';

const standardNames: Readonly<Record<string, string>> = {
  bool: 'boolean',
  char: '"char"',
  int8: 'bigint',
  int2: 'smallint',
  int4: 'integer',
  float4: 'real',
  float8: 'double precision',
  bpchar: 'character',
  varchar: 'character varying',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  varbit: 'bit varying',
  any: '"any"',
};

let byOid: Map<number, PgType> | undefined;
let byName: Map<string, PgType> | undefined;

export function pgTypeByOid(oid: number): PgType | undefined {
  byOid ??= new Map(pgTypes.map((type) => [type.oid, type]));
  const known = byOid.get(oid);
  if (known !== undefined) return known;
  const made = catalogType(oid);
  if (made !== undefined) byOid.set(oid, made);
  return made;
}

/** What pg_type says of every row type and every array of one, whatever their relation. */
function catalogType(oid: number): PgType | undefined {
  const element = elementOfRowArray(oid);
  if (element === undefined && !isRowTypeOid(oid)) return undefined;
  const own = typeMark(element ?? oid);
  const isArray = element !== undefined;
  const functions = isArray ? 'array' : 'record';
  return {
    oid,
    name: isArray ? `_${own}` : own,
    length: -1,
    byValue: false,
    kind: isArray ? 'b' : 'c',
    category: isArray ? 'A' : 'C',
    preferred: false,
    delimiter: ',',
    relationOid: 0,
    elementOid: element ?? 0,
    arrayOid: isArray ? 0 : rowArrayOf(oid),
    align: 'd',
    storage: 'x',
    input: `${functions}_in`,
    output: `${functions}_out`,
    receive: `${functions}_recv`,
    send: `${functions}_send`,
  };
}

export function pgTypeByName(name: string): PgType | undefined {
  byName ??= new Map(pgTypes.map((type) => [type.name, type]));
  return byName.get(name);
}

/** True for arrays that are written element[]: not int2vector and oidvector. */
export const isArrayType = (type: PgType): boolean => type.elementOid !== 0 && type.length === -1 && type.input === 'array_in';

/** The name without a modifier, as error messages have it: character varying, text[], "char". */
export function displayNameOf(type: PgType): string {
  if (isArrayType(type)) {
    const element = pgTypeByOid(type.elementOid);
    return element === undefined ? '???[]' : `${displayNameOf(element)}[]`;
  }
  return standardNames[type.name] ?? type.name;
}

/** The name with its modifier. A bpchar or bit of no stated length keeps its own name, since `character` would mean character(1). */
export function formatType(ref: TypeRef): string {
  if (ref.oid === 0) return '-';
  const type = pgTypeByOid(ref.oid);
  if (type === undefined) return '???';
  if (isArrayType(type)) return `${formatType({ oid: type.elementOid, typmod: ref.typmod })}[]`;
  if (ref.typmod < 0) {
    if (type.name === 'bit') return '"bit"';
    return type.name === 'bpchar' ? 'bpchar' : displayNameOf(type);
  }
  return withModifier(type, ref.typmod);
}

function withModifier(type: PgType, typmod: number): string {
  const name = displayNameOf(type);
  switch (type.name) {
    case 'varchar':
    case 'bpchar':
      return typmod > 4 ? `${name}(${typmod - 4})` : name;
    case 'numeric':
      return name + numericTypmodOut(typmod);
    case 'interval':
      return name + intervalTypmodOut(typmod);
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz': {
      const [first, ...rest] = name.split(' ');
      return `${first}(${typmod}) ${rest.join(' ')}`;
    }
    case 'bit':
    case 'varbit':
      return `${name}(${typmod})`;
    default:
      return hasNoModifiers.has(type.name) ? name : `${name}(${typmod})`;
  }
}

/** Those whose standard name PostgreSQL prints without looking at the modifier. */
const hasNoModifiers: ReadonlySet<string> = new Set(['bool', 'int2', 'int4', 'int8', 'float4', 'float8']);
