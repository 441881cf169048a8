/**
 * A new leader's memory: the conflict table and the verdicts, read back from the journal (A4 and A6 over restarts).
 */
import type { Timestamp } from '#base/world.ts';
import type { Journal, JournalEntry, JournalPosition } from '#journal/journal.ts';
import { type ConflictTable, type KeyHash, markKind } from './conflict-table.ts';
import type { VerdictMemory } from './verdict-memory.ts';

export type ReadBack = {
  readonly position: JournalPosition;
  readonly epoch: number;
  /** Of the newest commit, or the floor of a claim. */
  readonly lastTimestamp: Timestamp;
};

const entriesAtOnce = 256;

/**
 * Reads all that the journal still holds: it is truncated at the window's start, so there is little more than the window in it. What was
 * committed before the first entry is not known: its timestamps are below that entry's, and so the low-water mark is there.
 */
export async function readBack(journal: Journal, table: ConflictTable, verdicts: VerdictMemory): Promise<ReadBack> {
  const hash: KeyHash = { first: 0, second: 0 };
  let position = journal.firstPosition - 1;
  let epoch = 0;
  let lastTimestamp: Timestamp = 0;
  let isFirst = position > 0;

  const take = (entry: JournalEntry, at: JournalPosition): void => {
    epoch = entry.epoch;
    if (entry.kind === 'claim') {
      lastTimestamp = Math.max(lastTimestamp, entry.floor);
      if (isFirst) table.raiseLowWater(entry.floor);
      isFirst = false;
      return;
    }
    for (const record of entry.records) {
      if (isFirst) table.raiseLowWater(record.timestamp - 1);
      isFirst = false;
      lastTimestamp = record.timestamp;
      for (const { key, mode } of record.writes) if (mode !== 'blind') table.mark(table.hash(key, hash), markKind[mode], lastTimestamp);
      for (const { key, mode } of record.marks) table.mark(table.hash(key, hash), markKind[mode], lastTimestamp);
      table.mark(table.hash(record.transactionId, hash), markKind.committed, lastTimestamp);
      verdicts.remember(record.transactionId, { kind: 'committed', timestamp: lastTimestamp, position: at });
    }
  };

  for (;;) {
    const entries = await journal.read(position + 1, entriesAtOnce);
    if (entries.length === 0) return { position, epoch, lastTimestamp };
    for (const placed of entries) {
      take(placed.entry, placed.position);
      position = placed.position;
    }
  }
}
