/**
 * Messages between simulated nodes: late, lost, doubled, out of order; links cut one way or both; nodes that stand still for a while, with everything that comes meanwhile waiting for them.
 */
import type { Subject, Transport } from '#transport/transport.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';

type Take = (message: Uint8Array, answer: (message: Uint8Array) => void) => void;
type Held = { isPaused: boolean; readonly waiting: (() => void)[] };
type Subscription = { readonly node: string; readonly take: Take };

export class SimulatedNetwork {
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #oneWayMs: number;
  readonly #subscriptions = new Map<Subject, Set<Subscription>>();
  readonly #isolated = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #held = new Map<string, Held>();
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(scheduler: Scheduler, random: SeededRandom, oneWayMs: number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#oneWayMs = oneWayMs;
  }

  isIsolated(node: string): boolean {
    return this.#isolated.has(node);
  }

  isolate(node: string): void {
    this.#isolated.add(node);
    this.#tell(node);
  }

  /** What `from` sends to `to` is lost; the other way it goes on. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from} ${to}`);
  }

  healAll(): void {
    this.#cut.clear();
    const isolated = [...this.#isolated];
    this.#isolated.clear();
    for (const node of isolated) this.#tell(node);
  }

  /** The node's process stands still: nothing reaches it, none of its timers fires, its clocks go on. */
  pause(node: string): void {
    const held = this.#held.get(node);
    if (held === undefined) this.#held.set(node, { isPaused: true, waiting: [] });
    else held.isPaused = true;
  }

  /** What has waited comes in its order, before anything new. */
  resume(node: string): void {
    const held = this.#held.get(node);
    if (held === undefined || !held.isPaused) return;
    held.isPaused = false;
    this.#release(node, held);
  }

  #release(node: string, held: Held): void {
    this.#scheduler.after(this.#random.between(0, 0.2), () => {
      if (held.isPaused) return;
      const run = held.waiting.shift();
      if (run === undefined) {
        this.#held.delete(node);
        return;
      }
      run();
      this.#release(node, held);
    });
  }

  resumeAll(): void {
    for (const node of [...this.#held.keys()]) this.resume(node);
  }

  /** Runs when the node's process runs. */
  whenRunning(node: string, run: () => void): void {
    const held = this.#held.get(node);
    if (held === undefined) run();
    else held.waiting.push(run);
  }

  /** Every subscription of the node ends with its process. */
  drop(node: string): void {
    for (const subscriptions of this.#subscriptions.values())
      for (const subscription of [...subscriptions]) if (subscription.node === node) subscriptions.delete(subscription);
    this.#listeners.delete(node);
  }

  /** For one life of the node's process. */
  open(node: string, isAlive: () => boolean): Transport {
    const network = this;
    return {
      get isConnected() {
        return !network.#isolated.has(node);
      },
      onChange: (callback) => this.#listen(node, callback),
      send: (subject, message) => {
        if (isAlive()) this.#broadcast(node, subject, message, () => {});
      },
      listen: (subject, take) => this.#subscribe(subject, { node, take }),
      request: (subject, message, timeoutMs) => this.#request(node, subject, message, timeoutMs, isAlive),
    };
  }

  #listen(node: string, callback: () => void): () => void {
    const listeners = this.#listeners.get(node) ?? new Set();
    this.#listeners.set(node, listeners);
    listeners.add(callback);
    return () => listeners.delete(callback);
  }

  #tell(node: string): void {
    for (const callback of [...(this.#listeners.get(node) ?? [])]) this.whenRunning(node, callback);
  }

  #subscribe(subject: Subject, subscription: Subscription): () => void {
    const subscriptions = this.#subscriptions.get(subject) ?? new Set();
    this.#subscriptions.set(subject, subscriptions);
    subscriptions.add(subscription);
    return () => subscriptions.delete(subscription);
  }

  #broadcast(from: string, subject: Subject, message: Uint8Array, answerTo: (to: string, answer: Uint8Array) => void): void {
    const copy = Uint8Array.from(message);
    for (const subscription of this.#subscriptions.get(subject) ?? []) {
      const { node } = subscription;
      const times = this.#random.chance(0.02) ? 2 : 1;
      for (let i = 0; i < times; i++)
        this.#carry(from, node, () => {
          if (this.#subscriptions.get(subject)?.has(subscription) === true)
            subscription.take(copy, (answer) => answerTo(node, Uint8Array.from(answer)));
        });
    }
  }

  #request(
    from: string,
    subject: Subject,
    message: Uint8Array,
    timeoutMs: number,
    isAlive: () => boolean,
  ): Promise<Uint8Array | undefined> {
    return new Promise((settle) => {
      const resolve = (answer: Uint8Array | undefined): void => {
        if (isAlive()) settle(answer);
      };
      this.#scheduler.after(timeoutMs, () => this.whenRunning(from, () => resolve(undefined)));
      if ((this.#subscriptions.get(subject)?.size ?? 0) === 0)
        this.#scheduler.after(this.#oneWayMs, () => this.whenRunning(from, () => resolve(undefined)));
      this.#broadcast(from, subject, message, (to, answer) => this.#carry(to, from, () => resolve(answer)));
    });
  }

  #carry(from: string, to: string, deliver: () => void): void {
    if (from === to) {
      this.#scheduler.after(0, () => this.whenRunning(to, deliver));
      return;
    }
    const isCut = (): boolean => this.#isolated.has(from) || this.#isolated.has(to) || this.#cut.has(`${from} ${to}`);
    if (isCut() || this.#random.chance(0.01)) return;
    const delayMs = this.#oneWayMs * this.#random.between(0.7, this.#random.chance(0.03) ? 8 : 1.4);
    this.#scheduler.after(delayMs, () => {
      if (!isCut()) this.whenRunning(to, deliver);
    });
  }
}
