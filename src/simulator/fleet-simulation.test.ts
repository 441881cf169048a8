import { describe, expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type FleetBug, fleetBugs, SimulatedFleet } from './simulated-fleet.ts';
import { type SimulationResult, simulate } from './simulation.ts';

const run = (seed: number, transactions: number, bug?: FleetBug): Promise<SimulationResult> =>
  simulate({
    seed,
    transactions,
    make: (parts) => new SimulatedFleet(parts, bug),
    settle: realWorld({ log: silentLog }).timers.yield,
    log: silentLog,
  });

/** Each of some 3 000 events and more. `npm run test:long`: ten times as many. */
const seeds = process.env.BOREALIS_LONG ? 2000 : 200;

describe('a simulated fleet', () => {
  it(`keeps its promises through crashes, pauses, cuts and lost messages, in ${seeds} histories`, {
    timeout: 60_000 + seeds * 3000,
  }, async () => {
    let committed = 0;
    let events = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const result = await run(seed, 200);
      expect(result.violations, `seed ${seed}`).toEqual([]);
      committed += result.counts.committed ?? 0;
      events += result.events;
    }
    expect(events / seeds).toBeGreaterThan(2000);
    // Some are without a leader for most of their time; together they must have tried something.
    expect(committed / seeds).toBeGreaterThan(60);
  });

  it('does the same again from the same seed', async () => {
    expect(await run(7, 100)).toEqual(await run(7, 100));
  });
});

/** Two claims of one epoch are rare: one history in some 900 shows what comes of them. claims.test.ts tries them by themselves. */
const rare: ReadonlySet<FleetBug> = new Set<FleetBug>(['skipFencing']);

describe('the checkers find', () => {
  for (const bug of fleetBugs) {
    const histories = rare.has(bug) ? 3000 : 120;
    it.skipIf(rare.has(bug) && !process.env.BOREALIS_LONG)(bug, { timeout: 60_000 + histories * 500 }, async () => {
      for (let seed = 1; seed <= histories; seed++) if ((await run(seed, 300, bug)).violations.length > 0) return;
      expect.fail(`${bug} was not noticed in ${histories} histories`);
    });
  }
});
