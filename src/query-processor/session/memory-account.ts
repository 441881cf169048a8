/** Work memory of one statement. Operators charge what they hold; over the limit they spill or the statement ends with 53200. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { MemoryAccount } from '../executor/operator.ts';

export class StatementMemory implements MemoryAccount {
  readonly limitBytes: number;
  #used = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  charge(bytes: number): void {
    this.#used += bytes;
    if (this.#used > this.limitBytes) throw new SqlError(sqlstate.outOfMemory, 'query requires too much temp space, out of memory.');
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }

  wouldExceed(bytes: number): boolean {
    return this.#used + bytes > this.limitBytes;
  }
}
