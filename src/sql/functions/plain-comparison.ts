/**
 * Plain comparisons: functions whose order is JavaScript's own on canonical datums (integers also where number and bigint meet, dates,
 * timestamps, times, uuids, booleans; for text only equality, because code units are not bytes). Three loops over vectors serve the six
 * operators, here for boolean results and in evaluate/select.ts for filters.
 */
import { constantVector, isNullConstant, type Vector, vectorOf } from '../batch.ts';
import { procByOid } from '../builtins.ts';
import type { Datum } from '../datum.ts';

export type ComparisonName = '<' | '<=' | '=' | '<>' | '>=' | '>';

/** How PostgreSQL's function names end for each operator. */
export const comparisonSuffixes: Readonly<Record<ComparisonName, string>> = {
  '<': 'lt',
  '<=': 'le',
  '=': 'eq',
  '<>': 'ne',
  '>=': 'ge',
  '>': 'gt',
};
export const comparisonNames: readonly ComparisonName[] = ['<', '<=', '=', '<>', '>=', '>'];

/** Name prefix and argument types of each family of six functions. */
export const plainFamilies: readonly { readonly prefix: string; readonly left: string; readonly right: string }[] = [
  { prefix: 'int2', left: 'int2', right: 'int2' },
  { prefix: 'int24', left: 'int2', right: 'int4' },
  { prefix: 'int28', left: 'int2', right: 'int8' },
  { prefix: 'int42', left: 'int4', right: 'int2' },
  { prefix: 'int4', left: 'int4', right: 'int4' },
  { prefix: 'int48', left: 'int4', right: 'int8' },
  { prefix: 'int82', left: 'int8', right: 'int2' },
  { prefix: 'int84', left: 'int8', right: 'int4' },
  { prefix: 'int8', left: 'int8', right: 'int8' },
  { prefix: 'oid', left: 'oid', right: 'oid' },
  { prefix: 'bool', left: 'bool', right: 'bool' },
  { prefix: 'date_', left: 'date', right: 'date' },
  { prefix: 'time_', left: 'time', right: 'time' },
  { prefix: 'timestamp_', left: 'timestamp', right: 'timestamp' },
  { prefix: 'timestamptz_', left: 'timestamptz', right: 'timestamptz' },
  { prefix: 'uuid_', left: 'uuid', right: 'uuid' },
];
const plainText: Readonly<Record<string, ComparisonName>> = { texteq: '=', textne: '<>', nameeq: '=', namene: '<>' };

let byName: ReadonlyMap<string, ComparisonName> | undefined;

/** What a function compares for, when JavaScript's operators do it. */
export function plainComparison(procOid: number): ComparisonName | undefined {
  byName ??= new Map([
    ...plainFamilies.flatMap(({ prefix }) => comparisonNames.map((name) => [prefix + comparisonSuffixes[name], name] as const)),
    ...Object.entries(plainText),
  ]);
  const proc = procByOid(procOid);
  return proc === undefined ? undefined : byName.get(proc.name);
}

/** Values that JavaScript's < and === order as SQL does. */
export type Plain = number | bigint | string | boolean;

/** One comparison of two plain values. */
export const comparePlain: Readonly<Record<ComparisonName, (a: Plain, b: Plain) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
  '<>': (a, b) => a !== b,
  '>=': (a, b) => a >= b,
  '>': (a, b) => a > b,
};

/** The vector's values as what the caller knows them to be: plain values and NULLs. The only place that says so. */
export const plainValues = (vector: Vector): ArrayLike<Plain | null> => vector.values as ArrayLike<Plain | null>;

/** The loop for a comparison over whole vectors. */
export function plainVectorComparison(name: ComparisonName): (args: readonly Vector[], rowCount: number) => Vector {
  switch (name) {
    case '<':
      return ([left, right], rowCount) => vectorLess(left, right, rowCount);
    case '>':
      return ([left, right], rowCount) => vectorLess(right, left, rowCount);
    case '<=':
      return ([left, right], rowCount) => vectorLessOrEqual(left, right, rowCount);
    case '>=':
      return ([left, right], rowCount) => vectorLessOrEqual(right, left, rowCount);
    case '=':
      return ([left, right], rowCount) => vectorEqual(left, right, rowCount, true);
    case '<>':
      return ([left, right], rowCount) => vectorEqual(left, right, rowCount, false);
  }
}

const hasNullConstant = (left: Vector, right: Vector): boolean => isNullConstant(left) || isNullConstant(right);

const isNullAt = (nulls: Uint8Array | undefined, at: number): boolean => nulls !== undefined && nulls[at] === 1;

// Hot: comparisons in filters, joins and CASE.
function vectorLess(left: Vector, right: Vector, rowCount: number): Vector {
  if (hasNullConstant(left, right)) return constantVector(null);
  const a = plainValues(left);
  const b = plainValues(right);
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const aAt = row & left.mask;
    const bAt = row & right.mask;
    const x = a[aAt];
    const y = b[bAt];
    result[row] = x === null || y === null || isNullAt(left.nulls, aAt) || isNullAt(right.nulls, bAt) ? null : x < y;
  }
  return vectorOf(result);
}

function vectorLessOrEqual(left: Vector, right: Vector, rowCount: number): Vector {
  if (hasNullConstant(left, right)) return constantVector(null);
  const a = plainValues(left);
  const b = plainValues(right);
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const aAt = row & left.mask;
    const bAt = row & right.mask;
    const x = a[aAt];
    const y = b[bAt];
    result[row] = x === null || y === null || isNullAt(left.nulls, aAt) || isNullAt(right.nulls, bAt) ? null : x <= y;
  }
  return vectorOf(result);
}

function vectorEqual(left: Vector, right: Vector, rowCount: number, whenEqual: boolean): Vector {
  if (hasNullConstant(left, right)) return constantVector(null);
  const a = plainValues(left);
  const b = plainValues(right);
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const aAt = row & left.mask;
    const bAt = row & right.mask;
    const x = a[aAt];
    const y = b[bAt];
    const isNull = x === null || y === null || isNullAt(left.nulls, aAt) || isNullAt(right.nulls, bAt);
    result[row] = isNull ? null : (x === y) === whenEqual;
  }
  return vectorOf(result);
}
