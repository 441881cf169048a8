import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConflictTable, type KeyHash, markKind } from './conflict-table.ts';

const hash: KeyHash = { first: 0, second: 0 };
const kinds = [markKind.write, markKind.update, markKind.share] as const;

describe('against a model that keeps everything', () => {
  it('finds every mark above the low-water mark, and nothing that is not there', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 3000 }),
      kind: fc.constantFrom(...kinds),
      advance: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2000, maxLength: 6000, size: 'max' }), fc.integer(), (steps, seed) => {
        const table = new ConflictTable({ windowMicros: 300_000, maximumSlots: 2048, seed });
        const model = new Map<string, number>();
        let now = 1_700_000_000_000_000;
        let lowWater = 0;
        for (const { key, kind, advance } of steps) {
          now += advance;
          table.mark(table.hash(`key ${key}`, hash), kind, now);
          model.set(`${kind} ${key}`, now);
          if (table.lowWater < lowWater || table.lowWater >= now) throw new Error('CT2: the low-water mark only rises, and stays behind');
          lowWater = table.lowWater;
        }
        for (let key = 0; key <= 3000; key++) {
          for (const kind of kinds) {
            const truth = model.get(`${kind} ${key}`) ?? 0;
            const found = table.newest(table.hash(`key ${key}`, hash), kind);
            if (found !== truth && (truth > lowWater || found !== 0))
              throw new Error(`CT1: found ${found}, not ${truth}, of ${kind} ${key}`);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

it('stays within its size, and the low-water mark rises instead', () => {
  const table = new ConflictTable({ windowMicros: 600_000_000, maximumSlots: 1024, seed: 1 });
  for (let i = 1; i <= 20_000; i++) table.mark(table.hash(`k${i}`, hash), markKind.write, 1000 + i);
  expect(table.bytes).toBe(1024 * 12);
  expect(table.lowWater).toBeGreaterThan(15_000);
  expect(table.newest(table.hash('k20000', hash), markKind.write)).toBe(21_000);
});

it('drops what is older than the window, but keeps the low-water mark at the newest that it dropped', () => {
  const table = new ConflictTable({ windowMicros: 1000, maximumSlots: 2 ** 16, seed: 1 });
  table.mark(table.hash('old', hash), markKind.write, 5000);
  for (let i = 0; i < 5000; i++) table.mark(table.hash(`k${i}`, hash), markKind.write, 3_600_000_000);
  expect(table.lowWater).toBe(5000);
  expect(table.newest(table.hash('old', hash), markKind.write)).toBe(0);
});

it('goes on when timestamps advance by more than 32 bits of microseconds', () => {
  const table = new ConflictTable({ windowMicros: 1000, seed: 1 });
  for (let hour = 1; hour < 100; hour++) {
    table.mark(table.hash('k', hash), markKind.update, hour * 3_600_000_000);
    expect(table.newest(table.hash('k', hash), markKind.update)).toBe(hour * 3_600_000_000);
  }
});

it('spreads keys that differ little', () => {
  const table = new ConflictTable({ windowMicros: 1000, seed: 12345 });
  const seen = new Set<string>();
  let fullest = 0;
  const slots = new Map<number, number>();
  for (let i = 0; i < 65536; i++) {
    table.hash(`\x00\x00@\x00\x01${String.fromCharCode(i >> 8, i & 255)}`, hash);
    seen.add(`${hash.first} ${hash.second}`);
    const slot = hash.first & 0xffff;
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
    fullest = Math.max(fullest, slots.get(slot) ?? 0);
  }
  expect(seen.size).toBe(65536);
  // Balls into bins: the fullest of 65 536 holds about eight.
  expect(fullest).toBeLessThan(16);
});
