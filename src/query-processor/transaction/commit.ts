/**
 * Commit: turns an open transaction into one CommitRequest and the verdict into the client's news. A transaction that wrote nothing
 * and locked nothing sends nothing: its snapshot is all that it needs.
 */
import type { Adjudicator, CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import { unreachable } from '#base/assert.ts';
import { randomId } from '#base/base32.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Random } from '#base/world.ts';
import type { OpenTransaction } from './open-transaction.ts';

const megabyte = 1024 * 1024;

/**
 * The request; undefined when there is nothing to decide. Throws 54000 over the size or age limit: both are checked here and not
 * earlier, as DSQL does (a statement that runs for too long succeeds, its COMMIT fails).
 */
export function commitRequest(transaction: OpenTransaction, random: Random, nowMs: number): CommitRequest | undefined {
  const { limits } = transaction;
  const ageMicroseconds = (nowMs - transaction.startedMs) * 1000;
  if (ageMicroseconds > limits.ageMicroseconds) {
    const limit = limits.ageMicroseconds / 1_000_000;
    throw new SqlError(sqlstate.programLimitExceeded, `transaction age limit of ${limit}s exceeded`, {
      detail: `Current transaction age ${Math.floor(ageMicroseconds / 1_000_000)}s exceeds ${limit}s`,
    });
  }
  if (!transaction.buffer.decides) return undefined;
  const { bytes } = transaction.buffer;
  if (bytes > limits.bytes) {
    const limit = `${limits.bytes / megabyte}mb`;
    throw new SqlError(sqlstate.programLimitExceeded, `transaction size limit ${limit} exceeded`, {
      detail: `Current transaction size ${Math.ceil(bytes / megabyte)}mb ${limit}`,
    });
  }
  const { writes, marks } = transaction.buffer.contents();
  return {
    partition: 0,
    epoch: transaction.epoch,
    transactionId: randomId(random),
    snapshot: transaction.snapshot,
    writes,
    marks,
    bytes,
  };
}

/** Sends the request and waits for its verdict. Returns for a commit, throws SqlError for anything else. */
export async function commit(adjudicator: Adjudicator, request: CommitRequest): Promise<void> {
  const failure = failureOf(await adjudicator.commit(request));
  if (failure !== undefined) throw failure;
}

export function failureOf(verdict: Verdict): SqlError | undefined {
  switch (verdict.kind) {
    case 'committed':
      return undefined;
    case 'conflict':
      return verdict.code === 'OC001'
        ? schemaChanged()
        : new SqlError(sqlstate.serializationFailure, 'change conflicts with another transaction (OC000)');
    case 'tooOld':
      return new SqlError(sqlstate.serializationFailure, 'change conflicts with another transaction (OC000)', {
        detail: 'The snapshot is older than the window in which conflicts can be checked.',
      });
    case 'unavailable':
      return new SqlError(sqlstate.connectionFailure, 'unable to commit: the transaction was not accepted', { detail: verdict.reason });
    case 'unknown':
      return new SqlError(sqlstate.transactionResolutionUnknown, 'the outcome of the transaction is unknown', {
        hint: 'The transaction may or may not have been committed; check before running it again.',
      });
    default:
      return unreachable(verdict);
  }
}

export const schemaChanged = (): SqlError =>
  new SqlError(sqlstate.serializationFailure, 'schema has been updated by another transaction (OC001)');
