/**
 * Comparison: the functions behind =, <>, <, <=, >, >= and the btree support functions, for every type with an order.
 *
 * Types whose canonical datums JavaScript compares are in plain-comparison.ts; floats compare NaN as equal to itself and greatest; the rest
 * goes through Type.compare, which owns each type's order. Dates against timestamps: comparison-date-time.ts.
 */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Implementation, Implementations, ScalarFunction } from '../function.ts';
import { polymorphic, scalar } from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull } from '../type.ts';
import { compareArrays } from '../types/array.ts';
import { ArrayValue } from '../types/array-value.ts';
import { compareFloats } from '../types/float.ts';
import { typeByOid } from '../types/registry.ts';
import { byteComparisons } from './byte-comparison.ts';
import { floatVectorComparison } from './float-comparison.ts';
import {
  type ComparisonName,
  comparePlain,
  comparisonNames,
  comparisonSuffixes,
  type Plain,
  plainFamilies,
  plainVectorComparison,
} from './plain-comparison.ts';

type Order = (a: NonNull, b: NonNull) => number;

const holds: Readonly<Record<ComparisonName, (sign: number) => boolean>> = {
  '<': (sign) => sign < 0,
  '<=': (sign) => sign <= 0,
  '=': (sign) => sign === 0,
  '<>': (sign) => sign !== 0,
  '>=': (sign) => sign >= 0,
  '>': (sign) => sign > 0,
};

function typeOrder(typeOid: number, comparison?: ComparisonName): Order {
  const { compare, name, elementOid } = typeByOid(typeOid);
  if (compare !== undefined) return compare;
  if (elementOid === 0) throw new InvariantError(`type ${name} has no order`);
  const isEquality = comparison === '=' || comparison === '<>';
  if (isEquality && withEqualityOnly.has(elementOid)) return elementsDiffer;
  const { displayName } = typeByOid(elementOid);
  throw new SqlError(
    sqlstate.undefinedFunction,
    isEquality
      ? `could not identify an equality operator for type ${displayName}`
      : `could not identify a comparison function for type ${displayName}`,
  );
}

/** Types that have = and no order. */
const withEqualityOnly = new Set<number>([oid.aclitem, oid.xid, oid.cid]);

/** Of arrays of them: 0 for equal ones. */
const elementsDiffer: Order = (a, b) => {
  if (!(a instanceof ArrayValue) || !(b instanceof ArrayValue)) throw new InvariantError('arrays are compared');
  return compareArrays((x, y) => (x === y ? 0 : 1), a, b);
};

type Family = {
  readonly prefix: string;
  readonly left: string;
  readonly right: string;
  /** Names that do not follow the pattern. */
  readonly names?: Partial<Readonly<Record<ComparisonName, string>>>;
};

export function sixOf(family: Family, make: (name: ComparisonName) => Implementation): Implementations {
  const table: Record<string, Implementation> = {};
  for (const name of comparisonNames) {
    const functionName = family.names?.[name] ?? family.prefix + comparisonSuffixes[name];
    if (functionName !== absent) table[`${functionName}(${family.left},${family.right})`] = make(name);
  }
  return table;
}
const absent = '';

/** The six of a type, by the order of `typeOid` (0: of the left argument's actual type). */
const byTypeOrder = (family: Family, typeOid = 0): Implementations =>
  sixOf(family, (name) =>
    polymorphic(({ args }) => {
      const compare = typeOrder(typeOid === 0 ? args[0] : typeOid, name);
      const test = holds[name];
      return (a: NonNull, b: NonNull) => test(compare(a, b));
    }),
  );

const cmpByTypeOrder = (typeOid = 0): Implementation =>
  polymorphic(({ args }): ScalarFunction => {
    const compare = typeOrder(typeOid === 0 ? args[0] : typeOid);
    return (a: NonNull, b: NonNull) => Math.sign(compare(a, b));
  });

const comparePlainSign = (a: Plain, b: Plain): number => (a < b ? -1 : a === b ? 0 : 1);

const floatTypes: readonly Family[] = [
  { prefix: 'float4', left: 'float4', right: 'float4' },
  { prefix: 'float48', left: 'float4', right: 'float8' },
  { prefix: 'float84', left: 'float8', right: 'float4' },
  { prefix: 'float8', left: 'float8', right: 'float8' },
];

/** text and name share their datums; the mixed functions are text's under other names. */
const textFamilies: readonly Family[] = [
  { prefix: 'text_', left: 'text', right: 'text', names: { '=': absent, '<>': absent } },
  { prefix: 'text_pattern_', left: 'text', right: 'text', names: { '=': absent, '<>': absent } },
  ...(['name', 'text'] as const).map((left): Family => {
    const right = left === 'name' ? 'text' : 'name';
    const named = (suffix: string): string => `${left}${suffix}${right}`;
    return {
      prefix: '',
      left,
      right,
      names: { '<': named('lt'), '<=': named('le'), '=': named('eq'), '<>': named('ne'), '>=': named('ge'), '>': named('gt') },
    };
  }),
  { prefix: 'name', left: 'name', right: 'name', names: { '=': absent, '<>': absent } },
];

const patternOnly = { '=': absent, '<>': absent };

/** Families that go by their type's own order. */
const orderedFamilies: readonly (readonly [Family, number])[] = [
  [{ prefix: 'char', left: 'char', right: 'char' }, oid.char],
  [{ prefix: 'bpchar', left: 'bpchar', right: 'bpchar' }, oid.bpchar],
  [{ prefix: 'bpchar_pattern_', left: 'bpchar', right: 'bpchar', names: patternOnly }, oid.bpchar],
  [{ prefix: 'bytea', left: 'bytea', right: 'bytea' }, oid.bytea],
  [{ prefix: 'timetz_', left: 'timetz', right: 'timetz' }, oid.timetz],
  [{ prefix: 'interval_', left: 'interval', right: 'interval' }, oid.interval],
  [{ prefix: 'numeric_', left: 'numeric', right: 'numeric' }, oid.numeric],
  [{ prefix: 'jsonb_', left: 'jsonb', right: 'jsonb' }, oid.jsonb],
  [{ prefix: 'array_', left: 'anyarray', right: 'anyarray' }, 0],
  [{ prefix: 'record_', left: 'record', right: 'record' }, oid.record],
  [{ prefix: 'record_image_', left: 'record', right: 'record' }, oid.record],
  [{ prefix: 'oidvector', left: 'oidvector', right: 'oidvector' }, oid.oidvector],
  [{ prefix: 'network_', left: 'inet', right: 'inet' }, oid.inet],
  [{ prefix: 'xid8', left: 'xid8', right: 'xid8' }, 5069],
];

/** Transaction ids have equality only. */
const equalityOnly: Implementations = {
  'xideq(xid,xid)': scalar((a: number, b: number) => a === b),
  'xidneq(xid,xid)': scalar((a: number, b: number) => a !== b),
  'xideqint4(xid,int4)': scalar((a: number, b: number) => a === b >>> 0),
  'xidneqint4(xid,int4)': scalar((a: number, b: number) => a !== b >>> 0),
  'cideq(cid,cid)': scalar((a: number, b: number) => a === b),
};

const supportFunctions: Implementations = {
  ...Object.fromEntries(
    [
      'btint4cmp(int4,int4)',
      'btint8cmp(int8,int8)',
      'btint24cmp(int2,int4)',
      'btint28cmp(int2,int8)',
      'btint42cmp(int4,int2)',
      'btint48cmp(int4,int8)',
      'btint82cmp(int8,int2)',
      'btint84cmp(int8,int4)',
      'btoidcmp(oid,oid)',
      'btboolcmp(bool,bool)',
      'date_cmp(date,date)',
      'time_cmp(time,time)',
      'timestamp_cmp(timestamp,timestamp)',
      'timestamptz_cmp(timestamptz,timestamptz)',
    ].map((signature) => [signature, scalar(comparePlainSign)]),
  ),
  ...Object.fromEntries(
    ['btfloat4cmp(float4,float4)', 'btfloat8cmp(float8,float8)', 'btfloat48cmp(float4,float8)', 'btfloat84cmp(float8,float4)'].map(
      (signature) => [signature, scalar(compareFloats)],
    ),
  ),
  'timetz_cmp(timetz,timetz)': cmpByTypeOrder(oid.timetz),
  'interval_cmp(interval,interval)': cmpByTypeOrder(oid.interval),
  'numeric_cmp(numeric,numeric)': cmpByTypeOrder(oid.numeric),
  'jsonb_cmp(jsonb,jsonb)': cmpByTypeOrder(oid.jsonb),
  'btarraycmp(anyarray,anyarray)': cmpByTypeOrder(),
  'btrecordcmp(record,record)': cmpByTypeOrder(oid.record),
  'btrecordimagecmp(record,record)': cmpByTypeOrder(oid.record),
  'btoidvectorcmp(oidvector,oidvector)': cmpByTypeOrder(oid.oidvector),
  // How far apart they are, as the type compares them.
  'network_cmp(inet,inet)': polymorphic(() => typeOrder(oid.inet)),
  'xid8cmp(xid8,xid8)': cmpByTypeOrder(5069),
};

/** The greater or lesser of two, the later one where they are equal: what min and max are built on. */
function extremes(): Implementations {
  const table: Record<string, Implementation> = {};
  for (const type of ['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'xid8'])
    for (const [name, sign] of [
      ['larger', 1],
      ['smaller', -1],
    ] as const)
      table[`${type}_${name}(${type},${type})`] = polymorphic(({ args }) => {
        const compare = typeOrder(args[0]);
        return (a: NonNull, b: NonNull) => (compare(a, b) * sign > 0 ? a : b);
      });
  return table;
}

const plainPair = (name: ComparisonName): Implementation => scalar(comparePlain[name], plainVectorComparison(name));

export const comparisonFunctions: Implementations = Object.assign(
  {
    'texteq(text,text)': plainPair('='),
    'textne(text,text)': plainPair('<>'),
    'nameeq(name,name)': plainPair('='),
    'namene(name,name)': plainPair('<>'),
  },
  ...plainFamilies.map((family) => sixOf(family, plainPair)),
  ...floatTypes.map((family) =>
    sixOf(family, (name) => {
      const test = holds[name];
      return scalar((a: number, b: number) => test(compareFloats(a, b)), floatVectorComparison(name));
    }),
  ),
  ...textFamilies.map((family) => byTypeOrder(family, oid.text)),
  ...orderedFamilies.map(([family, typeOid]) => byTypeOrder(family, typeOid)),
  equalityOnly,
  extremes(),
  supportFunctions,
  byteComparisons,
);
