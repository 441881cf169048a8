/**
 * Window frame: which rows of its partition a window function sees from each row.
 *
 * Row numbers are relative to the partition. Bounds with an offset are evaluated once a statement; in RANGE mode the type's in_range
 * function says what lies within reach, and since the partition is sorted the first row that does is found by bisection.
 */
import { InvariantError, unreachable } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import type { SortKey } from '#sql/expression.ts';
import { implementationOf } from '#sql/functions/registry.ts';
import { oid } from '#sql/oids.ts';
import type { FrameBound, WindowFrame, WindowSpecification } from '../analyzer/logical-plan.ts';
import type { Run } from './operator.ts';

type InRange = (value: Datum, base: Datum, subtract: boolean, less: boolean) => boolean;

/** A bound with its offset evaluated. */
type Bound =
  | { readonly kind: 'unboundedPreceding' | 'currentRow' | 'unboundedFollowing' }
  | { readonly kind: 'rows'; readonly offset: number }
  /** ROWS and GROUPS count: `offset` is negative for PRECEDING. */
  | { readonly kind: 'inRange'; readonly isPreceding: boolean; readonly inRange: InRange };

export type Frames = {
  readonly mode: WindowFrame['mode'];
  readonly start: Bound;
  readonly end: Bound;
  readonly exclusion: WindowFrame['exclusion'];
  readonly isDescending: boolean;
  readonly nullsFirst: boolean;
};

export type PreparedFrame = { readonly start: (run: Run) => Frames };

export function prepareFrame(specification: WindowSpecification): PreparedFrame {
  const { frame } = specification;
  const key: SortKey | undefined = specification.orderBy[0];
  return {
    start: (run) => ({
      mode: frame.mode,
      start: boundOf(frame.start, 'starting', frame, key, run),
      end: boundOf(frame.end, 'ending', frame, key, run),
      exclusion: frame.exclusion,
      isDescending: key?.descending ?? false,
      nullsFirst: key?.nullsFirst ?? false,
    }),
  };
}

function boundOf(bound: FrameBound, which: 'starting' | 'ending', frame: WindowFrame, key: SortKey | undefined, run: Run): Bound {
  if (bound.kind !== 'preceding' && bound.kind !== 'following') return { kind: bound.kind };
  const offset = evaluateOnce(bound.offset, run.context);
  if (offset === null) throw new SqlError(sqlstate.nullValueNotAllowed, `frame ${which} offset must not be null`);
  if (frame.mode !== 'range') {
    const count = Number(offset);
    if (count < 0) throw new SqlError(sqlstate.invalidPrecedingOrFollowingSize, `frame ${which} offset must not be negative`);
    return { kind: 'rows', offset: bound.kind === 'preceding' ? -count : count };
  }
  if (bound.inRange === undefined || key === undefined) throw new InvariantError('a RANGE offset has an in_range function and one key');
  const implementation = implementationOf(bound.inRange);
  if (implementation.kind !== 'scalar') throw new InvariantError('in_range is a scalar function');
  const proc = procByOid(bound.inRange);
  const call = implementation.forTypes({ args: proc?.argTypes ?? [], result: oid.bool });
  return {
    kind: 'inRange',
    isPreceding: bound.kind === 'preceding',
    inRange: (value, base, subtract, less) => call(value, base, offset, subtract, less, run.context) === true,
  };
}

export class Partition {
  /** Rows [start, end) of the window's rows. */
  readonly start: number;
  readonly rowCount: number;
  readonly #frames: Frames;
  readonly #orderKey: ((row: number) => Datum) | undefined;
  readonly #peerStarts: Int32Array;
  readonly #peerEnds: Int32Array;
  /** First row of each peer group, and which group each row is of: only for GROUPS. */
  #groupStarts: number[] = [];
  #groupOf: Int32Array | undefined;

  constructor(
    start: number,
    end: number,
    arePeers: (a: number, b: number) => boolean,
    orderKey: ((row: number) => Datum) | undefined,
    frames: Frames,
  ) {
    this.start = start;
    this.rowCount = end - start;
    this.#frames = frames;
    this.#orderKey = orderKey;
    const starts = new Int32Array(this.rowCount);
    const ends = new Int32Array(this.rowCount);
    for (let first = 0; first < this.rowCount; ) {
      let next = first + 1;
      while (next < this.rowCount && arePeers(start + next - 1, start + next)) next++;
      starts.fill(first, first, next);
      ends.fill(next, first, next);
      first = next;
    }
    this.#peerStarts = starts;
    this.#peerEnds = ends;
  }

  peerStart(row: number): number {
    return this.#peerStarts[row];
  }

  peerEnd(row: number): number {
    return this.#peerEnds[row];
  }

  get hasExclusion(): boolean {
    return this.#frames.exclusion !== 'none';
  }

  /** True when every row's frame begins with the partition. */
  get startsUnbounded(): boolean {
    return this.#frames.start.kind === 'unboundedPreceding';
  }

  excluded(row: number, other: number): boolean {
    const { exclusion } = this.#frames;
    switch (exclusion) {
      case 'none':
        return false;
      case 'currentRow':
        return other === row;
      case 'group':
        return other >= this.#peerStarts[row] && other < this.#peerEnds[row];
      case 'ties':
        return other !== row && other >= this.#peerStarts[row] && other < this.#peerEnds[row];
      default:
        return unreachable(exclusion);
    }
  }

  /** [start, end), clipped to the partition; empty frames have end <= start. */
  frame(row: number): { readonly start: number; readonly end: number } {
    const { start, end } = this.#frames;
    return { start: this.#startOf(row, start), end: Math.max(this.#endOf(row, end), 0) };
  }

  #startOf(row: number, bound: Bound): number {
    switch (bound.kind) {
      case 'unboundedPreceding':
        return 0;
      case 'unboundedFollowing':
        return this.rowCount;
      case 'currentRow':
        return this.#frames.mode === 'rows' ? row : this.#peerStarts[row];
      case 'rows':
        return this.#edge(row, bound.offset);
      case 'inRange':
        return this.#firstWithin(row, bound.isPreceding, bound.inRange);
      default:
        return unreachable(bound);
    }
  }

  #endOf(row: number, bound: Bound): number {
    switch (bound.kind) {
      case 'unboundedPreceding':
        return 0;
      case 'unboundedFollowing':
        return this.rowCount;
      case 'currentRow':
        return this.#frames.mode === 'rows' ? row + 1 : this.#peerEnds[row];
      case 'rows':
        return this.#edge(row, bound.offset + 1);
      case 'inRange':
        return this.#firstBeyond(row, bound.isPreceding, bound.inRange);
      default:
        return unreachable(bound);
    }
  }

  /** Where the row, or group of peers, begins that lies so many behind the current one. */
  #edge(row: number, offset: number): number {
    if (this.#frames.mode === 'rows') return clip(row + offset, this.rowCount);
    const group = this.#group(row) + offset;
    if (group < 0) return 0;
    return group >= this.#groupStarts.length ? this.rowCount : this.#groupStarts[group];
  }

  #group(row: number): number {
    if (this.#groupOf === undefined) {
      const groupOf = new Int32Array(this.rowCount);
      const starts: number[] = [];
      for (let at = 0; at < this.rowCount; at++) {
        if (this.#peerStarts[at] === at) starts.push(at);
        groupOf[at] = starts.length - 1;
      }
      this.#groupOf = groupOf;
      this.#groupStarts = starts;
    }
    return this.#groupOf[row];
  }

  #key(row: number): Datum {
    if (this.#orderKey === undefined) throw new InvariantError('a RANGE offset has one order key');
    return this.#orderKey(this.start + row);
  }

  /** First row not before the frame's start. NULLs are in reach of NULLs alone. */
  #firstWithin(row: number, isPreceding: boolean, inRange: InRange): number {
    const { isDescending, nullsFirst } = this.#frames;
    const base = this.#key(row);
    const subtract = isPreceding !== isDescending;
    return this.#bisect((other) => {
      const value = this.#key(other);
      if (value !== null && base !== null) return inRange(value, base, subtract, isDescending);
      if (nullsFirst) return value !== null || base === null;
      return value === null || base !== null;
    });
  }

  /** First row behind the frame's end. */
  #firstBeyond(row: number, isPreceding: boolean, inRange: InRange): number {
    const { isDescending, nullsFirst } = this.#frames;
    const base = this.#key(row);
    const subtract = isPreceding !== isDescending;
    return this.#bisect((other) => {
      const value = this.#key(other);
      if (value !== null && base !== null) return !inRange(value, base, subtract, !isDescending);
      if (nullsFirst) return value !== null && base === null;
      return value === null && base !== null;
    });
  }

  /** The first row for which `holds`, which stays true from there on. */
  #bisect(holds: (row: number) => boolean): number {
    let low = 0;
    let high = this.rowCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const clip = (row: number, rowCount: number): number => (row < 0 ? 0 : Math.min(row, rowCount));
