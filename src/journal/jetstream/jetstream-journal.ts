/**
 * Journal in a replicated stream. Every node opens it, reads it in order under the record rule, and holds the same entries at the same positions; the adjudicator's
 * node also appends.
 *
 * Appending. Messages go out at once, each expecting the one before it, so several appends may be under way. An append is durable when its own messages are acknowledged
 * at the sequences they were meant for and every append before it is durable; then it becomes the journal's next entry here in the same call. It is durable as well when it comes back
 * through the reader, which may be sooner. Anything else leaves the append in doubt, and doubt is settled by reading, never by guessing:
 *
 *   - Its entry has come back through the reader: it is durable.
 *   - Another entry stands at its position, or another epoch was claimed: 'moved'.
 *   - Neither: it is sent again, for the sequence that is now the next. The first try cannot get in any more: its expectation names a message that is no longer the last.
 *     While it may still get in where it was meant to be, the same messages are sent, which can be stored once only.
 *
 * So an append waits as long as the stream cannot be reached; its promise is settled truthfully or not at all (close rejects what is left).
 *
 * Positions are dense (J1), sequences are not: the journal remembers where each entry's first message lies. Recent entries stay decoded, older ones are fetched again.
 */
import { assert } from '#base/assert.ts';
import type { Logger, Timers } from '#base/world.ts';
import { type ChainEnd, chainHash, genesisHash, JournalDamaged, JournalFailed, sameHash } from '../chain.ts';
import type { Journal, JournalEntry, JournalPosition, PlacedEntry } from '../journal.ts';
import { TailCache } from '../tail-cache.ts';
import { endBefore, RecordRule } from './record-rule.ts';
import type { Publication, RecordStream, Sequence } from './record-stream.ts';
import { encodeFrame, encodeMessages } from './stream-message.ts';

export type JetStreamJournalOptions = {
  readonly stream: RecordStream;
  readonly timers: Timers;
  readonly log: Logger;
  /** The journal is damaged, or ends before what was read: the process must end. */
  readonly onFailure: (error: Error) => void;
  /** Encoded bytes of entries kept decoded; 32 MiB. */
  readonly tailCacheBytes?: number;
  /** Pause before something that failed is tried again; 100 ms. */
  readonly retryMs?: number;
  /** Breaks the journal on purpose, for the simulator alone: strays of deposed adjudicators count. */
  readonly skipRecordRule?: boolean;
};

type Append = {
  readonly placed: PlacedEntry;
  readonly previousHash: Uint8Array;
  readonly frame: Uint8Array;
  /** Of its first message, as last sent. */
  firstSequence: Sequence;
  messages: readonly Uint8Array[];
  /** undefined while not all messages have been answered. */
  outcome: 'stored' | 'doubt' | undefined;
  /** That it was not answered has been told. */
  wasDoubted: boolean;
  readonly resolve: (result: { readonly position: JournalPosition } | 'moved') => void;
  readonly reject: (error: Error) => void;
};

/** Opens the journal of a stream and reads all that it holds. Rejects with JournalDamaged. */
export async function openJetStreamJournal(options: JetStreamJournalOptions): Promise<JetStreamJournal> {
  const { stream } = options;
  const bounds = await stream.bounds();
  let start: ChainEnd = { position: 0, hash: genesisHash(stream.journalId), epoch: 0 };
  if (bounds.first > 1) {
    const [first] = await stream.fetch(bounds.first, 1);
    if (first === undefined || first.sequence !== bounds.first)
      throw new JournalDamaged(
        `the stream is at message ${bounds.last} and holds none: what it held was removed by something other than Borealis`,
      );
    start = endBefore(first.sequence, first.message, stream.journalId);
  }
  const journal = new JetStreamJournal(options, start, bounds.first - 1);
  await journal.untilSequence(bounds.last);
  return journal;
}

export class JetStreamJournal implements Journal {
  readonly id: string;
  readonly #stream: RecordStream;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #onFailure: (error: Error) => void;
  readonly #retryMs: number;
  readonly #rule: RecordRule;
  readonly #tail: TailCache;
  readonly #growers = new Set<() => void>();
  readonly #waiting = new Set<{ readonly sequence: Sequence; readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  readonly #following: { readonly close: () => void };
  /** Where the first message of each entry lies, from #firstPosition on. */
  #places: Sequence[] = [];
  #firstPosition: JournalPosition;
  /** What has been appended, durable or not. */
  #assigned: ChainEnd;
  #assignedSequence: Sequence;
  #appends: Append[] = [];
  #settling = false;
  #failure: Error | undefined;
  #closed = false;

  constructor(options: JetStreamJournalOptions, start: ChainEnd, lastSequence: Sequence) {
    this.id = options.stream.journalId;
    this.#stream = options.stream;
    this.#timers = options.timers;
    this.#log = options.log;
    this.#onFailure = options.onFailure;
    this.#retryMs = options.retryMs ?? 100;
    this.#rule = new RecordRule(this.id, start, lastSequence, options.skipRecordRule ?? false);
    this.#tail = new TailCache(start.position, options.tailCacheBytes ?? 32 * 2 ** 20);
    this.#firstPosition = start.position + 1;
    this.#assigned = start;
    this.#assignedSequence = lastSequence;
    this.#following = this.#stream.follow(
      lastSequence + 1,
      (sequence, message) => this.#read(sequence, message),
      (error) => this.#fail(error),
    );
  }

  get firstPosition(): JournalPosition {
    return this.#firstPosition;
  }

  get lastPosition(): JournalPosition {
    return this.#rule.end.position;
  }

  /** Of the last claim that counts. */
  get lastEpoch(): number {
    return this.#rule.end.epoch;
  }

  append(entry: JournalEntry, expectedLast: JournalPosition): Promise<{ readonly position: JournalPosition } | 'moved'> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new JournalFailed('the journal is closed'));
    // Nothing is put on own appends that are not settled yet when it cannot be meant to stand on them: a claim was made for what has been read, and what a
    // later claim has overtaken will not get in. At the right place by chance it would be stored, and continue what nobody has.
    if (this.#appends.length > 0 && (entry.kind === 'claim' || this.#rule.end.epoch > entry.epoch)) return Promise.resolve('moved');
    const last = this.#appends.length === 0 ? this.#rule.end : this.#assigned;
    if (this.#appends.length === 0) this.#assignedSequence = this.#rule.last;
    if (expectedLast !== last.position) return Promise.resolve('moved');
    if (entry.kind === 'claim' ? entry.epoch <= last.epoch : entry.epoch !== last.epoch) return Promise.resolve('moved');
    const position = last.position + 1;
    const frame = encodeFrame(position, last.hash, entry);
    const hash = chainHash(frame);
    this.#assigned = { position, hash, epoch: entry.epoch };
    return new Promise((resolve, reject) => {
      const append: Append = {
        placed: { position, entry, hash },
        previousHash: last.hash,
        frame,
        firstSequence: 0,
        messages: [],
        outcome: undefined,
        wasDoubted: false,
        resolve,
        reject,
      };
      this.#appends.push(append);
      // While something before it is in doubt nobody knows which sequence is the next: it is sent when that is settled.
      if (this.#settling) append.outcome = 'doubt';
      else this.#send(append, this.#assignedSequence + 1);
    });
  }

  #send(append: Append, firstSequence: Sequence): void {
    append.firstSequence = firstSequence;
    append.messages = encodeMessages(append.frame, firstSequence, this.id, this.#stream.maximumMessageBytes);
    this.#assignedSequence = firstSequence + append.messages.length - 1;
    this.#publish(append).then((outcome) => {
      append.outcome = outcome;
      this.#advance();
    });
  }

  /** Sends all messages of an append; 'stored' when every one lies where it was meant to be. */
  async #publish(append: Append): Promise<'stored' | 'doubt'> {
    const { firstSequence, messages } = append;
    const publications = await Promise.all(messages.map((message, i) => this.#stream.publish(message, firstSequence + i - 1)));
    const unknown = publications.find((publication) => publication.kind === 'unknown');
    if (unknown?.kind === 'unknown' && !append.wasDoubted) {
      append.wasDoubted = true;
      this.#log.warn('an append to the journal was not answered', { position: append.placed.position, reason: unknown.reason });
    }
    return publications.every((publication, i) => isStoredAt(publication, firstSequence + i)) ? 'stored' : 'doubt';
  }

  /** Durable appends at the front become entries; the first in doubt is settled. Hot: once a batch. */
  #advance(): void {
    if (this.#settling || this.#closed) return;
    let count = 0;
    let hasGrown = false;
    for (const append of this.#appends) {
      if (!this.#hasRead(append.placed)) {
        if (append.outcome !== 'stored' || !this.#takeOwn(append)) break;
        hasGrown = true;
      }
      count++;
    }
    if (hasGrown) this.#grown();
    for (const { placed, resolve } of this.#appends.splice(0, count)) resolve({ position: placed.position });
    if (this.#appends[0]?.outcome !== undefined) this.#settle();
  }

  /** It has come back already: readers are told of what is stored at about the time when its writer is. */
  #hasRead({ position, hash }: PlacedEntry): boolean {
    if (this.#rule.end.position < position) return false;
    const found = this.#tail.read(position, 1)?.[0];
    return found !== undefined && sameHash(found.hash, hash);
  }

  /** False when the reader has to say first what lies before it. */
  #takeOwn({ placed, firstSequence, messages, previousHash, frame }: Append): boolean {
    if (!this.#rule.takeOwn(firstSequence + messages.length - 1, messages.length - 1, placed, previousHash)) return false;
    this.#keep(placed, firstSequence, frame.length);
    return true;
  }

  #settle(): void {
    this.#settling = true;
    this.#settleAll().then(
      () => {
        this.#settling = false;
        // One that came while the last was being settled.
        this.#advance();
      },
      (error: Error) => this.#fail(error),
    );
  }

  /** One append after the other, until none is left: rare, so that being slow does no harm. */
  async #settleAll(): Promise<void> {
    // What was sent together is answered before anything is sent again.
    while (this.#appends.some(({ outcome }) => outcome === undefined)) await this.#timers.sleep(1);
    for (let append = this.#appends[0]; append !== undefined && !this.#closed; append = this.#appends[0]) {
      const isDurable = await this.#settleOne(append);
      if (this.#closed) return;
      this.#appends.shift();
      if (isDurable) {
        append.resolve({ position: append.placed.position });
        continue;
      }
      append.resolve('moved');
      // They stand on the one that did not get in.
      for (const later of this.#appends.splice(0)) later.resolve('moved');
    }
  }

  async #settleOne(append: Append): Promise<boolean> {
    const { position, entry } = append.placed;
    for (;;) {
      await this.#untilAllRead();
      if (this.#closed) return false;
      if (this.lastPosition >= position) {
        const [found] = await this.read(position, 1);
        return sameHash(found.hash, append.placed.hash);
      }
      // A claim stands on no epoch but on its position; commits on their claim.
      if (entry.kind === 'commits' && this.lastEpoch !== entry.epoch) return false;
      if (entry.kind === 'claim' && this.lastEpoch >= entry.epoch) return false;
      const next = this.#rule.last + 1;
      if (append.messages.length === 0 || append.firstSequence !== next) {
        append.firstSequence = next;
        append.messages = encodeMessages(append.frame, next, this.id, this.#stream.maximumMessageBytes);
      }
      this.#assignedSequence = next + append.messages.length - 1;
      if ((await this.#publish(append)) === 'stored') {
        if (this.#hasRead(append.placed)) return true;
        if (this.#takeOwn(append)) {
          this.#grown();
          return true;
        }
      } else await this.#timers.sleep(this.#retryMs);
    }
  }

  /** Until everything that the stream holds now has been read here. */
  async #untilAllRead(): Promise<void> {
    for (;;) {
      if (this.#closed) return;
      try {
        const { last } = await this.#stream.bounds();
        await this.untilSequence(last);
        return;
      } catch (error) {
        if (this.#failure !== undefined) throw this.#failure;
        this.#log.debug('the journal cannot be reached; it is tried again', {
          error: error instanceof Error ? error.message : String(error),
        });
        await this.#timers.sleep(this.#retryMs);
      }
    }
  }

  /** Resolves when the message has been read. */
  untilSequence(sequence: Sequence): Promise<void> {
    if (this.#rule.last >= sequence) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new JournalFailed('the journal is closed'));
    return new Promise((resolve, reject) => this.#waiting.add({ sequence, resolve, reject }));
  }

  #read(sequence: Sequence, message: Uint8Array): void {
    if (this.#closed || this.#failure !== undefined || sequence <= this.#rule.last) return;
    try {
      const own = this.#ownOf(sequence, message);
      if (own !== undefined && this.#takeOwn(own)) this.#grown();
      else {
        const taken = this.#rule.take(sequence, message);
        if (taken !== undefined) {
          this.#keep(taken.placed, taken.firstSequence, taken.bytes);
          this.#grown();
        }
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    for (const waiting of [...this.#waiting]) {
      if (waiting.sequence > this.#rule.last) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
    // An append that has come back, or whose acknowledgement came before what lies in front of it.
    if (this.#appends.length > 0) this.#advance();
  }

  /** The append under way whose only message this is: it need not be decoded and hashed again. Hot: once a batch. */
  #ownOf(sequence: Sequence, message: Uint8Array): Append | undefined {
    if (this.#appends.length === 0) return undefined;
    const append = this.#appends[this.#rule.end.position + 1 - this.#appends[0].placed.position];
    if (append === undefined || append.firstSequence !== sequence || append.messages.length !== 1) return undefined;
    return Buffer.compare(append.messages[0], message) === 0 ? append : undefined;
  }

  #keep(placed: PlacedEntry, firstSequence: Sequence, bytes: number): void {
    assert(placed.position === this.#firstPosition + this.#places.length, 'J1: positions have no gap');
    this.#places.push(firstSequence);
    this.#tail.push(placed, bytes);
  }

  #grown(): void {
    for (const callback of [...this.#growers]) callback();
  }

  read(position: JournalPosition, maximumEntries: number): readonly PlacedEntry[] | Promise<readonly PlacedEntry[]> {
    assert(position >= this.#firstPosition, 'entries below firstPosition are gone');
    if (position > this.lastPosition) return [];
    return this.#tail.read(position, maximumEntries) ?? this.#fetch(position, maximumEntries);
  }

  /** From the stream, judged again: what was void then is void now. */
  async #fetch(position: JournalPosition, maximumEntries: number): Promise<readonly PlacedEntry[]> {
    let next = this.#places[position - this.#firstPosition];
    const found: PlacedEntry[] = [];
    let rule: RecordRule | undefined;
    while (found.length === 0) {
      const messages = await this.#stream.fetch(next, Math.min(maximumEntries, 256));
      if (messages.length === 0)
        throw new JournalDamaged(`entry ${position} should begin at message ${next} of the stream, and is not there`);
      for (const { sequence, message } of messages) {
        rule ??= new RecordRule(this.id, endBefore(sequence, message, this.id), sequence - 1);
        const taken = rule.take(sequence, message);
        if (taken !== undefined && taken.placed.position <= this.lastPosition) found.push(taken.placed);
        next = sequence + 1;
      }
    }
    assert(found[0].position === position, 'J1: an entry lies where it was seen before');
    return found.slice(0, maximumEntries);
  }

  onGrow(callback: () => void): () => void {
    this.#growers.add(callback);
    return () => this.#growers.delete(callback);
  }

  /** Learns what another node has given up, and how many bytes the stream holds. Rejects when the stream does not answer. */
  async refresh(): Promise<{ readonly bytes: number }> {
    const { first, bytes } = await this.#stream.bounds();
    let given = 0;
    while (given < this.#places.length && this.#places[given] < first) given++;
    this.#forget(given);
    return { bytes };
  }

  #forget(count: number): void {
    if (count === 0) return;
    this.#places = this.#places.slice(count);
    this.#firstPosition += count;
  }

  async truncateBefore(position: JournalPosition): Promise<void> {
    const keepFrom = Math.min(position, this.lastPosition);
    if (keepFrom <= this.#firstPosition) return;
    const sequence = this.#places[keepFrom - this.#firstPosition];
    await this.#stream.purgeBefore(sequence);
    this.#forget(keepFrom - this.#firstPosition);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#following.close();
    this.#growers.clear();
    const closed = new JournalFailed('the journal is closed');
    for (const { reject } of this.#appends.splice(0)) reject(closed);
    for (const { reject } of this.#waiting) reject(closed);
    this.#waiting.clear();
    await this.#stream.close();
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined || this.#closed) return;
    this.#failure = error;
    this.#following.close();
    for (const { reject } of this.#appends.splice(0)) reject(error);
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
    this.#onFailure(error);
  }
}

const isStoredAt = (publication: Publication, sequence: Sequence): boolean =>
  publication.kind === 'stored' && publication.sequence === sequence;
