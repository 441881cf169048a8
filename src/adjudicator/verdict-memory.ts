/**
 * What earlier requests were answered, by transaction id, so that a request sent twice gets its first answer (A6).
 *
 * The newest answers are kept whole, in two generations of a bounded size. Of an older committed transaction its id stays as a mark in the conflict
 * table for the rest of the window: enough to know that it was committed and not to commit it twice, and the answer is then `unknown` rather
 * than a guess. An older conflict is found again as a conflict, because its winner's mark lives as long. Beyond the window the snapshot is
 * below the low-water mark.
 */
import type { Verdict } from './adjudicator.ts';
import { type ConflictTable, type KeyHash, markKind } from './conflict-table.ts';

export type FirstAnswer = Verdict | Promise<Verdict>;

export class VerdictMemory {
  readonly #table: ConflictTable;
  readonly #generationSize: number;
  readonly #hash: KeyHash = { first: 0, second: 0 };
  #young = new Map<string, FirstAnswer>();
  #old = new Map<string, FirstAnswer>();

  constructor(table: ConflictTable, generationSize: number) {
    this.#table = table;
    this.#generationSize = generationSize;
  }

  /** undefined for a request that is new. */
  firstAnswer(transactionId: string): FirstAnswer | undefined {
    const known = this.#young.get(transactionId) ?? this.#old.get(transactionId);
    if (known !== undefined) return known;
    const marked = this.#table.newest(this.#table.hash(transactionId, this.#hash), markKind.committed);
    return marked > 0 ? { kind: 'unknown' } : undefined;
  }

  remember(transactionId: string, answer: FirstAnswer): void {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(transactionId, answer);
  }
}
