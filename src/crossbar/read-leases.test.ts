import { describe, expect, it } from 'vitest';
import type { Clock } from '#base/world.ts';
import { HeldLease, LeaseTable } from './read-leases.ts';

class HandClock implements Clock {
  ms = 0;
  wallMs = 1_000_000;
  now(): number {
    return this.wallMs * 1000;
  }
  monotonicMs(): number {
    return this.ms;
  }
  pass(ms: number): void {
    this.ms += ms;
    this.wallMs += ms;
  }
}

const terms = { leaseMs: 1000, driftMs: 50 };

describe('the leader’s table', () => {
  it('lets a node join when it has what had been answered, and waits for it from its first question on', () => {
    const table = new LeaseTable(new HandClock(), terms, 1);
    const sentAt = { monotonicMs: 0, wall: 0 };
    expect(table.allReceived(10)).toBe(true);
    expect(table.ask('b', sentAt, 4, 7)).toBeUndefined();
    expect(table.allReceived(5)).toBe(false);
    expect(table.received('b', 6)).toBeUndefined();
    const granted = table.received('b', 7);
    expect(granted).toMatchObject({ sentAt });
    expect(table.received('b', 9)).toBeUndefined();
    expect(table.allReceived(9)).toBe(true);
    expect(table.allReceived(10)).toBe(false);
    // Renewed it keeps its number, although more has been answered since.
    expect(table.ask('b', sentAt, 9, 12)).toBe(granted?.number);
  });

  it('waits for leases that were handed over as for its own, and renews them under their numbers', () => {
    const clock = new HandClock();
    const earlier = new LeaseTable(clock, terms, 1);
    const sentAt = { monotonicMs: 0, wall: 0 };
    const number = earlier.ask('b', sentAt, 7, 7);
    earlier.ask('c', sentAt, 7, 7);
    const table = new LeaseTable(clock, terms, 2);
    table.inherit(earlier.outstanding(), 8);
    expect(table.allReceived(1)).toBe(false);
    table.received('b', 8);
    expect(table.ask('b', sentAt, 8, 20)).toBe(number);
    expect(table.allReceived(8)).toBe(false);
    clock.pass(terms.leaseMs + terms.driftMs + 1);
    expect(table.allReceived(8)).toBe(true);
  });

  it('stops waiting when the lease has run out, bound of drift included, and then grants another number', () => {
    const clock = new HandClock();
    const table = new LeaseTable(clock, terms, 1);
    const first = table.ask('b', { monotonicMs: 0, wall: 0 }, 5, 5);
    clock.pass(1050);
    expect(table.allReceived(6)).toBe(false);
    expect(table.blockedForMs(6)).toBe(0);
    clock.pass(1);
    expect(table.allReceived(6)).toBe(true);
    const second = table.ask('b', { monotonicMs: 0, wall: 0 }, 6, 6);
    expect(second).toBeDefined();
    expect(second).not.toBe(first);
  });

  it('numbers of two leaderships never meet', () => {
    const numbers = [1, 2].map((epoch) => new LeaseTable(new HandClock(), terms, epoch).ask('b', { monotonicMs: 0, wall: 0 }, 1, 1));
    expect(numbers[0]).not.toBe(numbers[1]);
  });
});

describe('the node’s lease', () => {
  it('is trusted less long than the leader waits, counted from when it was asked for', () => {
    const clock = new HandClock();
    const lease = new HeldLease(clock, terms);
    expect(lease.valid).toBe(0);
    const sentAt = lease.sentNow();
    clock.pass(400);
    lease.take(7, sentAt);
    expect(lease.valid).toBe(7);
    clock.pass(549);
    expect(lease.valid).toBe(7);
    clock.pass(1);
    expect(lease.valid).toBe(0);
    lease.take(7, lease.sentNow());
    expect(lease.valid).toBe(7);
    lease.drop();
    expect(lease.valid).toBe(0);
  });

  it('is not trusted when the wall clock says that more time has passed', () => {
    const clock = new HandClock();
    const lease = new HeldLease(clock, terms);
    lease.take(7, lease.sentNow());
    clock.wallMs += 3_600_000;
    expect(lease.valid).toBe(0);
  });
});
