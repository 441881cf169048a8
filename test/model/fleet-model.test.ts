import { describe, expect, it } from 'vitest';
import { type Bounds, explore, type Rule, rules } from './fleet-model.ts';

const none: Bounds = { messages: 0, heartbeats: 0, ticks: 0, leasedReads: 0, leaselessReads: 0, nodes: 1 };

/** Each explored to its end. `npm run test:long` adds what takes minutes. */
const explorations: Readonly<Record<string, Bounds>> = {
  'a commit in doubt over a change of leaders': { ...none, messages: 2, ticks: 1 },
  'a lease asked for while leaders change': { ...none, messages: 1, heartbeats: 1, ticks: 1, leasedReads: 1 },
  'a lease asked for between commits': { ...none, messages: 2, heartbeats: 1, leasedReads: 1 },
  'a read without a lease while leaders change': { ...none, messages: 1, ticks: 1, leaselessReads: 1 },
  'two nodes that read a commit in flight': { ...none, messages: 1, leasedReads: 2, nodes: 2, leasesAtStart: true, hasNoSuccessor: true },
};
const longer: Readonly<Record<string, Bounds>> = {
  'a lease and two messages while leaders change': { ...none, messages: 2, heartbeats: 1, ticks: 1, leasedReads: 1 },
  'a read without a lease and two messages while leaders change': { ...none, messages: 2, ticks: 1, leaselessReads: 1 },
  'two nodes with leases while leaders change': { ...none, messages: 1, leasedReads: 2, nodes: 2, leasesAtStart: true },
};
const asked = process.env.BOREALIS_LONG ? { ...explorations, ...longer } : explorations;

describe("the fleet's rules hold in every order of", () => {
  for (const [name, bounds] of Object.entries(asked)) {
    it(name, { timeout: 600_000 }, () => {
      expect(explore(bounds, undefined, 5_000_000)).toEqual({ states: expect.any(Number), isComplete: true, violation: undefined });
    });
  }
});

/** Where leaving the rule out shows. */
const shownBy: Readonly<Record<Rule, Bounds>> = {
  'stable wait of reads': explorations['two nodes that read a commit in flight'],
  'acknowledge after lease holders': explorations['a lease asked for between commits'],
  'wait for unknown leases': longer['a lease and two messages while leaders change'],
  'grant after confirmation': explorations['a lease asked for while leaders change'],
  'grant after catching up': explorations['a lease asked for between commits'],
  'record rule': explorations['a commit in doubt over a change of leaders'],
  'confirm the head of a lease-less read': longer['a read without a lease and two messages while leaders change'],
  'settle doubt by reading': explorations['a commit in doubt over a change of leaders'],
};

describe('a violation is found without', () => {
  for (const rule of rules) {
    it(rule, { timeout: 120_000 }, () => {
      expect(explore(shownBy[rule], rule, 2_000_000).violation).toEqual(expect.any(String));
    });
  }
});
