/**
 * Follow: a replica pulls entries from its feed and applies them, at its own pace.
 *
 * It stops pulling while too much waits to be flushed, and lets others run when it has applied for some milliseconds. The chain is
 * checked where the two meet: the entry that the replica stands on must be the one that the journal has there.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';
import type { Feed } from '#crossbar/crossbar.ts';
import type { PlacedEntry } from '#journal/journal.ts';
import type { Replica } from './replica.ts';

const sliceMs = 4;

/** Resolves when the feed is closed; rejects when the journal is not the one that the replica was built from, or the store failed. */
export async function follow(replica: Replica, feed: Feed, world: World): Promise<void> {
  // From the entry that was applied last, to see that it is still the same.
  let from = Math.max(replica.position, 1);
  for (;;) {
    const entries = await feed.next(from);
    if (entries === undefined) return;
    let sliceStart = world.clock.monotonicMs();
    for (const placed of entries) {
      if (placed.position <= replica.position) checkSame(replica, placed);
      else {
        checkNext(replica, placed);
        replica.apply(placed);
      }
      if (replica.isFull) await replica.untilRoom();
      if (world.clock.monotonicMs() - sliceStart >= sliceMs) {
        await world.timers.yield();
        sliceStart = world.clock.monotonicMs();
      }
    }
    from = replica.position + 1;
  }
}

function checkSame(replica: Replica, placed: PlacedEntry): void {
  if (placed.position !== replica.position || Buffer.compare(placed.hash, replica.hash) === 0) return;
  throw new SqlError(sqlstate.dataCorrupted, `journal entry ${placed.position} is not the one that this storage replica has applied`);
}

function checkNext(replica: Replica, placed: PlacedEntry): void {
  if (placed.position === replica.position + 1) return;
  throw new SqlError(sqlstate.dataCorrupted, `the journal goes on at entry ${placed.position}, behind a gap`, {
    detail: `The storage replica is at entry ${replica.position}. It needs a newer checkpoint.`,
  });
}
