/** Counters of a cluster since its node started, by the names under which Aurora DSQL publishes them (dsql-behaviour 11.1). */

import { transactionDpu, type Work } from './dpu.ts';
import { Ring } from './ring.ts';

const keptLatencies = 512;

export class ClusterCounters {
  totalTransactions = 0;
  readOnlyTransactions = 0;
  queryTimeouts = 0;
  occConflicts = 0;
  bytesRead = 0;
  bytesWritten = 0;
  computeMs = 0;
  readDpu = 0;
  writeDpu = 0;
  readonly #commitLatencies = new Ring<number>(keptLatencies);

  /** Hot: once a transaction. `bytesWritten` are keys and values as they are; what has not been committed has written nothing. */
  noteTransaction(work: Work, bytesWritten: number): void {
    this.totalTransactions++;
    if (work.writtenBytes === 0) this.readOnlyTransactions++;
    const { read, write } = transactionDpu(work);
    this.bytesRead += work.readBytes;
    this.bytesWritten += bytesWritten;
    this.computeMs += work.computeMs;
    this.readDpu += read;
    this.writeDpu += write;
  }

  noteCommitLatency(ms: number): void {
    this.#commitLatencies.add(ms);
  }

  /** The median of the last commits; 0 before the first. */
  get commitLatencyMs(): number {
    return this.commitLatencyPercentile(0.5);
  }

  /** What so large a share of the last commits took at most; 0 before the first. */
  commitLatencyPercentile(share: number): number {
    const sorted = [...this.#commitLatencies].sort((a, b) => a - b);
    return sorted.length === 0 ? 0 : sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
  }
}
