import { expect, it } from 'vitest';
import { truncationPoint, WindowStart } from './window-start.ts';

it('finds a position before which everything is older than the window', () => {
  const window = new WindowStart(1000);
  const timestampOf = (position: number): number => position * 10;
  for (let position = 1; position <= 1000; position++) {
    window.note(position, timestampOf(position - 1));
    const head = timestampOf(position);
    const start = window.before(head);
    // Entries below `start` hold no commit of the window; and it is not much too early.
    if (start > 0) {
      expect(timestampOf(start - 1)).toBeLessThan(head - 1000);
      expect(timestampOf(start)).toBeGreaterThan(head - 1200);
    } else expect(position).toBeLessThan(110);
  }
});

it('keeps what any replica still needs', () => {
  expect(truncationPoint([50, 70], 90)).toBe(51);
  expect(truncationPoint([50, 70], 20)).toBe(20);
  expect(truncationPoint([0, 70], 20)).toBe(1);
});
