/**
 * The World of one life of a simulated process: virtual time, seeded chance, a simulated disk. When the life ends (a crash), none of its timers
 * fires any more and nothing that it waits for happens.
 */
import type { Clock, Logger, Timers, World } from '#base/world.ts';
import type { Scheduler } from './scheduler.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** A clock with its own rate and offset against virtual time. */
export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler;
  /** 1 is true time; the lease terms' drift bound must cover the rest. */
  readonly #rate: number;
  #offsetMs: number;

  constructor(scheduler: Scheduler, rate = 1, offsetMs = 1_700_000_000_000) {
    this.#scheduler = scheduler;
    this.#rate = rate;
    this.#offsetMs = offsetMs;
  }

  now(): number {
    return Math.floor((this.#scheduler.nowMs * this.#rate + this.#offsetMs) * 1000);
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs * this.#rate;
  }

  /** The wall clock is set. */
  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }
}

export class ProcessLife {
  isAlive = true;
  readonly world: World;

  /** `whenRunning`: runs what is due, at once or when the process does not stand still any more. */
  constructor(
    scheduler: Scheduler,
    random: SeededRandom,
    disk: SimulatedDisk,
    clock: Clock,
    log: Logger,
    whenRunning: (run: () => void) => void = (run) => run(),
  ) {
    const isAlive = (): boolean => this.isAlive;
    this.world = { clock, timers: simulatedTimers(scheduler, isAlive, whenRunning), random, disk: disk.open(isAlive), log };
  }

  end(): void {
    this.isAlive = false;
  }
}

function simulatedTimers(scheduler: Scheduler, isAlive: () => boolean, whenRunning: (run: () => void) => void): Timers {
  const after = (delayMs: number, callback: () => void): (() => void) => {
    let isCancelled = false;
    const cancel = scheduler.after(delayMs, () =>
      whenRunning(() => {
        if (isAlive() && !isCancelled) callback();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  };
  return {
    after,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const cancel = after(delayMs, resolve);
        signal?.addEventListener(
          'abort',
          () => {
            cancel();
            reject(signal.reason);
          },
          { once: true },
        );
      }),
    yield: () => new Promise((resolve) => after(0, resolve)),
  };
}
