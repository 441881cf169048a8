/**
 * What a node knows of the stable mark (crossbar.ts), and the statements that wait for it.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timers, Timestamp } from '#base/world.ts';

export class StableMark {
  readonly #timers: Timers;
  readonly #patienceMs: number;
  #value: Timestamp = 0;
  readonly #waiting = new Set<{ readonly timestamp: Timestamp; readonly resolve: () => void }>();

  /** Nobody waits longer than `patienceMs`: a statement must not hang in a Region that is cut off. */
  constructor(timers: Timers, patienceMs: number) {
    this.#timers = timers;
    this.#patienceMs = patienceMs;
  }

  get value(): Timestamp {
    return this.#value;
  }

  /** Announcements may come late or twice: only a greater one counts. */
  advance(timestamp: Timestamp): void {
    if (timestamp <= this.#value) return;
    this.#value = timestamp;
    if (this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting]) {
      if (waiting.timestamp > timestamp) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  until(timestamp: Timestamp): Promise<void> {
    if (timestamp <= this.#value) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(this.#patienceMs, () => {
        this.#waiting.delete(waiting);
        reject(
          new SqlError(
            sqlstate.cannotConnectNow,
            'the commit that this statement has read could not be confirmed by the other Regions in time',
          ),
        );
      });
      const waiting = {
        timestamp,
        resolve: (): void => {
          cancel();
          resolve();
        },
      };
      this.#waiting.add(waiting);
    });
  }
}
