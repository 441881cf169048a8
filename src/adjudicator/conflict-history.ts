/**
 * What a leader must remember of the journal: the conflict table and the verdicts (A4 and A6 over restarts).
 *
 * A new leader reads it back. A node that may become one keeps it up to date as the journal grows, so that taking over does not begin with reading minutes of commits.
 */
import type { Random, Timestamp } from '#base/world.ts';
import type { Journal, JournalPosition, PlacedEntry } from '#journal/journal.ts';
import { ConflictTable, type KeyHash, markKind } from './conflict-table.ts';
import { VerdictMemory } from './verdict-memory.ts';

export type ConflictHistoryOptions = {
  /** How far back commits are remembered: the greatest age of a transaction and a margin. 6 minutes. */
  readonly windowMs?: number;
  readonly maximumConflictSlots?: number;
  /** Whole answers kept, in each of two generations; 32 768. */
  readonly verdictsKept?: number;
};

const entriesAtOnce = 256;

export class ConflictHistory {
  readonly table: ConflictTable;
  readonly verdicts: VerdictMemory;
  /** Of the last entry taken; undefined before the first. */
  #position: JournalPosition | undefined;
  #epoch = 0;
  #lastTimestamp: Timestamp = 0;
  /** What came before the first entry is not known. */
  #isCutOff = false;
  readonly #hash: KeyHash = { first: 0, second: 0 };

  constructor(random: Random, options: ConflictHistoryOptions) {
    const seed = new DataView(random.bytes(4).buffer).getInt32(0);
    const windowMicros = (options.windowMs ?? 360_000) * 1000;
    this.table = new ConflictTable({ windowMicros, seed, maximumSlots: options.maximumConflictSlots ?? 2 ** 22 });
    this.verdicts = new VerdictMemory(this.table, options.verdictsKept ?? 32_768);
  }

  get position(): JournalPosition {
    return this.#position ?? 0;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Of the newest commit, or the floor of a claim. */
  get lastTimestamp(): Timestamp {
    return this.#lastTimestamp;
  }

  /**
   * Reads what the journal holds behind what is known. It is truncated at the window's start, so there is little more than the window in it. What was committed before
   * its first entry is not known: its timestamps are below that entry's, and so the low-water mark is there.
   */
  async catchUp(journal: Journal): Promise<void> {
    for (;;) {
      this.#begin(journal);
      const entries = await journal.read(this.position + 1, entriesAtOnce);
      if (entries.length === 0) return;
      for (const placed of entries) this.take(placed);
    }
  }

  /** The next entry. One that is known is passed over. */
  take({ position, entry }: PlacedEntry): void {
    if (position <= this.position) return;
    this.#position = position;
    this.#epoch = entry.epoch;
    if (entry.kind === 'claim') {
      this.#lastTimestamp = Math.max(this.#lastTimestamp, entry.floor);
      this.#raiseLowWater(entry.floor);
      return;
    }
    const { table, verdicts } = this;
    for (const record of entry.records) {
      const { transactionId, timestamp } = record;
      this.#raiseLowWater(timestamp - 1);
      this.#lastTimestamp = timestamp;
      for (const { key, mode } of record.writes) if (mode !== 'blind') table.mark(table.hash(key, this.#hash), markKind[mode], timestamp);
      for (const { key, mode } of record.marks) table.mark(table.hash(key, this.#hash), markKind[mode], timestamp);
      table.mark(table.hash(transactionId, this.#hash), markKind.committed, timestamp);
      verdicts.remember(transactionId, { kind: 'committed', timestamp, position });
    }
  }

  #begin(journal: Journal): void {
    if (this.#position !== undefined && this.#position >= journal.firstPosition - 1) return;
    this.#position = journal.firstPosition - 1;
    this.#isCutOff = this.#position > 0;
  }

  #raiseLowWater(timestamp: Timestamp): void {
    if (this.#isCutOff) this.table.raiseLowWater(timestamp);
    this.#isCutOff = false;
  }
}
