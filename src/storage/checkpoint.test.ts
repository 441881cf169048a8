import { expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import type { Feed } from '#crossbar/crossbar.ts';
import type { PlacedEntry } from '#journal/journal.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import { checkpointHeader, checkpointRows, digest, importCheckpoint } from './checkpoint.ts';
import { follow } from './follow.ts';
import { MemoryStore } from './memory-store.ts';
import { defaultReplicaOptions, Replica, type ReplicaOptions, type StoredRow } from './replica.ts';

const world = realWorld({ log: silentLog });

const options = (more: Partial<ReplicaOptions> = {}): ReplicaOptions => ({
  ...defaultReplicaOptions,
  journalId: 'journal',
  onFailure: (error) => {
    throw error;
  },
  ...more,
});

const keyOf = (n: number): Key => `${spacePrefix(16384)}\x01${String.fromCharCode(n >> 8, n & 0xff)}`;
const everyKey = Array.from({ length: 3000 }, (_, n) => keyOf(n));

/** Entry after entry that writes and deletes among 3 000 keys. */
function journalOf(count: number): PlacedEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const writes = Array.from({ length: 100 }, (_, w) => {
      const n = (i * 97 + w * 31) % 3000;
      return { key: keyOf(n), value: (i + w) % 5 === 0 ? undefined : Buffer.from(`entry ${i} key ${n}`), mode: 'write' as const };
    });
    const record = { transactionId: 'x', timestamp: (i + 1) * 1_000_000, snapshot: 0, marks: [], writes };
    return { position: i + 1, hash: Buffer.from(`hash ${i + 1}`), entry: { kind: 'commits' as const, epoch: 1, records: [record] } };
  });
}

function feedOf(entries: readonly PlacedEntry[], pageEntries = 7): Feed {
  return {
    next: async (position) => {
      const page = entries.filter((placed) => placed.position >= position).slice(0, pageEntries);
      return page.length === 0 ? undefined : page;
    },
    close: () => {},
  };
}

it('gives replicas of one journal the same digest, whatever they have flushed or collected', async () => {
  const journal = journalOf(200);
  const one = await Replica.open(new MemoryStore(), world, options());
  await follow(one, feedOf(journal), world);
  const other = await Replica.open(new MemoryStore(), world, options({ historyMs: 20_000, batchVersions: 100, recentBytes: 100_000 }));
  await follow(other, feedOf(journal, 50), world);
  await other.collect();
  expect(other.horizon).toBeGreaterThan(0);
  const snapshot = one.appliedTimestamp;
  const found = await digest(one, world, snapshot);
  expect(await digest(other, world, snapshot)).toBe(found);
  expect(await digest(one, world, snapshot - 1_000_000)).not.toBe(found);
  expect(await digest(other, world, snapshot - 1_000_000)).toBe(await digest(one, world, snapshot - 1_000_000));
  await one.close();
  await other.close();
});

it('loads a checkpoint, goes on behind it, and refuses what lies before it', async () => {
  const journal = journalOf(120);
  const source = await Replica.open(new MemoryStore(), world, options());
  await follow(source, feedOf(journal.slice(0, 80)), world);
  const header = checkpointHeader(source);
  const pages: (readonly StoredRow[])[] = [];
  for (const item of checkpointRows(source, world, header.appliedTimestamp)) {
    if (item instanceof Promise) await item;
    else pages.push(item);
    // Changes made meanwhile are not part of it.
    if (source.position < 100) source.apply(journal[source.position]);
  }
  const store = new MemoryStore();
  await importCheckpoint(store, header, pages);
  const copy = await Replica.open(store, world, options());
  expect(copy.position).toBe(80);
  expect(copy.flushedPosition).toBe(80);
  expect(() => copy.get(header.appliedTimestamp - 1, everyKey, { newest: 0 })).toThrow(expect.objectContaining({ sqlstate: '40001' }));
  expect(copy.get(header.appliedTimestamp, everyKey, { newest: 0 })).toEqual(source.get(header.appliedTimestamp, everyKey, { newest: 0 }));
  await follow(source, feedOf(journal), world);
  await follow(copy, feedOf(journal), world);
  expect(await digest(copy, world, copy.appliedTimestamp)).toBe(await digest(source, world, source.appliedTimestamp));
  await source.close();
  await copy.close();
});

it('wipes what an import left halfway', async () => {
  const store = new MemoryStore();
  const rows = [{ key: keyOf(1), value: Buffer.from('x'), timestamp: 1 }];
  const broken = (function* () {
    yield rows;
    throw new Error('the file ends');
  })();
  const header = { journalId: 'journal', position: 5, hash: Buffer.alloc(32), appliedTimestamp: 5, catalogTimestamp: 0 };
  await expect(importCheckpoint(store, header, broken)).rejects.toThrow('the file ends');
  expect((await Replica.open(store, world, options())).position).toBe(0);
  expect(store.get(keyOf(1))).toBe(-1);
});

it('follows no journal with other entries, or with a gap', async () => {
  const journal = journalOf(20);
  const replica = await Replica.open(new MemoryStore(), world, options());
  await follow(replica, feedOf(journal.slice(0, 10)), world);
  const forged = journal.map((placed) => ({ ...placed, hash: Buffer.from(`other ${placed.position}`) }));
  await expect(follow(replica, feedOf(forged), world)).rejects.toMatchObject({ sqlstate: 'XX001' });
  await expect(follow(replica, feedOf(journal.slice(14)), world)).rejects.toMatchObject({ sqlstate: 'XX001' });
  expect(replica.position).toBe(10);
  await follow(replica, feedOf(journal), world);
  expect(replica.position).toBe(20);
  await replica.close();
});

it('stops pulling while too much waits to be flushed', async () => {
  const journal = journalOf(300);
  const store = new MemoryStore(() => world.timers.sleep(2));
  const replica = await Replica.open(store, world, options({ recentBytes: 600_000, batchVersions: 500 }));
  let most = 0;
  const feed = feedOf(journal);
  const watched: Feed = {
    next: (position) => {
      most = Math.max(most, replica.recentBytes);
      return feed.next(position);
    },
    close: () => {},
  };
  await follow(replica, watched, world);
  expect(most).toBeLessThan(650_000);
  expect(replica.position).toBe(300);
  await replica.close();
});
