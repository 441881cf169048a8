import { describe, expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type PlantedBug, plantedBugs, SimulatedDeployment } from './simulated-deployment.ts';
import { type SimulationResult, simulate } from './simulation.ts';

const run = (seed: number, transactions: number, plantedBug?: PlantedBug): Promise<SimulationResult> =>
  simulate({
    seed,
    transactions,
    make: (parts) => new SimulatedDeployment({ ...parts, plantedBug }),
    settle: realWorld({ log: silentLog }).timers.yield,
    log: silentLog,
  });

/** `npm run test:long`: twenty-five times as many histories. */
const seeds = process.env.BOREALIS_LONG ? 500 : 20;

describe('a simulated deployment', () => {
  it(`keeps its promises through crashes, cuts and clock jumps, in ${seeds} histories`, { timeout: 60_000 + seeds * 500 }, async () => {
    let committed = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, counts } = await run(seed, 250);
      expect(violations, `seed ${seed}`).toEqual([]);
      expect(counts.committed, `seed ${seed}`).toBeGreaterThan(0);
      committed += counts.committed;
    }
    // Some histories are cut off for most of their time; together they must have tried something.
    expect(committed / seeds).toBeGreaterThan(60);
  });

  it('goes on when an election has a billionth of a millisecond left to wait (found by seed 731)', async () => {
    expect((await run(731, 250)).violations).toEqual([]);
  });

  it('does the same again from the same seed, and something else from another', async () => {
    const [one, again, other] = [await run(7, 200), await run(7, 200), await run(8, 200)];
    expect(again).toEqual(one);
    expect(other.hash).not.toBe(one.hash);
  });
});

describe('the checkers find', () => {
  for (const bug of plantedBugs) {
    it(bug, async () => {
      for (let seed = 1; seed <= 40; seed++) {
        const { violations } = await run(seed, 300, bug);
        if (violations.length > 0) return;
      }
      expect.fail(`${bug} was not noticed in 40 histories`);
    });
  }
});
