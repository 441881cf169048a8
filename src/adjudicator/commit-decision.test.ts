import { describe, expect, it } from 'vitest';
import { descriptorKey } from '#sql/spaces.ts';
import type { CommitRequest, Mark, Write } from './adjudicator.ts';
import { CommitClock } from './commit-clock.ts';
import { type Decision, decisionMaker } from './commit-decision.ts';
import { ConflictTable } from './conflict-table.ts';

const stillClock = { now: () => 1000, monotonicMs: () => 0 };

function maker(): (snapshot: number, uses: readonly string[]) => Decision {
  const decide = decisionMaker(new ConflictTable({ windowMicros: 1e9, seed: 7 }), new CommitClock(stillClock, 500), false);
  let count = 0;
  return (snapshot, uses) => {
    const writes: Write[] = [];
    const marks: Mark[] = [];
    for (const use of uses) {
      const [mode, key] = use.split(' ');
      if (mode === 'insert') writes.push({ key, mode: 'write', value: undefined });
      else if (mode === 'update' || mode === 'blind') writes.push({ key, mode, value: undefined });
      else if (mode === 'write' || mode === 'share' || mode === 'read') marks.push({ key, mode });
      else throw new Error(mode);
    }
    const request: CommitRequest = { partition: 0, epoch: 1, transactionId: `t${count++}`, snapshot, writes, marks, bytes: 10 };
    return decide(request);
  };
}

/** The matrix of adjudicator.ts: row = what I do, column = what was committed since my snapshot. */
const matrix: readonly (readonly [string, string])[] = [
  ['insert', 'insert write update share'],
  ['write', 'insert write update share'],
  ['update', 'insert write update'],
  ['share', 'insert write'],
  ['read', 'insert write update'],
  ['blind', ''],
];

describe('the conflict matrix', () => {
  for (const [mine, conflicting] of matrix) {
    for (const theirs of ['insert', 'write', 'update', 'share', 'read', 'blind']) {
      const conflicts = conflicting.split(' ').includes(theirs);
      it(`${mine} after ${theirs}: ${conflicts ? 'conflict' : 'none'}`, () => {
        const decide = maker();
        const first = decide(500, [`${theirs} k`]);
        expect(first).toEqual({ kind: 'commit', timestamp: 1000 });
        const second = decide(500, [`${mine} k`]);
        expect(second).toEqual(
          conflicts ? { kind: 'conflict', code: 'OC000', key: 'k', winner: 1000 } : { kind: 'commit', timestamp: 1001 },
        );
      });
    }
  }
});

it('opens the window behind the snapshot: what was committed exactly at it was visible', () => {
  const decide = maker();
  decide(500, ['update k']);
  expect(decide(1000, ['update k'])).toEqual({ kind: 'commit', timestamp: 1001 });
  expect(decide(1000, ['update k'])).toMatchObject({ kind: 'conflict', winner: 1001 });
});

it('calls a conflict on a schema key OC001, also when a row conflicts as well', () => {
  const decide = maker();
  decide(500, [`insert ${descriptorKey(16400)}`, 'update row']);
  expect(decide(500, ['update row', `read ${descriptorKey(16400)}`])).toMatchObject({ kind: 'conflict', code: 'OC001' });
});

it('leaves no mark of a transaction that lost', () => {
  const decide = maker();
  decide(500, ['update a']);
  expect(decide(500, ['update a', 'update b']).kind).toBe('conflict');
  expect(decide(500, ['update b']).kind).toBe('commit');
});

it('refuses what is below the low-water mark (A7)', () => {
  const table = new ConflictTable({ windowMicros: 1e9, seed: 7 });
  table.raiseLowWater(700);
  const decide = decisionMaker(table, new CommitClock(stillClock, 900), false);
  const request = {
    partition: 0,
    epoch: 1,
    transactionId: 't',
    writes: [{ key: 'k', mode: 'update', value: undefined }],
    marks: [],
    bytes: 1,
  } as const;
  expect(decide({ ...request, snapshot: 699 })).toEqual({ kind: 'tooOld' });
  expect(decide({ ...request, snapshot: 700 }).kind).toBe('commit');
  expect(() => decide({ ...request, snapshot: 5000 })).toThrow(/A3/);
});

describe('commit timestamps', () => {
  it('follow the clock, never return, and do not run away with it', () => {
    let wall = 1_000_000;
    let monotonic = 0;
    const clock = new CommitClock({ now: () => wall, monotonicMs: () => monotonic }, 0, 5_000_000);
    expect(clock.next()).toBe(1_000_000);
    expect(clock.next()).toBe(1_000_001);
    wall = 10;
    expect(clock.next()).toBe(1_000_002);
    wall = 1e15;
    monotonic = 1000;
    expect(clock.next()).toBe(1_000_000 + 1_000_000 + 5_000_000);
    expect(clock.next()).toBe(7_000_001);
  });
});
