/**
 * A reader's way through a cluster's changes in one Region: from a place on, in the journal's order, as far as commits are known to be final.
 *
 *   CF1  Every change behind the place is given, in order, none left out; after a restart of either side who goes on from the last place that he knows gets
 *        what follows it, and may get again what he has not noted.
 *   CF2  Nothing is given before it is stable: who reads of a change here finds it in every Region.
 *   CF3  A reader holds nothing back: the journal is kept for as long as the cluster retains its past, and who is slower is told that his place is gone.
 *   CF4  A feed holds some entries of the journal and some hundred kilobytes of records, however far behind it is.
 */
import { SqlError } from '#base/sql-error.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import type { CommitRecord, Journal, PlacedEntry } from '#journal/journal.ts';
import type { Replica } from '#storage/replica.ts';
import { ChangeRecords } from './change-records.ts';
import { placeText, type StreamPlace } from './stream-place.ts';

export type ChangeFeedOptions = {
  readonly world: World;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly readPoint: Pick<ReadPoint, 'stable' | 'untilStable'>;
  /** As records name it. */
  readonly clusterId: string;
  readonly region: string;
  readonly start: FeedStart;
};

/** `mayBeGone`: what is no longer kept is passed over, until the first change that is. */
export type FeedStart = { readonly place: StreamPlace; readonly mayBeGone: boolean };

export type StreamedChange = {
  /** JSON. */
  readonly record: string;
  /** Behind it. */
  readonly place: string;
};

/** What the reader wants is no longer kept. */
export class PlaceGone extends Error {
  override readonly name = 'PlaceGone';
}

const entriesAtOnce = 256;
const bytesAtOnce = 256 * 1024;

type Step = StreamedChange | 'waits';

export class ChangeFeed {
  readonly region: string;
  readonly #options: ChangeFeedOptions;
  readonly #records: ChangeRecords;
  readonly #onClose: () => void;
  readonly #stopListening: () => void;
  /** Where the next change is looked for. */
  #place: StreamPlace;
  /** Changes that are not kept any more are passed over until the first that is. */
  #skipsGone: boolean;
  #steps: Generator<Step, void, undefined> | undefined;
  #awaited: Timestamp = 0;
  #newest: Timestamp = 0;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ChangeFeedOptions, onClose: () => void) {
    const { world, journal, replica, clusterId, start } = options;
    this.region = options.region;
    this.#options = options;
    this.#onClose = onClose;
    this.#records = new ChangeRecords(replica, clusterId, () => world.clock.now());
    this.#skipsGone = start.mayBeGone;
    this.#place = start.place;
    this.#stopListening = journal.onGrow(() => this.#wake?.());
  }

  /** Behind all that has been given. */
  get place(): string {
    return placeText(this.#place);
  }

  /** How far the last change given lies behind the newest commit. */
  get behindMs(): number {
    return this.#place.position > this.#options.journal.lastPosition ? 0 : (this.#options.replica.appliedTimestamp - this.#newest) / 1000;
  }

  /** The next changes, at least one unless there are none for so long; undefined when the feed has been closed. Throws PlaceGone. */
  async next(waitMs: number): Promise<readonly StreamedChange[] | undefined> {
    const { world } = this.#options;
    const changes: StreamedChange[] = [];
    const untilMs = world.clock.monotonicMs() + waitMs;
    let bytes = 0;
    while (!this.#isClosed) {
      if (this.#steps === undefined) {
        const entries = await this.#entries();
        if (entries.length > 0) this.#steps = this.#through(entries);
        else {
          const leftMs = untilMs - world.clock.monotonicMs();
          if (changes.length > 0 || leftMs <= 0) return changes;
          await this.#untilGrown(leftMs);
        }
        continue;
      }
      const step = this.#steps.next();
      if (step.done) {
        this.#steps = undefined;
        // Entries without changes, or from before the place, must not hold up the process.
        await world.timers.yield();
      } else if (step.value === 'waits') {
        const leftMs = untilMs - world.clock.monotonicMs();
        if (changes.length > 0 || leftMs <= 0) return changes;
        await this.#untilStable(leftMs);
      } else {
        changes.push(step.value);
        bytes += step.value.record.length;
        if (bytes >= bytesAtOnce) return changes;
      }
    }
    return undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#wake?.();
    this.#onClose();
  }

  async #entries(): Promise<readonly PlacedEntry[]> {
    const { journal } = this.#options;
    if (this.#place.position < journal.firstPosition) {
      if (!this.#skipsGone) throw gone();
      this.#place = { journalId: journal.id, position: journal.firstPosition, record: 0, change: 0 };
    }
    return this.#place.position > journal.lastPosition ? [] : journal.read(this.#place.position, entriesAtOnce);
  }

  *#through(entries: readonly PlacedEntry[]): Generator<Step, void, undefined> {
    const { journalId } = this.#place;
    for (const { position, entry } of entries) {
      const records = entry.kind === 'commits' ? entry.records : [];
      for (let at = this.#place.record; at < records.length; at++) {
        for (const step of this.#changesOf(records[at])) {
          if (step === 'waits') yield step;
          else {
            this.#place = { journalId, position, record: at, change: this.#place.change + 1 };
            yield { record: step, place: this.place };
          }
        }
        this.#newest = records[at].timestamp;
        this.#place = { journalId, position, record: at + 1, change: 0 };
      }
      this.#place = { journalId, position: position + 1, record: 0, change: 0 };
    }
  }

  /** Those behind the place. */
  *#changesOf(record: CommitRecord): Generator<string | 'waits', void, undefined> {
    const { replica, readPoint } = this.#options;
    while (record.timestamp > replica.appliedTimestamp || record.timestamp > readPoint.stable) {
      this.#awaited = record.timestamp;
      yield 'waits';
    }
    let seen = this.#place.change;
    if (record.timestamp - 1 < replica.horizon) {
      if (!this.#skipsGone) throw gone();
      return;
    }
    this.#skipsGone = false;
    try {
      for (const { text } of this.#records.of(record)) {
        if (seen > 0) seen--;
        else yield text;
      }
    } catch (error) {
      // The reader was so slow that its transaction's past has gone while it was being given.
      if (error instanceof SqlError && record.timestamp - 1 < replica.horizon) throw gone();
      throw error;
    }
  }

  #untilGrown(waitMs: number): Promise<void> {
    return this.#woken(waitMs, () => this.#isClosed || this.#place.position <= this.#options.journal.lastPosition);
  }

  /** Nothing tells of every move of the stable mark that does not know what to wait for: it is waited for in short pieces, so that closing is noticed. */
  async #untilStable(waitMs: number): Promise<void> {
    const { readPoint, replica } = this.#options;
    const patience = this.#woken(Math.min(waitMs, stablePatienceMs), () => this.#isClosed);
    const applied = replica.untilApplied(this.#awaited);
    // A rejection says that it has not come in time: it is looked for again.
    const stable = (applied ?? Promise.resolve()).then(() => readPoint.untilStable(this.#awaited)).catch(() => {});
    await Promise.race([patience, stable]);
  }

  #woken(waitMs: number, isOver: () => boolean): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        if (this.#wake === end) this.#wake = undefined;
        resolve();
      };
      const cancel = this.#options.world.timers.after(waitMs, end);
      this.#wake = end;
    });
  }
}

const stablePatienceMs = 500;

const gone = (): PlaceGone => new PlaceGone('The position is older than what is retained of the changes.');
