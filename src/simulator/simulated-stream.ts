/**
 * A replicated stream as a node meets it, with everything that JetStream may do to its users (dsql-internals 3.3 to 3.7): requests and acknowledgements that are lost, late or overtake each other,
 * times without a leader in which what is sent may or may not be stored, a stream leader that has been deposed and tells an old last sequence, readers that lag.
 *
 * What it never does is lose or change what it has acknowledged: against that the journal has its chain, and a test of its own.
 */
import type { Publication, RecordStream, Sequence, StreamBounds } from '#journal/jetstream/record-stream.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';

type Follower = { next: Sequence; readonly deliver: (sequence: Sequence, message: Uint8Array) => void; closed: boolean };

/** One life of a node's process. */
export type StreamUser = {
  /** Whether it reaches the stream now. */
  readonly isConnected: () => boolean;
  /** false after its crash: nothing is heard of there any more. */
  readonly isAlive: () => boolean;
  /** Runs when the process does not stand still. */
  readonly whenRunning: (run: () => void) => void;
};

function reach<T>({ isAlive, whenRunning }: StreamUser, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void): void => whenRunning(() => (isAlive() ? finish() : undefined));
    work.then(
      (value) => end(() => resolve(value)),
      (error: Error) => end(() => reject(error)),
    );
  });
}

/** The stream itself, common to all nodes. */
export class SimulatedStream {
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #journalId: string;
  readonly #messages: Uint8Array[] = [];
  readonly #followers = new Set<Follower>();
  readonly #oneWayMs: number;
  /** An earlier last sequence, as a deposed stream leader would still tell it. */
  #staleLast = 0;
  #hasLeader = true;
  #first: Sequence = 1;

  constructor(scheduler: Scheduler, random: SeededRandom, journalId: string, oneWayMs: number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#journalId = journalId;
    this.#oneWayMs = oneWayMs;
  }

  /** It has no leader for a while: nobody gets an answer. */
  loseLeader(): void {
    this.#hasLeader = false;
  }

  findLeader(): void {
    this.#hasLeader = true;
    this.#staleLast = this.#messages.length;
    this.#wakeAll();
  }

  /** As one life of a node sees it. */
  open(node: StreamUser): RecordStream {
    const { isConnected } = node;
    return {
      journalId: this.#journalId,
      // Small, so that entries go in pieces now and then.
      maximumMessageBytes: 1500,
      bounds: () => reach(node, this.#bounds(isConnected)),
      publish: (message, expectedLast) => reach(node, this.#publish(Uint8Array.from(message), expectedLast, isConnected)),
      follow: (from, take) => this.#follow(from, take, node),
      fetch: (from, count) => reach(node, this.#fetch(from, count)),
      purgeBefore: (sequence) => reach(node, this.#purge(sequence)),
      close: async () => {},
    };
  }

  async #fetch(from: Sequence, count: number): Promise<{ readonly sequence: Sequence; readonly message: Uint8Array }[]> {
    await this.#travel();
    return this.#messages.slice(from - 1, from - 1 + count).map((message, i) => ({ sequence: from + i, message }));
  }

  async #purge(sequence: Sequence): Promise<void> {
    await this.#travel();
    this.#first = Math.max(this.#first, Math.min(sequence, this.#messages.length));
  }

  async #bounds(isConnected: () => boolean): Promise<StreamBounds> {
    await this.#travel();
    if (!isConnected() || !this.#hasLeader) throw new Error('the stream does not answer');
    const last = this.#random.chance(0.1) ? this.#staleLast : this.#messages.length;
    await this.#travel();
    return { first: Math.min(this.#first, last + 1), last, bytes: 0 };
  }

  async #publish(message: Uint8Array, expectedLast: Sequence, isConnected: () => boolean): Promise<Publication> {
    const timeoutMs = 1500;
    const start = this.#scheduler.nowMs;
    const unknown = async (): Promise<Publication> => {
      await this.#scheduler.sleep(start + timeoutMs - this.#scheduler.nowMs);
      return { kind: 'unknown', reason: 'no answer in time' };
    };
    const isCut = !isConnected();
    // Now and then it is held up on its way for longer than its sender waits.
    if (this.#random.chance(0.01)) await this.#scheduler.sleep(this.#random.between(500, 4000));
    else await this.#travel();
    if (isCut || this.#random.chance(0.01)) return unknown();
    if (!this.#hasLeader && this.#random.chance(0.7)) return unknown();
    if (expectedLast !== this.#messages.length) {
      await this.#travel();
      return isConnected() && this.#scheduler.nowMs - start < timeoutMs ? { kind: 'refused' } : unknown();
    }
    this.#messages.push(message);
    const sequence = this.#messages.length;
    if (this.#random.chance(0.02)) this.#staleLast = sequence;
    this.#wakeAll();
    await this.#scheduler.sleep(this.#random.between(0.1, 3));
    await this.#travel();
    const isAnswered = isConnected() && this.#hasLeader && !this.#random.chance(0.01) && this.#scheduler.nowMs - start < timeoutMs;
    return isAnswered ? { kind: 'stored', sequence } : unknown();
  }

  #follow(
    from: Sequence,
    take: (sequence: Sequence, message: Uint8Array) => void,
    { isConnected, isAlive, whenRunning }: StreamUser,
  ): { readonly close: () => void } {
    const follower: Follower = {
      next: from,
      closed: false,
      deliver: (sequence, message) => {
        whenRunning(() => {
          if (isAlive() && !follower.closed) take(sequence, message);
        });
      },
    };
    this.#followers.add(follower);
    const step = async (): Promise<void> => {
      while (!follower.closed) {
        if (follower.next <= this.#messages.length && isConnected() && this.#hasLeader) {
          await this.#travel();
          if (this.#random.chance(0.01)) await this.#scheduler.sleep(this.#random.between(0, 300));
          if (follower.closed || !isConnected()) continue;
          const sequence = follower.next++;
          follower.deliver(sequence, this.#messages[sequence - 1]);
        } else if (isAlive()) await this.#untilWoken(follower);
        else follower.closed = true;
      }
      this.#followers.delete(follower);
    };
    void step();
    return {
      close: () => {
        follower.closed = true;
        this.#followers.delete(follower);
      },
    };
  }

  readonly #woken = new Map<Follower, () => void>();

  /** A follower that cannot read looks again after a while by itself. */
  #untilWoken(follower: Follower): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(200, () => this.#wake(follower));
      this.#woken.set(follower, () => {
        cancel();
        resolve();
      });
    });
  }

  #wake(follower: Follower): void {
    const resolve = this.#woken.get(follower);
    this.#woken.delete(follower);
    resolve?.();
  }

  #wakeAll(): void {
    for (const follower of [...this.#woken.keys()]) this.#wake(follower);
  }

  #travel(): Promise<void> {
    return this.#scheduler.sleep(this.#oneWayMs * this.#random.between(0.7, this.#random.chance(0.03) ? 6 : 1.4));
  }
}
