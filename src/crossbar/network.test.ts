import { expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { Scheduler } from '#simulator/scheduler.ts';
import { SeededRandom } from '#simulator/seeded-random.ts';
import { SimulatedDisk } from '#simulator/simulated-disk.ts';
import { ProcessLife, SimulatedClock } from '#simulator/simulated-world.ts';
import { RegionNetwork } from './network.ts';

function bench(
  rttMs: number,
  delayMs?: () => number,
): { readonly scheduler: Scheduler; readonly network: RegionNetwork; readonly random: SeededRandom } {
  const random = new SeededRandom(3);
  const scheduler = new Scheduler(random, realWorld({ log: silentLog }).timers.yield);
  const { world } = new ProcessLife(
    scheduler,
    random,
    new SimulatedDisk(scheduler, random, () => 1),
    new SimulatedClock(scheduler),
    silentLog,
  );
  return {
    scheduler,
    random,
    network: new RegionNetwork({ world, regions: ['a', 'b', 'c'], rttMs, ...(delayMs === undefined ? {} : { delayMs }) }),
  };
}

it('delivers at once without distance', () => {
  const { network } = bench(0);
  let delivered = 0;
  network.send('a', 'b', () => delivered++);
  expect(delivered).toBe(1);
  network.isolate('b');
  network.send('a', 'b', () => delivered++);
  network.send('b', 'b', () => delivered++);
  expect(delivered).toBe(2);
});

it('keeps each link’s order, however long a message takes', async () => {
  const random = new SeededRandom(9);
  const { network, scheduler } = bench(10, () => random.between(0, 50));
  const seen: number[] = [];
  for (let i = 0; i < 100; i++) {
    network.send('a', 'b', () => seen.push(i));
    if (i % 10 === 0) await scheduler.advance(5);
  }
  await scheduler.advance(200);
  expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

it('takes half a round trip, loses what a cut meets, and tells of it', async () => {
  const { network, scheduler } = bench(40);
  const seen: string[] = [];
  network.onChange(() => seen.push(`change at ${scheduler.nowMs}`));
  network.send('a', 'b', () => seen.push(`first at ${scheduler.nowMs}`));
  await scheduler.advance(25);
  network.send('a', 'b', () => seen.push('lost'));
  network.send('a', 'c', () => seen.push(`other at ${scheduler.nowMs}`));
  network.isolate('b');
  await scheduler.advance(100);
  network.heal('b');
  network.send('a', 'b', () => seen.push(`second at ${scheduler.nowMs}`));
  await scheduler.advance(100);
  expect(seen).toEqual(['first at 20', 'change at 25', 'other at 45', 'change at 125', 'second at 145']);
});
