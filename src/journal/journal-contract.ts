/**
 * What every Journal must do (J1, J2, J3): one suite, run over each implementation.
 */
import { expect, it } from 'vitest';
import type { CommitRecord, Journal, JournalEntry, PlacedEntry } from './journal.ts';

export type JournalUnderTest = {
  /** Opens the journal, or opens again what was there. */
  open(): Promise<Journal>;
};

const text = (value: string): Uint8Array => Buffer.from(value);

export const recordOf = (n: number): CommitRecord => ({
  transactionId: `transaction-${n}`,
  timestamp: 1_700_000_000_000_000 + n * 10,
  snapshot: 1_700_000_000_000_000 + n * 10 - 5,
  writes: [
    { key: `\x00\x00@\x00key ${n}\xff`, value: text(`value ${n}`), mode: 'write' },
    { key: `\x00\x00@\x01gone ${n}`, value: undefined, mode: 'update' },
    { key: `\x00\x00@\x02index ${n}`, value: text(''), mode: 'blind' },
  ],
  marks: [
    { key: `\x00\x00@\x03parent ${n}`, mode: 'share' },
    { key: `\x00\x00@\x03locked ${n}`, mode: 'write' },
  ],
});

export const commitsOf = (epoch: number, ...numbers: number[]): JournalEntry => ({
  kind: 'commits',
  epoch,
  records: numbers.map(recordOf),
});
export const claimOf = (epoch: number, floor = 0): JournalEntry => ({ kind: 'claim', epoch, floor, claimant: 'contract' });

/** With buffers as plain arrays, so that views and copies compare alike. */
export const plain = (entry: JournalEntry): unknown =>
  entry.kind === 'claim'
    ? entry
    : {
        ...entry,
        records: entry.records.map((record) => ({
          ...record,
          writes: record.writes.map((write) => ({ ...write, value: write.value === undefined ? undefined : [...write.value] })),
        })),
      };

export async function readAll(journal: Journal, from = journal.firstPosition, atOnce = 7): Promise<PlacedEntry[]> {
  const all: PlacedEntry[] = [];
  for (let position = from; ; position = all[all.length - 1].position + 1) {
    const entries = await journal.read(position, atOnce);
    if (entries.length === 0) return all;
    all.push(...entries);
  }
}

export function journalContract(make: () => JournalUnderTest): void {
  it('places entries at 1, 2, 3, ... and gives them back as they were', async () => {
    const { open } = make();
    const journal = await open();
    expect(journal.lastPosition).toBe(0);
    expect(await journal.read(1, 10)).toEqual([]);
    const entries = [claimOf(1), commitsOf(1, 1, 2), commitsOf(1), commitsOf(1, 3), claimOf(7, 99), commitsOf(7, 4)];
    for (const [index, entry] of entries.entries()) expect(await journal.append(entry, index)).toEqual({ position: index + 1 });
    const placed = await readAll(journal);
    expect(placed.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(placed.map(({ entry }) => plain(entry))).toEqual(entries.map(plain));
    expect(new Set(placed.map(({ hash }) => Buffer.from(hash).toString('hex'))).size).toBe(6);
    await journal.close();
  });

  it('holds everything after it was opened again, with the same hashes and id', async () => {
    const { open } = make();
    const first = await open();
    await first.append(claimOf(1), 0);
    for (let n = 1; n <= 40; n++) await first.append(commitsOf(1, n), n);
    const before = await readAll(first);
    await first.close();
    const second = await open();
    expect(second.id).toBe(first.id);
    expect(second.lastPosition).toBe(41);
    const after = await readAll(second);
    expect(after.map(({ hash }) => Buffer.from(hash))).toEqual(before.map(({ hash }) => Buffer.from(hash)));
    expect(after.map(({ entry }) => plain(entry))).toEqual(before.map(({ entry }) => plain(entry)));
    expect(await second.append(commitsOf(1, 99), 41)).toEqual({ position: 42 });
    await second.close();
  });

  it('refuses an append behind another position than expected', async () => {
    const { open } = make();
    const journal = await open();
    await journal.append(claimOf(1), 0);
    expect(await journal.append(commitsOf(1, 1), 0)).toBe('moved');
    expect(await journal.append(commitsOf(1, 1), 2)).toBe('moved');
    expect(journal.lastPosition).toBe(1);
    await journal.close();
  });

  it('keeps the record rule: an epoch counts from its claim to the next one', async () => {
    const { open } = make();
    const journal = await open();
    expect(await journal.append(commitsOf(1, 1), 0)).toBe('moved');
    await journal.append(claimOf(1), 0);
    await journal.append(claimOf(2), 1);
    expect(await journal.append(commitsOf(1, 1), 2)).toBe('moved');
    expect(await journal.append(claimOf(2), 2)).toBe('moved');
    expect(await journal.append(commitsOf(2, 1), 2)).toEqual({ position: 3 });
    await journal.close();
  });

  it('takes several appends at once, durable in order, each told to listeners before it is answered', async () => {
    const { open } = make();
    const journal = await open();
    await journal.append(claimOf(1), 0);
    const seen: string[] = [];
    const stop = journal.onGrow(() => seen.push(`grown to ${journal.lastPosition}`));
    const appends = [1, 2, 3, 4].map((n) =>
      journal
        .append(commitsOf(1, n), n)
        .then((placed) => seen.push(placed === 'moved' ? 'moved' : `answered ${placed.position} of ${journal.lastPosition}`)),
    );
    await Promise.all(appends);
    expect(seen.filter((line) => line.startsWith('answered')).map((line) => line.split(' ')[1])).toEqual(['2', '3', '4', '5']);
    for (const line of seen.filter((entry) => entry.startsWith('answered'))) {
      const [, position, , last] = line.split(' ').map(Number);
      expect(last).toBeGreaterThanOrEqual(position);
    }
    expect(seen[0]).toMatch(/^grown/);
    stop();
    const before = seen.length;
    await journal.append(commitsOf(1, 9), 5);
    expect(seen.length).toBe(before);
    await journal.close();
  });

  it('gives up old entries, never newer ones than asked', async () => {
    const { open } = make();
    const journal = await open();
    await journal.append(claimOf(1), 0);
    for (let n = 1; n <= 60; n++) await journal.append(commitsOf(1, n), n);
    await journal.truncateBefore(30);
    expect(journal.firstPosition).toBeLessThanOrEqual(30);
    expect(journal.firstPosition).toBeGreaterThan(1);
    expect((await readAll(journal, 30)).map(({ position }) => position)).toEqual(Array.from({ length: 32 }, (_, i) => 30 + i));
    const { firstPosition } = journal;
    await journal.close();
    const again = await open();
    expect(again.firstPosition).toBe(firstPosition);
    expect(again.lastPosition).toBe(61);
    expect((await readAll(again)).length).toBe(62 - firstPosition);
    await again.close();
  });
}
