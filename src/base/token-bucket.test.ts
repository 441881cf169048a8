import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

it('never gives more than its burst and what has been filled since, and gives that', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.record({ pauseMs: fc.integer({ min: 0, max: 500 }), asks: fc.integer({ min: 0, max: 10 }) }), { maxLength: 40 }),
      (burst, perSecond, steps) => {
        let nowMs = 0;
        const bucket = new TokenBucket({ perSecond, burst }, { now: () => nowMs * 1_000, monotonicMs: () => nowMs });
        let taken = 0;
        for (const { pauseMs, asks } of steps) {
          nowMs += pauseMs;
          for (let i = 0; i < asks; i++) {
            const wait = bucket.waitSeconds;
            const gave = bucket.take();
            expect(gave).toBe(wait === 0);
            if (gave) taken++;
            else expect(wait).toBeLessThanOrEqual(1 / perSecond);
          }
          expect(taken).toBeLessThanOrEqual(burst + (nowMs / 1_000) * perSecond + 1e-6);
        }
        nowMs += (burst / perSecond) * 1_000 + 1;
        expect(bucket.isFull).toBe(true);
      },
    ),
  );
});
