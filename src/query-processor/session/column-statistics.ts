/**
 * Column statistics: from a sample of a column's values to what PostgreSQL's ANALYZE would say of them: how many are NULL, how many differ, the most
 * common ones, a histogram of the others, and whether they lie in the order of the rows.
 */
import type { Datum } from '#sql/datum.ts';
import type { NonNull, TypeRef } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ColumnStatistics } from '../catalog/statistics-rows.ts';

/** Values longer than this are not kept as common ones or bounds. */
const widestValue = 1024;

/** `values`: of the sampled rows, in the order of the rows. `target`: default_statistics_target. */
export function columnStatistics(values: readonly Datum[], type: TypeRef, totalRows: number, target: number): ColumnStatistics {
  const present: { readonly value: NonNull; readonly at: number }[] = [];
  values.forEach((value, at) => {
    if (value !== null) present.push({ value, at });
  });
  const sampled = values.length;
  const nullFraction = sampled === 0 ? 0 : (sampled - present.length) / sampled;
  const averageWidth = widthOf(
    present.map(({ value }) => value),
    typeByOid(type.oid).length,
  );
  const { compare } = typeByOid(type.oid);
  const nothing: ColumnStatistics = { nullFraction, averageWidth, distinct: 0, common: [], histogram: [], correlation: undefined };
  if (present.length === 0 || compare === undefined) return nothing;

  present.sort((a, b) => compare(a.value, b.value) || a.at - b.at);
  const groups: { readonly value: NonNull; readonly from: number; readonly count: number }[] = [];
  for (let from = 0; from < present.length; ) {
    let end = from + 1;
    while (end < present.length && compare(present[from].value, present[end].value) === 0) end++;
    groups.push({ value: present[from].value, from, count: end - from });
    from = end;
  }
  const distinct = distinctOf(groups, present.length, nullFraction, totalRows);
  const keptGroups = groups.filter(({ value }) => sizeOf(value) <= widestValue);
  const common = mostCommon(keptGroups, groups.length, present.length, distinct, target);
  const isCommon = new Set(common);
  const rest = keptGroups.filter((group) => !isCommon.has(group));
  return {
    nullFraction,
    averageWidth,
    distinct,
    common: common.map(({ value, count }) => ({ value, frequency: count / sampled })),
    histogram: histogramOf(rest, target),
    correlation: correlationOf(present.map(({ at }) => at)),
  };
}

type Group = { readonly value: NonNull; readonly count: number };

/** The estimator of Haas and Stokes; a column that seems to grow with the table is described by a share of its rows. */
function distinctOf(groups: readonly Group[], sampled: number, nullFraction: number, totalRows: number): number {
  const once = groups.filter(({ count }) => count === 1).length;
  if (once === groups.length) return -(1 - nullFraction);
  if (once === 0) return groups.length;
  const total = Math.max(sampled, Math.round(totalRows * (1 - nullFraction)));
  const estimated = (sampled * groups.length) / (sampled - once + (once * sampled) / total);
  const bounded = Math.round(Math.min(total, Math.max(groups.length, estimated)));
  return bounded > 0.1 * totalRows ? -(bounded / totalRows) : bounded;
}

/** All values where they are few, else those that are clearly more frequent than the average one. */
function mostCommon<G extends Group>(
  groups: readonly G[],
  groupCount: number,
  sampled: number,
  distinct: number,
  target: number,
): readonly G[] {
  const byCount = groups.filter(({ count }) => count > 1).sort((a, b) => b.count - a.count);
  if (groups.length === groupCount && groups.length <= target && distinct > 0 && byCount.length === groups.length) return byCount;
  const average = sampled / Math.max(1, groupCount);
  const least = Math.min(Math.max(2, average * 1.25), Math.max(2, sampled / target));
  return byCount.slice(0, target).filter(({ count }) => count >= least);
}

function histogramOf(groups: readonly Group[], target: number): readonly Datum[] {
  if (groups.length < 2) return [];
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const bounds = Math.min(groups.length, target + 1);
  const histogram: Datum[] = [];
  let at = 0;
  let seen = groups[0].count;
  for (let bound = 0; bound < bounds; bound++) {
    const position = Math.floor((bound * (total - 1)) / (bounds - 1));
    while (seen <= position) seen += groups[++at].count;
    histogram.push(groups[at].value);
  }
  return histogram;
}

/** Of the values' places in order with the places of their rows. */
function correlationOf(rows: readonly number[]): number | undefined {
  const count = rows.length;
  if (count < 2) return undefined;
  // Places among the rows that have a value.
  const place = new Map([...rows].sort((a, b) => a - b).map((row, at) => [row, at]));
  let products = 0;
  rows.forEach((row, at) => {
    products += at * (place.get(row) ?? 0);
  });
  const sum = ((count - 1) * count) / 2;
  const squares = ((count - 1) * count * (2 * count - 1)) / 6;
  return (count * products - sum * sum) / (count * squares - sum * sum);
}

function sizeOf(value: NonNull): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 16;
}

/** Average bytes as PostgreSQL stores them. */
function widthOf(values: readonly NonNull[], fixed: number): number {
  if (fixed > 0 || values.length === 0) return Math.max(0, fixed);
  let bytes = 0;
  for (const value of values) bytes += 1 + (typeof value === 'string' ? Buffer.byteLength(value) : sizeOf(value));
  return Math.floor(bytes / values.length);
}
