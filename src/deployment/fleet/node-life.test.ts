import { describe, expect, it } from 'vitest';
import type { Clock } from '#base/world.ts';
import { LeaseTable } from '#crossbar/read-leases.ts';
import { SeededRandom } from '#simulator/seeded-random.ts';
import { newLife, nodeOf } from './node-life.ts';

const random = new SeededRandom(1);
const clock: Clock = { now: () => 0, monotonicMs: () => 0 };
const sentAt = { monotonicMs: 0, wall: 0 };

describe('the lives of a node', () => {
  it('have its name', () => {
    const lives = Array.from({ length: 100 }, () => newLife('node-a', random));
    expect(new Set(lives).size).toBe(100);
    expect(new Set(lives.map(nodeOf))).toEqual(new Set(['node-a']));
  });

  it('get no lease for what the one before had received', () => {
    const table = new LeaseTable(clock, { leaseMs: 1000, driftMs: 50 }, 1);
    const [before, after] = [newLife('node-a', random), newLife('node-a', random)];
    expect(table.ask(before, sentAt, 50, 0)).toBeDefined();
    // It was killed, and begins with an older end of the stream.
    expect(table.ask(after, sentAt, 30, 50)).toBeUndefined();
    // A receipt that was long on its way.
    table.received(before, 60);
    expect(table.allReceived(31)).toBe(false);
    expect(table.received(after, 50)).toBeDefined();
    // A farewell too.
    table.release(before);
    expect(table.allReceived(51)).toBe(false);
  });
});
