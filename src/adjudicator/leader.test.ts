import { describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import type { Clock, Disk, World } from '#base/world.ts';
import type { Receipts } from '#crossbar/crossbar.ts';
import { type FileJournal, openFileJournal } from '#journal/file/file-journal.ts';
import type { JournalPosition } from '#journal/journal.ts';
import { readAll } from '#journal/journal-contract.ts';
import type { CommitRequest, Verdict } from './adjudicator.ts';
import { ClaimLost, type Leader, type LeaderOptions, startLeader } from './leader.ts';

/** Nodes that receive as far as the test lets them. */
class HeldReceipts implements Receipts {
  hasQuorum = true;
  upTo: JournalPosition = Number.POSITIVE_INFINITY;
  readonly announced: number[] = [];
  #progress: () => void = () => {};

  complete(position: JournalPosition): boolean {
    return position <= this.upTo;
  }

  onProgress(callback: () => void): () => void {
    this.#progress = callback;
    return () => {};
  }

  announce(stable: number): void {
    this.announced.push(stable);
  }

  receive(upTo: JournalPosition): void {
    this.upTo = upTo;
    this.#progress();
  }
}

type Bench = {
  readonly world: World;
  readonly journal: FileJournal;
  readonly receipts: HeldReceipts;
  readonly leader: Leader;
  readonly stopped: string[];
};

async function bench(disk: Disk = memoryDisk(), options: Partial<LeaderOptions> = {}, clock?: Clock): Promise<Bench> {
  const real = realWorld({ log: silentLog, disk });
  const world = clock === undefined ? real : { ...real, clock };
  const journal = await openFileJournal({
    world,
    directory: '/j',
    onFailure: () => {},
  });
  const receipts = new HeldReceipts();
  const stopped: string[] = [];
  const leader = await startLeader({ world, journal, receipts, exclusive: true, onStopped: (reason) => stopped.push(reason), ...options });
  leader.begin();
  return { world, journal, receipts, leader, stopped };
}

let count = 0;
const request = (leader: Leader, snapshot: number, ...keys: string[]): CommitRequest => ({
  partition: 0,
  epoch: leader.epoch,
  transactionId: `transaction ${count++}`,
  snapshot,
  writes: keys.map((key) => ({ key, mode: 'update', value: Buffer.from('v') })),
  marks: [],
  bytes: 100,
});

const committed = (verdict: Verdict): { readonly timestamp: number; readonly position: number } => {
  if (verdict.kind !== 'committed') throw new Error(JSON.stringify(verdict));
  return verdict;
};

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

it('lets the first committer win', async () => {
  const { leader } = await bench();
  const snapshot = leader.head;
  const [a, b, c] = await Promise.all([
    leader.commit(request(leader, snapshot, 'x')),
    leader.commit(request(leader, snapshot, 'x', 'y')),
    leader.commit(request(leader, snapshot, 'y')),
  ]);
  expect(b).toEqual({ kind: 'conflict', code: 'OC000', key: 'x', winner: committed(a).timestamp });
  expect(committed(c).timestamp).toBeGreaterThan(committed(a).timestamp);
  expect(leader.head).toBe(committed(c).timestamp);
  committed(await leader.commit(request(leader, leader.head, 'x', 'y')));
});

it('fills one batch while another is under way', async () => {
  const { leader, journal } = await bench();
  const verdicts = await Promise.all(Array.from({ length: 100 }, (_, i) => leader.commit(request(leader, 0, `k${i}`))));
  const positions = new Set(verdicts.map((verdict) => committed(verdict).position));
  expect([...positions]).toEqual([2, 3]);
  const entries = await readAll(journal);
  expect(entries.map(({ entry }) => (entry.kind === 'commits' ? entry.records.length : entry.kind))).toEqual(['claim', 1, 99]);
});

it('bounds a batch, and answers those that had to wait in their order', async () => {
  const { leader, journal } = await bench(memoryDisk(), { batchBytes: 1000, batchRecords: 7 });
  const verdicts = await Promise.all(Array.from({ length: 50 }, (_, i) => leader.commit(request(leader, 0, `k${i}`))));
  const timestamps = verdicts.map((verdict) => committed(verdict).timestamp);
  expect(timestamps).toEqual([...timestamps].sort((a, b) => a - b));
  for (const { entry } of await readAll(journal)) if (entry.kind === 'commits') expect(entry.records.length).toBeLessThanOrEqual(7);
});

it('refuses when too many wait, and what is larger than a batch still goes', async () => {
  const { leader, receipts } = await bench(memoryDisk(), { unansweredBytes: 50, waitingRequests: 3, batchBytes: 10 });
  receipts.receive(1);
  const first = leader.commit(request(leader, 0, 'a'));
  const waiting = ['b', 'c', 'd'].map((key) => leader.commit(request(leader, 0, key)));
  expect(await leader.commit(request(leader, 0, 'e'))).toMatchObject({ kind: 'unavailable' });
  receipts.receive(Number.POSITIVE_INFINITY);
  for (const verdict of await Promise.all([first, ...waiting])) committed(verdict);
});

it('answers when durable and received, in order, with the stable mark first (A5)', async () => {
  const { leader, receipts } = await bench();
  receipts.receive(1);
  const order: string[] = [];
  const announce = receipts.announce.bind(receipts);
  receipts.announce = (stable) => {
    order.push('announced');
    announce(stable);
  };
  const first = leader.commit(request(leader, 0, 'a')).then((verdict) => {
    order.push('first');
    return verdict;
  });
  await turns();
  const second = leader.commit(request(leader, 0, 'b')).then((verdict) => {
    order.push('second');
    return verdict;
  });
  await turns();
  expect(order).toEqual([]);
  expect(leader.head).toBeGreaterThan(leader.stable);
  receipts.receive(2);
  const one = committed(await first);
  await turns();
  expect(order).toEqual(['announced', 'first']);
  expect(leader.stable).toBe(one.timestamp);
  receipts.receive(3);
  const two = committed(await second);
  expect(order).toEqual(['announced', 'first', 'announced', 'second']);
  expect(receipts.announced.slice(-2)).toEqual([one.timestamp, two.timestamp]);
});

it('gives a repeated request its first answer (A6)', async () => {
  const { leader, journal } = await bench();
  const write = request(leader, 0, 'x');
  const both = await Promise.all([leader.commit(write), leader.commit(write)]);
  expect(both[1]).toEqual(both[0]);
  const loser = request(leader, 0, 'x');
  const conflict = await leader.commit(loser);
  expect(conflict.kind).toBe('conflict');
  expect(await leader.commit(loser)).toEqual(conflict);
  expect(await leader.commit(write)).toEqual(both[0]);
  expect(journal.lastPosition).toBe(2);
});

it('does not commit again what it has half forgotten', async () => {
  const { leader } = await bench(memoryDisk(), { verdictsKept: 2 });
  const write = request(leader, 0, 'x');
  committed(await leader.commit(write));
  for (let i = 0; i < 10; i++) await leader.commit(request(leader, 0, `other ${i}`));
  expect(await leader.commit(write)).toEqual({ kind: 'unknown' });
});

it('refuses other epochs and, without a quorum, everything', async () => {
  const { leader, receipts, journal } = await bench();
  expect(await leader.commit({ ...request(leader, 0, 'x'), epoch: leader.epoch + 1 })).toEqual({ kind: 'tooOld' });
  receipts.hasQuorum = false;
  expect((await leader.commit(request(leader, 0, 'x'))).kind).toBe('unavailable');
  expect(journal.lastPosition).toBe(1);
});

describe('after a restart', () => {
  it('the window is there again: conflicts, low-water mark, first answers, timestamps', async () => {
    const disk = memoryDisk();
    const one = await bench(disk);
    const write = request(one.leader, 0, 'x');
    const before = committed(await one.leader.commit(write));
    const share = { ...request(one.leader, 0), marks: [{ key: 'parent', mode: 'share' } as const] };
    committed(await one.leader.commit(share));
    await one.leader.drained();
    one.leader.stop('test');
    await one.journal.close();

    const back: Clock = { now: () => 1, monotonicMs: () => 0 };
    const two = await bench(disk, {}, back);
    expect(two.leader.epoch).toBe(2);
    expect(await two.leader.commit({ ...write, epoch: 1 })).toEqual({ kind: 'committed', ...before });
    expect(await two.leader.commit(request(two.leader, before.timestamp - 1, 'x'))).toMatchObject({
      kind: 'conflict',
      winner: before.timestamp,
    });
    const erase = { ...request(two.leader, before.timestamp), marks: [{ key: 'parent', mode: 'write' } as const] };
    expect((await two.leader.commit(erase)).kind).toBe('conflict');
    const after = committed(await two.leader.commit(request(two.leader, two.leader.head, 'x')));
    expect(after.timestamp).toBeGreaterThan(before.timestamp);
    const entries = await readAll(two.journal);
    const stamps = entries.flatMap(({ entry }) => (entry.kind === 'commits' ? entry.records.map(({ timestamp }) => timestamp) : []));
    expect(stamps).toEqual([...new Set(stamps)].sort((a, b) => a - b));
  });

  it('of a truncated journal, snapshots before what is left are refused', async () => {
    const disk = memoryDisk();
    const one = await bench(disk);
    const small = await openFileJournal({ world: one.world, directory: '/small', onFailure: () => {}, segmentBytes: 500 });
    const leader = await startLeader({
      world: one.world,
      journal: small,
      receipts: new HeldReceipts(),
      exclusive: true,
      onStopped: () => {},
    });
    leader.begin();
    const stamps: number[] = [];
    for (let i = 0; i < 20; i++) stamps.push(committed(await leader.commit(request(leader, leader.head, `k${i}`))).timestamp);
    leader.stop('test');
    await small.truncateBefore(12);
    const kept = small.firstPosition;
    expect(kept).toBeGreaterThan(5);
    const next = await startLeader({
      world: one.world,
      journal: small,
      receipts: new HeldReceipts(),
      exclusive: true,
      onStopped: () => {},
    });
    expect(await next.commit(request(next, stamps[kept - 2] - 2, 'free'))).toEqual({ kind: 'tooOld' });
    committed(await next.commit(request(next, stamps[kept - 2] - 1, 'free')));
  });
});

describe('another claim', () => {
  it('ends the leadership: nothing of it is written behind, and it says so', async () => {
    const { leader, journal, world, receipts, stopped } = await bench();
    committed(await leader.commit(request(leader, 0, 'x')));
    const second = await startLeader({ world, journal, receipts, exclusive: true, onStopped: () => {} });
    expect(second.epoch).toBe(leader.epoch + 1);
    expect((await leader.commit(request(leader, leader.head, 'y'))).kind).toBe('unavailable');
    expect(stopped.length).toBe(1);
    expect((await leader.commit(request(leader, leader.head, 'z'))).kind).toBe('unavailable');
    expect(() => leader.confirmedHead()).toThrow(/claimed/);
    expect(journal.lastPosition).toBe(3);
  });

  it('is lost when the journal moves during it', async () => {
    const { journal, world, receipts } = await bench();
    const options = { world, journal, receipts, exclusive: true, onStopped: () => {} };
    const results = await Promise.allSettled([startLeader(options), startLeader(options)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')?.reason).toBeInstanceOf(ClaimLost);
  });
});

describe('a leadership that must be confirmed', () => {
  it('is, by an append, when the last one is too old', async () => {
    let monotonic = 0;
    const clock: Clock = { now: () => 1e15 + monotonic * 1000, monotonicMs: () => monotonic };
    const { leader, journal, world, receipts } = await bench(memoryDisk(), { exclusive: false, leadershipMs: 1000 }, clock);
    expect(leader.confirmedHead()).toBe(leader.head);
    monotonic = 950;
    const both = [leader.confirmedHead(), leader.confirmedHead()];
    expect(both[0]).toBeInstanceOf(Promise);
    await Promise.all(both);
    expect(journal.lastPosition).toBeLessThanOrEqual(3);
    const { lastPosition } = journal;
    expect(leader.confirmedHead()).toBe(leader.head);
    expect(journal.lastPosition).toBe(lastPosition);
    monotonic = 5000;
    await startLeader({ world, journal, receipts, exclusive: false, onStopped: () => {} });
    await expect(leader.confirmedHead()).rejects.toThrow(/claimed/);
  });
});

it('answers unknown what was sent when the journal fails, and ends', async () => {
  const disk = memoryDisk();
  let fails = false;
  const failing: Disk = {
    ...disk,
    openAppend: (path) => {
      const file = disk.openAppend(path);
      return {
        get length() {
          return file.length;
        },
        write: (bytes) => file.write(bytes),
        sync: () => (fails ? Promise.reject(new Error('EIO')) : file.sync()),
        close: () => file.close(),
      };
    },
  };
  const { leader, stopped } = await bench(failing);
  fails = true;
  const sent = leader.commit(request(leader, 0, 'x'));
  const behind = leader.commit(request(leader, 0, 'y'));
  expect(await sent).toEqual({ kind: 'unknown' });
  expect((await behind).kind).toBe('unavailable');
  expect(stopped.length).toBe(1);
});
