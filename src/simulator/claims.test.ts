/**
 * Claims, by themselves: of two nodes that claim one epoch at one place at once the stream takes one message, and only its sender may believe that it leads; and a node that was
 * deposed claims anew for what it has read, never for what it had meant to write.
 */
import { expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type JetStreamJournal, openJetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import type { JournalEntry } from '#journal/journal.ts';
import { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedStream } from './simulated-stream.ts';
import { ProcessLife, SimulatedClock } from './simulated-world.ts';

const settle = realWorld({ log: silentLog }).timers.yield;

class Nodes {
  readonly scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #stream: SimulatedStream;
  readonly #disk: SimulatedDisk;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.scheduler = new Scheduler(this.#random, settle);
    this.#stream = new SimulatedStream(this.scheduler, this.#random, 'j'.repeat(26), 2);
    this.#disk = new SimulatedDisk(this.scheduler, this.#random, () => 1, false);
  }

  open(isConnected: () => boolean = () => true): Promise<JetStreamJournal> {
    const { scheduler } = this;
    const life = new ProcessLife(scheduler, this.#random, this.#disk, new SimulatedClock(scheduler), silentLog);
    return scheduler.until(
      openJetStreamJournal({
        stream: this.#stream.open({ isConnected, isAlive: () => true, whenRunning: (run) => run() }),
        timers: life.world.timers,
        log: silentLog,
        onFailure: (error) => expect.fail(error.message),
      }),
    );
  }
}

const claim = (epoch: number, claimant: string): JournalEntry => ({ kind: 'claim', epoch, floor: 0, claimant });

/** How many of two claimants are told that theirs is the claim. */
async function winners(seed: number, claimants: readonly [string, string]): Promise<number> {
  const nodes = new Nodes(seed);
  const journals = [await nodes.open(), await nodes.open()];
  const claims = journals.map((journal, at) => journal.append(claim(1, claimants[at]), 0));
  const results = await nodes.scheduler.until(Promise.all(claims));
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

it('none stands on an append of its own that did not get in', async () => {
  let overtaken = 0;
  for (const seed of seeds) {
    const nodes = new Nodes(seed);
    const { scheduler } = nodes;
    let isConnected = true;
    const deposed = await nodes.open(() => isConnected);
    const other = await nodes.open();
    await scheduler.until(deposed.append(claim(1, 'a'), 0));
    await scheduler.advance(100);
    if (other.lastPosition < 1) continue;
    isConnected = false;
    const lost = deposed.append({ kind: 'commits', epoch: 1, records: [] }, 1);
    await scheduler.until(other.append(claim(2, 'b'), 1));
    isConnected = true;
    await scheduler.advance(500);
    // It has read the other's claim where it had meant its own entry to be.
    if (deposed.lastEpoch === 2) {
      overtaken++;
      await scheduler.until(deposed.append(claim(3, 'a'), 2));
    }
    expect(await scheduler.until(lost), `seed ${seed}`).toBe('moved');
    // Rejects when the stream holds what continues nobody's journal.
    await nodes.open();
  }
  expect(overtaken).toBeGreaterThan(20);
});
