/** Two nodes that claim one epoch at one place at once: the stream takes one of the two messages, and only its sender may believe that it leads. */
import { expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type JetStreamJournal, openJetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedStream } from './simulated-stream.ts';
import { ProcessLife, SimulatedClock } from './simulated-world.ts';

const settle = realWorld({ log: silentLog }).timers.yield;

/** How many of two claimants are told that theirs is the claim. */
async function winners(seed: number, claimants: readonly [string, string]): Promise<number> {
  const random = new SeededRandom(seed);
  const scheduler = new Scheduler(random, settle);
  const stream = new SimulatedStream(scheduler, random, 'j'.repeat(26), 2);
  const disk = new SimulatedDisk(scheduler, random, () => 1, false);
  const open = (): Promise<JetStreamJournal> =>
    openJetStreamJournal({
      stream: stream.open({ isConnected: () => true, isAlive: () => true, whenRunning: (run) => run() }),
      timers: new ProcessLife(scheduler, random, disk, new SimulatedClock(scheduler), silentLog).world.timers,
      log: silentLog,
      onFailure: (error) => expect.fail(error.message),
    });
  const journals = [await scheduler.until(open()), await scheduler.until(open())];
  const claims = journals.map((journal, at) => journal.append({ kind: 'claim', epoch: 1, floor: 0, claimant: claimants[at] }, 0));
  const results = await scheduler.until(Promise.all(claims));
  for (const journal of journals) expect(journal.lastPosition).toBe(1);
  return results.filter((result) => result !== 'moved').length;
}

const seeds = Array.from({ length: 60 }, (_, seed) => seed);

it('one of them leads, whatever is lost or late', async () => {
  for (const seed of seeds) expect(await winners(seed, ['a', 'b']), `seed ${seed}`).toBe(1);
});

it('both would, if a claim did not name its claimant', async () => {
  let both = 0;
  for (const seed of seeds) if ((await winners(seed, ['', ''])) === 2) both++;
  expect(both).toBeGreaterThan(0);
});
