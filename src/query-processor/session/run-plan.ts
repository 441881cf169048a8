/**
 * Run plan: drives the operators of one statement and hands their rows on.
 *
 * Everything is synchronous until an operator has to wait, the client is behind, or an answer must wait for the stable mark: the
 * common point query meets none of these and runs without a promise.
 *
 *   P1  No row is handed on before the stable mark has passed every version met so far (design 4.6).
 *   P2  A fetch with a row limit hands on at most that many; the rest stays for the next fetch.
 */
import type { ReadPoint } from '#crossbar/crossbar.ts';
import { type Batch, sliceBatch } from '#sql/batch.ts';
import type { Observed } from '#storage/storage.ts';
import type { Rows } from '../executor/operator.ts';
import type { Maybe } from '../query-processor.ts';
import type { StatementRun } from './statement-run.ts';

export type Emit = (batch: Batch) => Maybe<void>;

/** Resolves when all that was met is stable; undefined when it is so already. Hot. */
export function untilStable(readPoint: ReadPoint, observed: Observed): Promise<void> | undefined {
  return observed.newest <= readPoint.stable ? undefined : readPoint.untilStable(observed.newest);
}

export class PlanExecution {
  readonly run: StatementRun;
  readonly #rows: Iterator<Batch | Promise<void>>;
  readonly #readPoint: ReadPoint;
  #rest: Batch | undefined;
  #hasEnded = false;
  /** Rows handed on by the fetch under way or last ended. */
  fetched = 0;
  /** Milliseconds in the operators so far, waits left out. */
  computeMs = 0;
  /** Milliseconds from the first fetch to the end of the last, waits included. */
  elapsedMs = 0;
  #startedMs: number | undefined;

  constructor(rows: Rows, run: StatementRun, readPoint: ReadPoint) {
    this.#rows = rows[Symbol.iterator]();
    this.run = run;
    this.#readPoint = readPoint;
  }

  /** Hands on up to `maximum` rows (0: all). True when there are no more. */
  fetch(maximum: number, emit: Emit): Maybe<boolean> {
    this.fetched = 0;
    const wait = this.#advance(maximum, emit);
    return wait === undefined ? this.#hasEnded : this.#fetchSlowly(wait, maximum, emit);
  }

  /** Frees what the operators hold. */
  close(): void {
    this.#hasEnded = true;
    this.#rows.return?.();
  }

  async #fetchSlowly(first: Promise<void>, maximum: number, emit: Emit): Promise<boolean> {
    for (let wait: Promise<void> | undefined = first; wait !== undefined; wait = this.#advance(maximum, emit))
      await this.run.cancellation.race(wait);
    return this.#hasEnded;
  }

  #advance(maximum: number, emit: Emit): Promise<void> | undefined {
    const startedMs = this.run.monotonicMs();
    this.#startedMs ??= startedMs;
    try {
      return this.#work(maximum, emit);
    } finally {
      const nowMs = this.run.monotonicMs();
      this.computeMs += nowMs - startedMs;
      this.elapsedMs = nowMs - this.#startedMs;
    }
  }

  /** Goes on until there is something to wait for; undefined at the end or the row limit. */
  #work(maximum: number, emit: Emit): Promise<void> | undefined {
    while (!this.#hasEnded) {
      if (maximum !== 0 && this.fetched >= maximum) return undefined;
      let batch = this.#rest;
      this.#rest = undefined;
      if (batch === undefined) {
        this.run.rowsWanted = maximum === 0 ? undefined : maximum - this.fetched;
        const next = this.#rows.next();
        if (next.done === true) {
          this.#hasEnded = true;
          return untilStable(this.#readPoint, this.run.observed);
        }
        if (next.value instanceof Promise) return next.value;
        batch = next.value;
      }
      const room = maximum - this.fetched;
      if (maximum !== 0 && batch.rowCount > room) {
        this.#rest = sliceBatch(batch, room, batch.rowCount);
        batch = sliceBatch(batch, 0, room);
      }
      this.fetched += batch.rowCount;
      const ready = batch;
      const wait = untilStable(this.#readPoint, this.run.observed);
      if (wait !== undefined) return wait.then(() => emit(ready));
      const sending = emit(ready);
      if (sending !== undefined) return sending;
    }
    return undefined;
  }
}
