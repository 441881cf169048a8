import { describe, expect, it } from 'vitest';
import type { HistoryTransaction, Operation } from './history.ts';
import { SeededRandom } from './seeded-random.ts';
import { checkStrongSnapshotIsolation, checkTimestamps } from './strong-si-checker.ts';

/** `x+1` appends, `x:1,2` reads; "[from,to]" are the moments. */
function transaction(
  id: number,
  from: number,
  to: number,
  text: string,
  outcome: HistoryTransaction['outcome'] = 'ok',
): HistoryTransaction {
  const operations = text.split(' ').map((word): Operation => {
    const [key, appended] = word.split('+');
    if (appended !== undefined) return { kind: 'append', key, value: Number(appended) };
    const [list, values] = word.split(':');
    return { kind: 'read', key: list, values: values === '' ? [] : values.split(',').map(Number) };
  });
  return { id, invoked: from, returned: to, outcome, operations, snapshot: 0, commitTimestamp: undefined };
}

const names = (...history: HistoryTransaction[]): readonly string[] => [
  ...new Set(checkStrongSnapshotIsolation(history).map(({ name }) => name)),
];

describe('allowed', () => {
  it('is a plain history, with an info transaction that somebody has seen', () => {
    expect(names(transaction(1, 0, 1, 'x: x+1'), transaction(2, 2, 9, 'x:1 x+2', 'info'), transaction(3, 4, 5, 'x:1,2'))).toEqual([]);
  });

  it('is write skew', () => {
    expect(names(transaction(1, 0, 10, 'x: y: x+1'), transaction(2, 1, 9, 'x: y: y+1'), transaction(3, 20, 21, 'x:1 y:1'))).toEqual([]);
  });

  it('is the read-only anomaly', () => {
    expect(
      names(
        transaction(1, 0, 20, 'x: y: x+1'),
        transaction(2, 1, 5, 'y: y+1'),
        transaction(3, 6, 8, 'x: y:1'),
        transaction(4, 30, 31, 'x:1 y:1'),
      ),
    ).toEqual([]);
  });
});

describe('found', () => {
  it('is a lost update', () => {
    expect(names(transaction(1, 0, 10, 'x: x+1'), transaction(2, 0, 10, 'x: x+2'))).toContain('lost update');
  });
  it('is a lost write, and a stale read', () => {
    expect(names(transaction(1, 0, 1, 'x: x+1'), transaction(2, 2, 3, 'x:'))).toContain('lost write');
  });
  it('is a stale read of what another has only read', () => {
    expect(names(transaction(1, 0, 100, 'x: x+1'), transaction(2, 2, 3, 'x:1'), transaction(3, 4, 5, 'x:'))).toEqual(['G-single-realtime']);
  });
  it('is a fractured read', () => {
    expect(names(transaction(1, 0, 9, 'x+1 y+1'), transaction(2, 0, 9, 'x:1 y:'))).toEqual(['G-single']);
  });
  it('is a long fork', () => {
    expect(
      names(transaction(1, 0, 9, 'x+1'), transaction(2, 0, 9, 'y+1'), transaction(3, 0, 9, 'x:1 y:'), transaction(4, 0, 9, 'x: y:1')),
    ).toEqual(['G-nonadjacent']);
  });
  it('is an aborted and an intermediate read, garbage, and a broken read of one’s own', () => {
    expect(names(transaction(1, 0, 1, 'x+1', 'fail'), transaction(2, 2, 3, 'x:1'))).toContain('G1a');
    expect(names(transaction(1, 0, 9, 'x+1 x+2'), transaction(2, 0, 9, 'x:1'))).toContain('G1b');
    expect(names(transaction(1, 0, 1, 'x:7'))).toContain('garbage');
    expect(names(transaction(1, 0, 1, 'x+1 x:'))).toContain('internal');
    expect(
      names(transaction(1, 0, 9, 'x+1'), transaction(2, 0, 9, 'x+2'), transaction(3, 0, 9, 'x:1,2'), transaction(4, 0, 9, 'x:2,1')),
    ).toContain('incompatible order');
  });
});

/** A small perfect database, and faults to plant in it. */
function generated(seed: number, fault: 'none' | 'stale' | 'fractured' | 'unchecked'): HistoryTransaction[] {
  const random = new SeededRandom(seed);
  const commits: { readonly at: number; readonly key: string; readonly value: number }[] = [];
  const history: HistoryTransaction[] = [];
  const running: { id: number; invoked: number; snapshot: number; keys: string[]; end: number }[] = [];
  let moment = 0;
  let value = 0;
  const stateAt = (key: string, snapshot: number): number[] =>
    commits.flatMap((commit) => (commit.key === key && commit.at <= snapshot ? [commit.value] : []));
  for (let id = 0; id < 200 || running.length > 0; ) {
    moment++;
    if (id < 200 && running.length < 6) {
      const snapshot = fault === 'stale' && random.chance(0.3) ? moment - 40 : moment;
      running.push({
        id: id++,
        invoked: moment,
        snapshot,
        keys: [random.integer(5), random.integer(5)].map((k) => `k${k}`),
        end: moment + random.integer(20),
      });
      continue;
    }
    const index = running.findIndex(({ end }) => end <= moment);
    if (index < 0) continue;
    const [{ id: number, invoked, snapshot, keys }] = running.splice(index, 1);
    const [readKey, writeKey] = keys;
    const readAt = fault === 'fractured' && random.chance(0.2) ? snapshot - 15 : snapshot;
    const operations: Operation[] = [
      { kind: 'read', key: writeKey, values: stateAt(writeKey, snapshot) },
      { kind: 'read', key: readKey, values: stateAt(readKey, readKey === writeKey ? snapshot : readAt) },
      { kind: 'append', key: writeKey, value: ++value },
    ];
    const conflicts = commits.some((commit) => commit.key === writeKey && commit.at > snapshot);
    const fails = conflicts && !(fault === 'unchecked' && random.chance(0.3));
    if (!fails) commits.push({ at: moment, key: writeKey, value });
    history.push({
      id: number,
      invoked,
      returned: moment,
      outcome: fails ? 'fail' : 'ok',
      operations,
      snapshot,
      commitTimestamp: fails ? undefined : moment,
    });
  }
  return history;
}

describe('generated histories', () => {
  it('of a correct database are never reported', () => {
    for (let seed = 1; seed <= 40; seed++) {
      expect(checkStrongSnapshotIsolation(generated(seed, 'none'))).toEqual([]);
      expect(checkTimestamps(generated(seed, 'none'))).toEqual([]);
    }
  });
  for (const [fault, least] of [
    ['stale', 15],
    ['fractured', 5],
    ['unchecked', 18],
  ] as const) {
    it(`with ${fault} reads or writes mostly are`, () => {
      let found = 0;
      let foundByTimestamps = 0;
      for (let seed = 1; seed <= 20; seed++) {
        if (checkStrongSnapshotIsolation(generated(seed, fault)).length > 0) found++;
        if (checkTimestamps(generated(seed, fault)).length > 0) foundByTimestamps++;
      }
      expect(found).toBeGreaterThanOrEqual(least);
      expect(foundByTimestamps).toBeGreaterThanOrEqual(18);
    });
  }
});
