/**
 * Sorted runs: what a large commit wrote in key order stays as its record has it, instead of becoming a chain, a Map entry and a version a
 * row; a run goes as a whole when the store has it.
 *
 *   SR1  Runs stand in key order and their ranges, from first to last key, do not overlap.
 *   SR2  A key of a run has no chain with versions (recent.ts) when the run is added. Whoever writes it again moves it out first, into the
 *        chain that the new version goes on top of; its place in the run is void from then on.
 *
 * A version is made of a place when somebody reads it. Hot: loads (bench: COPY of 100 000 rows).
 */
import { assert } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import type { CommitRecord } from '#journal/journal.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer } from '#sql/row.ts';
import type { Chain, RecentCursor, Version } from './recent.ts';

export type RunWrites = CommitRecord['writes'];

/** What a write weighs beside its bytes, measured roughly. */
const writeBytes = 100;
const prefixLength = 4;

export class SortedRun {
  readonly writes: RunWrites;
  readonly timestamp: Timestamp;
  readonly bytes: number;
  #moved: Map<number, Version> | undefined;

  constructor(writes: RunWrites, timestamp: Timestamp) {
    this.writes = writes;
    this.timestamp = timestamp;
    let bytes = writes.length * writeBytes;
    for (const { key, value } of writes) bytes += key.length + (value === undefined ? 0 : value.length);
    this.bytes = bytes;
  }

  get first(): Key {
    return this.writes[0].key;
  }

  get last(): Key {
    return this.writes[this.writes.length - 1].key;
  }

  /** Of the space that all of its keys lie in. */
  get prefix(): Key {
    return this.first.slice(0, prefixLength);
  }

  /** The version that a place's write has become; undefined while it is still here. */
  movedAt(at: number): Version | undefined {
    return this.#moved?.get(at);
  }

  /** Where the key's write stands; -1 when there is none, or none any more. */
  placeOf(key: Key): number {
    const at = this.lowerBound(key);
    return at < this.writes.length && this.writes[at].key === key && this.movedAt(at) === undefined ? at : -1;
  }

  moveOut(at: number, chain: Chain): Version {
    assert(this.movedAt(at) === undefined, 'SR2: a key is moved out once');
    const version = this.versionAt(at, chain);
    this.#moved ??= new Map();
    this.#moved.set(at, version);
    return version;
  }

  versionAt(at: number, chain: Chain): Version {
    const { value } = this.writes[at];
    const buffer = value === undefined ? undefined : asBuffer(value);
    return { chain, timestamp: this.timestamp, value: buffer, older: undefined, newer: undefined };
  }

  /** Index of the first write at or above the key. */
  lowerBound(key: Key): number {
    const { writes } = this;
    let low = 0;
    let high = writes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (writes[middle].key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Parts of a record's writes that may become runs: each of one space, its keys ascending, `fewest` at least; `rest` is what is left. */
export function partsInOrder(writes: RunWrites, fewest: number): { readonly parts: readonly RunWrites[]; readonly rest: RunWrites } {
  if (writes.length < fewest) return { parts: [], rest: writes };
  if (isAscending(writes) && writes[0].key.startsWith(writes[writes.length - 1].key.slice(0, prefixLength)))
    return { parts: [writes], rest: [] };
  const spaces = new Map<Key, RunWrites[number][]>();
  for (const write of writes) {
    const prefix = write.key.slice(0, prefixLength);
    const space = spaces.get(prefix);
    if (space === undefined) spaces.set(prefix, [write]);
    else space.push(write);
  }
  const parts: RunWrites[] = [];
  const rest: RunWrites[number][] = [];
  for (const space of spaces.values()) {
    if (space.length >= fewest && isAscending(space)) parts.push(space);
    else for (const write of space) rest.push(write);
  }
  return { parts, rest };
}

function isAscending(writes: RunWrites): boolean {
  for (let i = 1; i < writes.length; i++) if (writes[i - 1].key >= writes[i].key) return false;
  return true;
}

export class SortedRuns {
  readonly #runs: SortedRun[] = [];
  #bytes = 0;
  #rows = 0;
  #changes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Places, moved out or not. */
  get rows(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** No run has a place, void or not, between the keys, both included. */
  isFree(first: Key, last: Key): boolean {
    const at = this.#before(last);
    return at < 0 || this.#runs[at].last < first;
  }

  add(run: SortedRun): void {
    assert(this.isFree(run.first, run.last), 'SR1: the ranges of runs do not overlap');
    this.#runs.splice(this.#before(run.first) + 1, 0, run);
    this.#bytes += run.bytes;
    this.#rows += run.writes.length;
    this.#changes++;
  }

  remove(run: SortedRun): void {
    const at = this.#before(run.first);
    assert(this.#runs[at] === run, 'a run is removed once');
    this.#runs.splice(at, 1);
    this.#bytes -= run.bytes;
    this.#rows -= run.writes.length;
    this.#changes++;
  }

  /** The version of a key that is still here. Hot: point reads while there are runs. */
  find(key: Key): Version | undefined {
    const run = this.#around(key);
    const at = run === undefined ? -1 : run.placeOf(key);
    return run === undefined || at < 0 ? undefined : detached(run, at);
  }

  /** As `find`, and it is here no more: it is the chain's. */
  moveOut(key: Key, chain: Chain): Version | undefined {
    const run = this.#around(key);
    const at = run === undefined ? -1 : run.placeOf(key);
    if (run === undefined || at < 0) return undefined;
    this.#changes++;
    return run.moveOut(at, chain);
  }

  /** Versions that are still here, of [start, end), in key order or its reverse; good until the next change. */
  cursor(start: Key, end: Key, descending: boolean): RecentCursor {
    const changes = this.#changes;
    let index = this.#before(descending ? end : start);
    if (index < 0 && !descending) index = 0;
    const first = index < 0 ? undefined : this.#runs[index];
    let at = first === undefined ? 0 : first.lowerBound(descending ? end : start) - (descending ? 1 : 0);
    const next = (): Version | undefined => {
      assert(this.#changes === changes, 'SR: the runs did not change under a cursor');
      for (;;) {
        const run = index < 0 ? undefined : this.#runs[index];
        if (run === undefined) return undefined;
        if (at < 0 || at >= run.writes.length) {
          index += descending ? -1 : 1;
          at = descending && index >= 0 ? this.#runs[index].writes.length - 1 : 0;
          continue;
        }
        const { key } = run.writes[at];
        if (descending ? key < start : key >= end) return undefined;
        const here = at;
        at += descending ? -1 : 1;
        if (run.movedAt(here) === undefined) return detached(run, here);
      }
    };
    return { next };
  }

  /** The run in whose range the key lies. */
  #around(key: Key): SortedRun | undefined {
    const at = this.#before(key);
    return at < 0 || this.#runs[at].last < key ? undefined : this.#runs[at];
  }

  /** Index of the last run whose first key is not above the key; -1 when there is none. */
  #before(key: Key): number {
    let low = -1;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#runs[middle].first <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** For reading alone: no chain of recent holds it. */
function detached(run: SortedRun, at: number): Version {
  const chain: Chain = { key: run.writes[at].key, newest: undefined };
  const version = run.versionAt(at, chain);
  chain.newest = version;
  return version;
}
