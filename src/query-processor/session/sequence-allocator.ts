/**
 * Sequence allocator: a node's share of the sequences. Values are reserved in transactions of their own, so that they are never handed out
 * twice and never come back, whatever becomes of the transaction that asked for them.
 *
 *   Q1  A value leaves here only after the reservation that holds it has committed.
 *   Q2  With CACHE 1 nothing is kept: values are in the order of their reservation, cluster-wide. With a greater CACHE the rest of a block
 *       is kept for the node's later calls, as DSQL's query processors do.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Datum, int8 } from '#sql/datum.ts';
import { sequenceKey } from '#sql/spaces.ts';
import type { SequenceDescriptor } from '../catalog/descriptors.ts';
import { decodeSequenceState, encodeSequenceState, initialState, type SequenceBlock, takeBlock } from '../catalog/sequence-rows.ts';
import { commit, commitRequest } from '../transaction/commit.ts';
import { beginNodeTransaction } from '../transaction/node-transaction.ts';
import type { QueryProcessorParts } from './local-query-processor.ts';

const retryMs = 2;
const longestRetryMs = 100;
const attempts = 50;

export class SequenceAllocator {
  readonly #parts: QueryProcessorParts;
  readonly #blocks = new Map<number, SequenceBlock>();
  /** One reservation at a time for each sequence: those of one node never conflict with each other. */
  readonly #queues = new Map<number, Promise<unknown>>();

  constructor(parts: QueryProcessorParts) {
    this.#parts = parts;
  }

  /** What is kept of the sequence was reserved before it was changed. */
  forget(sequenceOid: number): void {
    this.#blocks.delete(sequenceOid);
  }

  async next(sequence: SequenceDescriptor, count: number): Promise<readonly Datum[]> {
    const before = this.#queues.get(sequence.oid) ?? Promise.resolve();
    const answer = before.then(
      () => this.#take(sequence, count),
      () => this.#take(sequence, count),
    );
    this.#queues.set(sequence.oid, answer);
    try {
      return await answer;
    } finally {
      if (this.#queues.get(sequence.oid) === answer) this.#queues.delete(sequence.oid);
    }
  }

  async #take(sequence: SequenceDescriptor, count: number): Promise<readonly Datum[]> {
    const values: Datum[] = [];
    while (values.length < count) {
      let block = this.#blocks.get(sequence.oid);
      if (block === undefined) {
        const wanted = count - values.length;
        block = await this.#reserve(sequence, Math.max(wanted, Math.min(Number(sequence.cache), 2 ** 31)));
      }
      const taken = Math.min(block.count, count - values.length);
      for (let at = 0; at < taken; at++) values.push(int8(block.first + block.increment * BigInt(at)));
      if (taken < block.count)
        this.#blocks.set(sequence.oid, {
          first: block.first + block.increment * BigInt(taken),
          count: block.count - taken,
          increment: block.increment,
        });
      else this.#blocks.delete(sequence.oid);
    }
    return values;
  }

  async #reserve(sequence: SequenceDescriptor, count: number): Promise<SequenceBlock> {
    const { world, storage, adjudicator } = this.#parts;
    const key = sequenceKey(sequence.oid);
    for (let attempt = 1; ; attempt++) {
      const transaction = await beginNodeTransaction(this.#parts);
      const [row] = storage.get(transaction.snapshot, [key], { newest: 0 });
      const { block, after } = takeBlock(sequence, row === undefined ? initialState(sequence) : decodeSequenceState(row), count);
      transaction.write(key, encodeSequenceState(after), 'write');
      const request = commitRequest(transaction, world.random, world.clock.monotonicMs());
      try {
        if (request !== undefined) await commit(adjudicator, request);
        return block;
      } catch (error) {
        // An unknown outcome loses the block at worst, which sequences may: the next attempt reads what became of it.
        const mayRetry =
          error instanceof SqlError &&
          (error.sqlstate === sqlstate.serializationFailure || error.sqlstate === sqlstate.transactionResolutionUnknown);
        if (!mayRetry || attempt >= attempts) throw error;
        await world.timers.sleep(Math.min(retryMs * 2 ** attempt, longestRetryMs) * (0.5 + world.random.float()));
      }
    }
  }
}
