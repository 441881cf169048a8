/** How floats spread: count, sum, and sum of the squared distances from the mean, kept as PostgreSQL keeps them, with its overflows. */
import { floatOverflow } from './number-loops.ts';

export type FloatSpread = { count: number; sum: number; squares: number };

export const newFloatSpread = (): FloatSpread => ({ count: 0, sum: 0, squares: 0 });

/** Hot: every row of avg, variance and stddev over floats. */
export function addToSpread(state: FloatSpread, value: number): void {
  const count = state.count + 1;
  const sum = state.sum + value;
  if (state.count > 0) {
    const distance = value * count - sum;
    state.squares += (distance * distance) / (count * state.count);
    if (isInfinite(sum) || isInfinite(state.squares)) {
      if (!isInfinite(state.sum) && !isInfinite(value)) throw floatOverflow();
      state.squares = Number.NaN;
    }
  } else if (!Number.isFinite(value)) state.squares = Number.NaN;
  state.count = count;
  state.sum = sum;
}

export function combineSpreads(a: FloatSpread, b: FloatSpread): FloatSpread {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const distance = a.sum / a.count - b.sum / b.count;
  const squares = a.squares + b.squares + (a.count * b.count * distance * distance) / count;
  if (isInfinite(squares) && !isInfinite(a.squares) && !isInfinite(b.squares)) throw floatOverflow();
  return { count, sum: a.sum + b.sum, squares };
}

export const isInfinite = (value: number): boolean => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
