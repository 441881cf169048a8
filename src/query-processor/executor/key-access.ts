/**
 * Key access: what a scan's conditions on key columns mean as ranges of keys.
 *
 *   A1  The ranges are in key order, do not overlap and are not empty: every key that satisfies an alternative is read once.
 *   A2  NULL in an equality or a bound satisfies nothing, and a range on a column leaves its NULLs out. IS NULL alone finds them.
 *
 * A descending column's bytes are inverted, so that its lower bound is the upper end of the range.
 */
import { InvariantError } from '#base/assert.ts';
import type { Datum } from '#sql/datum.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { type Key, type KeyRange, KeyWriter, prefixEnd } from '#sql/key.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { integerLimits } from '#sql/types/integer.ts';
import { appendKeyColumn, type KeyPart, rowKeyOf } from '../catalog/table-layout.ts';
import type { KeyAccess } from '../planner/physical-plan.ts';

type Alternative = NonNullable<KeyAccess>['alternatives'][number];

export type KeySpace = { readonly space: number; readonly range: KeyRange; readonly keyParts: readonly KeyPart[] };

/** `isPoints`: each range is one whole key (its start), so that looking it up is enough. */
export type AccessRanges = { readonly ranges: readonly KeyRange[]; readonly isPoints: boolean };

export function accessRanges(access: KeyAccess, keys: KeySpace, context: EvaluationContext): AccessRanges {
  if (access === undefined) return { ranges: [keys.range], isPoints: false };
  if (access.rowKey !== undefined) return rowRange(accessValue(access.rowKey, context));
  const alternatives = access.alternatives.length === 0 ? [nothingKnown] : access.alternatives;
  const ranges: KeyRange[] = [];
  let isPoints = keys.keyParts.length > 0;
  const items = access.anyOf === undefined ? undefined : itemsOf(accessValue(access.anyOf, context));
  for (const alternative of alternatives) {
    const equalCount = alternative.equal.length + (items === undefined ? 0 : 1);
    if (equalCount < keys.keyParts.length || hasBounds(alternative)) isPoints = false;
    const equal: Datum[] = [];
    for (const wanted of alternative.equal) {
      if (wanted === 'null') {
        // Entries with a NULL may be many even under a unique key.
        isPoints = false;
        equal.push(null);
        continue;
      }
      const value = fitted(accessValue(wanted, context), wanted, keys.keyParts[equal.length]);
      if (value === null || value === outside) break;
      equal.push(value);
    }
    if (equal.length < alternative.equal.length) continue;
    if (items === undefined) addRange(ranges, equal, alternative, keys, context);
    else {
      const part = keys.keyParts[equal.length];
      for (const item of items) {
        const value = fittedInteger(item, part);
        if (value !== null && value !== outside) addRange(ranges, [...equal, value], alternative, keys, context);
      }
    }
  }
  return { ranges: normalized(ranges), isPoints };
}

const hasBounds = ({ lower, upper, notNull }: Alternative): boolean => lower !== undefined || upper !== undefined || notNull === true;

/**
 * The key that a single-key access means; undefined where a value satisfies nothing. What accessRanges says, without the ranges.
 * Hot: once a point query.
 */
export function singleKey(access: KeyAccess, { space, keyParts }: KeySpace, context: EvaluationContext): Key | undefined {
  const [{ equal }] = access?.alternatives ?? [nothingKnown];
  const writer = new KeyWriter(space);
  for (let at = 0; at < equal.length; at++) {
    const part = keyParts[at];
    const wanted = equal[at];
    const value = wanted === 'null' ? null : fitted(accessValue(wanted, context), wanted, part);
    if (value === null || value === outside) return undefined;
    appendKeyColumn(writer, part, value);
  }
  return writer.finish();
}

/** True when an access is always of one whole key, or none. */
export function isSingleKey(access: KeyAccess, { keyParts }: KeySpace): boolean {
  if (access === undefined || access.rowKey !== undefined || access.anyOf !== undefined || access.alternatives.length !== 1) return false;
  const [alternative] = access.alternatives;
  const { equal } = alternative;
  return keyParts.length > 0 && equal.length === keyParts.length && !equal.includes('null') && !hasBounds(alternative);
}

function rowRange(value: Datum): AccessRanges {
  if (value === null) return { ranges: [], isPoints: true };
  const start = rowKeyOf(value);
  return { ranges: [{ start, end: `${start}\0` }], isPoints: true };
}

const nothingKnown: Alternative = { equal: [], lower: undefined, upper: undefined };

/** Hot: once a point query. Most keys are parameters and constants, for which nothing need be compiled. */
function accessValue(expression: Expression, context: EvaluationContext): Datum {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'parameter':
      return context.parameters[expression.index - 1] ?? null;
    case 'outerValue': {
      const value = context.outerValues.get(expression.id);
      if (value === undefined) throw new InvariantError('an outer value is set before the inner plan runs');
      return value;
    }
    default:
      return evaluateOnce(expression, context);
  }
}

function itemsOf(array: Datum): readonly Datum[] {
  if (array === null) return [];
  if (array instanceof ArrayValue) return array.items;
  throw new InvariantError('= ANY takes an array');
}

/** An integer that the key column cannot hold: equal to none of its values, and beyond all of them. */
const outside = Symbol('outside');
type Fitted = Datum | typeof outside;

/** Integers of another width compare with the column as they are; all else the planner has cast to the column's type. */
function fitted(value: Datum, expression: Expression, part: KeyPart): Fitted {
  return expression.type.oid === part.type.oid ? value : fittedInteger(value, part);
}

function fittedInteger(value: Datum, part: KeyPart): Fitted {
  const limits = integerLimits.get(part.type.oid);
  if (limits === undefined || (typeof value !== 'number' && typeof value !== 'bigint')) return value;
  return value < limits[0] || value > limits[1] ? outside : value;
}

function appendAll(writer: KeyWriter, values: readonly Fitted[], parts: readonly KeyPart[]): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== outside) appendKeyColumn(writer, parts[i], value);
  }
}

/** Key prefix of equalities on the leading columns. */
export function keyPrefix(values: readonly Datum[], space: number, parts: readonly KeyPart[]): Key {
  const writer = new KeyWriter(space);
  appendAll(writer, values, parts);
  return writer.finish();
}

export function prefixRange(prefix: Key): KeyRange {
  return { start: prefix, end: after(prefix) };
}

function after(prefix: Key): Key {
  const end = prefixEnd(prefix);
  if (end === undefined) throw new InvariantError('a relation has no space of 0xFFFFFFFF');
  return end;
}

function addRange(
  ranges: KeyRange[],
  equal: readonly Fitted[],
  alternative: Alternative,
  { space, keyParts, range }: KeySpace,
  context: EvaluationContext,
): void {
  const { lower, upper } = alternative;
  const writer = new KeyWriter(space);
  appendAll(writer, equal, keyParts);
  const prefix = writer.finish();
  if (!hasBounds(alternative)) {
    ranges.push(equal.length === 0 ? range : prefixRange(prefix));
    return;
  }
  const part = keyParts[equal.length];
  const values = prefix + (part.descending ? '\xfe' : '\x01');
  let start = values;
  let end = after(values);
  for (const [bound, isLower] of [
    [lower, true],
    [upper, false],
  ] as const) {
    if (bound === undefined) continue;
    const value = fitted(accessValue(bound.value, context), bound.value, part);
    if (value === null) return;
    if (value === outside) {
      // Below all values a lower bound says nothing and an upper bound leaves nothing, and the other way round.
      const raw = accessValue(bound.value, context);
      const isBelow = (typeof raw === 'number' || typeof raw === 'bigint') && raw < 0;
      if (isBelow !== isLower) return;
      continue;
    }
    const boundWriter = new KeyWriter(space);
    appendAll(boundWriter, equal, keyParts);
    appendKeyColumn(boundWriter, part, value);
    const key = boundWriter.finish();
    const atStart = isLower !== part.descending;
    if (atStart) start = bound.inclusive ? key : after(key);
    else end = bound.inclusive ? after(key) : key;
  }
  if (start < end) ranges.push({ start, end });
}

/** A1: sorted, overlapping ones merged. */
export function normalized(ranges: KeyRange[]): readonly KeyRange[] {
  if (ranges.length < 2) return ranges;
  ranges.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const merged: KeyRange[] = [ranges[0]];
  for (let i = 1; i < ranges.length; i++) {
    const last = merged[merged.length - 1];
    const next = ranges[i];
    if (next.start < last.end) {
      if (next.end > last.end) merged[merged.length - 1] = { start: last.start, end: next.end };
    } else merged.push(next);
  }
  return merged;
}
