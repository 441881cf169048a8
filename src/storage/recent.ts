/**
 * Recent: the newest commits, in memory, visible the moment they are applied; the store below gets them later, many at a time.
 *
 *   chain a   30: value  →  20: value          one chain a key, versions newest first
 *   chain b   30: tombstone
 *   chain c   (empty: the store has all)       stays for a while, because keys written once are often written again
 *
 *   S1  The versions of a key strictly descend in commit timestamp.
 *   R1  Versions leave oldest first, and only once the store shows them to readers: whatever is left here of a key is newer
 *       than whatever the store has of it.
 *
 * Look-up is one Map access; order comes from a sorted map of the same chains. What large commits wrote in order lies beside them
 * (sorted-runs.ts). Hot.
 */
import { assert } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer } from '#sql/row.ts';
import { type SortedCursor, SortedMap } from './sorted-map.ts';
import { type RunWrites, SortedRun, SortedRuns } from './sorted-runs.ts';

export type Version = {
  readonly chain: Chain;
  readonly timestamp: Timestamp;
  /** undefined is a tombstone. */
  readonly value: Buffer | undefined;
  older: Version | undefined;
  newer: Version | undefined;
};

export type Chain = { readonly key: Key; newest: Version | undefined };

/** What a chain and a version weigh beside their bytes, measured roughly: objects, Map and array slots. */
const chainBytes = 120;
const versionBytes = 100;
/** Empty chains that are kept at least. */
const idleChains = 4096;

export class Recent {
  readonly #chains = new Map<Key, Chain>();
  readonly #ordered = new SortedMap<Chain>();
  readonly #runs = new SortedRuns();
  #bytes = 0;
  #emptyChains = 0;
  #versions = 0;

  /** Memory taken, roughly. */
  get bytes(): number {
    return this.#bytes + this.#runs.bytes;
  }

  get versionCount(): number {
    return this.#versions + this.#runs.rows;
  }

  /** Adds the newest version of a key. The value must not change afterwards. */
  put(key: Key, timestamp: Timestamp, value: Uint8Array | undefined): Version {
    let chain = this.#chains.get(key);
    if (chain === undefined) {
      chain = { key, newest: undefined };
      this.#chains.set(key, chain);
      this.#ordered.set(key, chain);
      this.#bytes += key.length + chainBytes;
    } else if (chain.newest === undefined) this.#emptyChains--;
    const older = chain.newest ?? this.#fromRun(key, chain);
    assert(older === undefined || older.timestamp < timestamp, 'S1: the versions of a key strictly descend in commit timestamp');
    const version: Version = { chain, timestamp, value: value === undefined ? undefined : asBuffer(value), older, newer: undefined };
    if (older !== undefined) older.newer = version;
    chain.newest = version;
    this.#bytes += bytesOf(version);
    this.#versions++;
    return version;
  }

  /** Keeps writes of one space with ascending keys as they are; undefined when that cannot be, because others are here in their range. */
  addRun(writes: RunWrites, timestamp: Timestamp): SortedRun | undefined {
    const run = new SortedRun(writes, timestamp);
    if (!this.#runs.isFree(run.first, run.last) || this.#hasChain(run.first, `${run.last}\0`)) return undefined;
    this.#runs.add(run);
    return run;
  }

  #fromRun(key: Key, chain: Chain): Version | undefined {
    const version = this.#runs.isEmpty ? undefined : this.#runs.moveOut(key, chain);
    if (version === undefined) return undefined;
    chain.newest = version;
    this.#bytes += bytesOf(version);
    this.#versions++;
    return version;
  }

  /** The newest version of the key; undefined when there is none here. */
  newest(key: Key): Version | undefined {
    const version = this.#chains.get(key)?.newest;
    return version !== undefined || this.#runs.isEmpty ? version : this.#runs.find(key);
  }

  /** Takes a whole run out: the store has it now, and what was moved out of it is forgotten by itself. */
  forgetRun(run: SortedRun): void {
    this.#runs.remove(run);
  }

  /** Takes the oldest version of its key out: the store has it now. `sweep` afterwards. */
  forget(version: Version): void {
    assert(version.older === undefined, 'R1: versions leave oldest first');
    const { newer, chain } = version;
    if (newer !== undefined) newer.older = undefined;
    else {
      chain.newest = undefined;
      this.#emptyChains++;
    }
    this.#bytes -= bytesOf(version);
    this.#versions--;
  }

  /** Drops empty chains when they are many. */
  sweep(): void {
    if (this.#versions === 0 && this.#emptyChains >= idleChains) {
      this.#chains.clear();
      this.#ordered.clear();
      this.#emptyChains = 0;
      this.#bytes = 0;
      return;
    }
    if (this.#emptyChains < idleChains || this.#emptyChains * 2 < this.#chains.size) return;
    this.#ordered.retain((chain) => {
      if (chain.newest !== undefined) return true;
      this.#chains.delete(chain.key);
      this.#bytes -= chain.key.length + chainBytes;
      return false;
    });
    this.#emptyChains = 0;
  }

  /** True when a key of [start, end) has a version here. */
  hasAny(start: Key, end: Key): boolean {
    return this.#hasChain(start, end) || (!this.#runs.isEmpty && this.#runs.cursor(start, end, false).next() !== undefined);
  }

  #hasChain(start: Key, end: Key): boolean {
    if (this.#versions === 0) return false;
    const sorted = this.#ordered.cursor(start, end, false);
    while (sorted.next()) if (sorted.value.newest !== undefined) return true;
    return false;
  }

  /** Newest versions of the keys of [start, end), in key order or its reverse; good until the next put or sweep. */
  cursor(start: Key, end: Key, descending: boolean): RecentCursor | undefined {
    const chains = this.#versions === 0 ? undefined : chainCursor(this.#ordered.cursor(start, end, descending));
    if (this.#runs.isEmpty) return chains;
    const runs = this.#runs.cursor(start, end, descending);
    return chains === undefined ? runs : merged(chains, runs, descending);
  }
}

function chainCursor(sorted: SortedCursor<Chain>): RecentCursor {
  return {
    next: () => {
      while (sorted.next()) {
        const newest = sorted.value.newest;
        if (newest !== undefined) return newest;
      }
      return undefined;
    },
  };
}

/** Two cursors that have no key in common (sorted-runs.ts, SR2). */
function merged(a: RecentCursor, b: RecentCursor, descending: boolean): RecentCursor {
  let nextA = a.next();
  let nextB = b.next();
  return {
    next: () => {
      const takesA = nextB === undefined || (nextA !== undefined && nextA.chain.key < nextB.chain.key !== descending);
      const version = takesA ? nextA : nextB;
      if (takesA) nextA = a.next();
      else nextB = b.next();
      return version;
    },
  };
}

export type RecentCursor = {
  /** The newest version of the next key; undefined at the end. */
  next(): Version | undefined;
};

/** The newest of the version and its elders at or below the snapshot. */
export function visibleAt(version: Version | undefined, snapshot: Timestamp): Version | undefined {
  let candidate = version;
  while (candidate !== undefined && candidate.timestamp > snapshot) candidate = candidate.older;
  return candidate;
}

const bytesOf = (version: Version) => versionBytes + (version.value === undefined ? 0 : version.value.length);
