/** Transactions of the node itself, which no session asked for: steps of jobs, reservations of sequences. */
import type { World } from '#base/world.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import type { Storage } from '#storage/storage.ts';
import { OpenTransaction } from './open-transaction.ts';

/** Free of DSQL's limits on a transaction: the work is ours to bound. Resolves once storage can read at the snapshot. */
export async function beginNodeTransaction(host: {
  readonly world: World;
  readonly storage: Storage;
  readonly readPoint: ReadPoint;
}): Promise<OpenTransaction> {
  const { world, storage, readPoint } = host;
  const snapshot = await readPoint.begin();
  await storage.untilApplied(snapshot);
  return new OpenTransaction({
    snapshot,
    startTimestamp: world.clock.now(),
    startedMs: world.clock.monotonicMs(),
    epoch: readPoint.epoch,
    isReadOnly: false,
    profile: 'open',
  });
}
