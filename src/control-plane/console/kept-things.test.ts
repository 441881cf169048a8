import { beforeEach, expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
import { KeptThings } from './kept-things.ts';

class Thing {
  isBusy = false;
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

let nowMs = 0;
let due: { readonly atMs: number; readonly callback: () => void }[] = [];
const world: World = {
  ...realWorld({ log: silentLog }),
  clock: { now: () => nowMs * 1000, monotonicMs: () => nowMs },
  timers: {
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback };
      due.push(timer);
      return () => {
        due = due.filter((other) => other !== timer);
      };
    },
    sleep: () => Promise.resolve(),
    yield: () => Promise.resolve(),
  },
};

function pass(ms: number): void {
  const end = nowMs + ms;
  for (let next = due.find(({ atMs }) => atMs <= end); next !== undefined; next = due.find(({ atMs }) => atMs <= end)) {
    const { atMs, callback } = next;
    due = due.filter((other) => other !== next);
    nowMs = atMs;
    callback();
  }
  nowMs = end;
}

let kept: KeptThings<Thing>;
beforeEach(() => {
  nowMs = 0;
  due = [];
  kept = new KeptThings<Thing>(world, { idleMs: 1_000, ofOne: 2, inAll: 3 });
});

it('are reached by their own session at their own cluster alone', () => {
  const thing = new Thing();
  const id = kept.add('alice', 'one', thing);
  expect(kept.find('alice', 'one', id)).toBe(thing);
  expect(kept.find('bob', 'one', id)).toBeUndefined();
  expect(kept.find('alice', 'two', id)).toBeUndefined();
  kept.close('bob', id);
  expect(thing.isClosed).toBe(false);
  kept.close('alice', id);
  expect(thing.isClosed).toBe(true);
  expect(due).toEqual([]);
});

it('are closed when they have been idle, and not while they work', () => {
  const [idle, busy] = [new Thing(), new Thing()];
  const id = kept.add('alice', 'one', idle);
  kept.add('alice', 'one', busy);
  busy.isBusy = true;
  pass(900);
  kept.find('alice', 'one', id);
  pass(900);
  expect(idle.isClosed).toBe(false);
  pass(2_000);
  expect([idle.isClosed, busy.isClosed]).toEqual([true, false]);
  busy.isBusy = false;
  pass(3_000);
  expect(busy.isClosed).toBe(true);
  expect(due).toEqual([]);
});

it('are bounded: a session makes room among its own', () => {
  const things = [new Thing(), new Thing(), new Thing()];
  for (const thing of things.slice(0, 2)) {
    expect(kept.makeRoom('alice')).toBe(true);
    kept.add('alice', 'one', thing);
    pass(1);
  }
  things[0].isBusy = true;
  expect(kept.makeRoom('alice')).toBe(true);
  expect(things.map(({ isClosed }) => isClosed)).toEqual([false, true, false]);
  kept.add('bob', 'one', new Thing());
  kept.add('carol', 'one', new Thing());
  expect(kept.makeRoom('dave')).toBe(false);
  kept.closeAllOf('bob');
  expect(kept.makeRoom('dave')).toBe(true);
  kept.closeAll();
  expect(kept.size).toBe(0);
  expect(things[0].isClosed).toBe(true);
});
