/** Results of PostgreSQL 16, and the laws that exact arithmetic keeps. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatNumeric, hashNumeric, parseNumeric } from './numeric.ts';
import {
  addNumeric,
  compareNumeric,
  divideNumeric,
  divideTruncated,
  moduloNumeric,
  multiplyNumeric,
  roundNumeric,
  subtractNumeric,
  truncateNumeric,
} from './numeric-arithmetic.ts';
import { Numeric } from './numeric-value.ts';

const operations = {
  '+': addNumeric,
  '-': subtractNumeric,
  '*': multiplyNumeric,
  '/': divideNumeric,
  '%': moduloNumeric,
  div: divideTruncated,
};

// Results of PostgreSQL 16.
it.each([
  ['1', '/', '3', '0.33333333333333333333'],
  ['2.00', '/', '3', '0.66666666666666666667'],
  ['10', '/', '4', '2.5000000000000000'],
  ['1e10', '/', '3', '3333333333.33333333'],
  ['0.001', '/', '7', '0.00014285714285714286'],
  ['1', '/', '1e20', '0.0000000000000000000100000000000000000000'],
  ['123456789.123456789', '/', '0.0001', '1234567891234.567890000'],
  ['100000.0', '/', '3', '33333.333333333333'],
  ['99999999', '/', '3.0', '33333333.000000000000'],
  ['1e100', '/', '3e99', '3.3333333333333333'],
  ['7.5', '%', '2', '1.5'],
  ['-7.5', '%', '2', '-1.5'],
  ['1e-20', '*', '1e-20', '0.0000000000000000000000000000000000000001'],
  ['1.10', '+', '2.2', '3.30'],
  ['0.1', '-', '0.10', '0.00'],
  ['inf', '/', '2', 'Infinity'],
  ['5', '/', 'inf', '0'],
  ['inf', '%', '3', 'NaN'],
  ['5', '%', 'inf', '5'],
  ['inf', '-', 'inf', 'NaN'],
  ['inf', '-', '-inf', 'Infinity'],
  ['0', '*', 'inf', 'NaN'],
  ['-2', '*', 'inf', '-Infinity'],
  ['nan', '+', '1', 'NaN'],
  ['7', 'div', '-2', '-3'],
] as const)('%s %s %s is %s', (a, operation, b, expected) => {
  expect(formatNumeric(operations[operation](parseNumeric(a), parseNumeric(b)))).toBe(expected);
});

describe('rounding', () => {
  it.each([
    ['2.5', 0, '3', '2'],
    ['-2.5', 0, '-3', '-2'],
    ['2.45', 1, '2.5', '2.4'],
    ['1250', -2, '1300', '1200'],
    ['15', -1, '20', '10'],
    ['1.5', 3, '1.500', '1.500'],
    ['4', -1, '0', '0'],
  ])('%s to %i places is %s, cut %s', (text, places, rounded, cut) => {
    expect(formatNumeric(roundNumeric(parseNumeric(text), places))).toBe(rounded);
    expect(formatNumeric(truncateNumeric(parseNumeric(text), places))).toBe(cut);
  });
});

it('refuses division by zero and results with too many digits', () => {
  const zero = Numeric.of(0n, 2);
  for (const operation of [divideNumeric, moduloNumeric, divideTruncated]) {
    expect(() => operation(parseNumeric('1'), zero)).toThrow(expect.objectContaining({ sqlstate: '22012' }));
    expect(() => operation(Numeric.infinity, zero)).toThrow(expect.objectContaining({ sqlstate: '22012' }));
  }
  const large = parseNumeric('1e131071');
  expect(() => multiplyNumeric(large, parseNumeric('10'))).toThrow('value overflows numeric format');
  expect(formatNumeric(multiplyNumeric(large, parseNumeric('9'))).length).toBe(131072);
});

const finite = fc
  .tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.integer({ min: 0, max: 30 }))
  .map(([n, s]) => Numeric.of(n, s));

it('keeps the laws of arithmetic', () => {
  fc.assert(
    fc.property(finite, finite, finite, (a, b, c) => {
      expect(compareNumeric(subtractNumeric(addNumeric(a, b), b), a)).toBe(0);
      const distributed = addNumeric(multiplyNumeric(a, c), multiplyNumeric(b, c));
      expect(compareNumeric(multiplyNumeric(addNumeric(a, b), c), distributed)).toBe(0);
      if (b.unscaled !== 0n) {
        const whole = divideTruncated(a, b);
        expect(compareNumeric(addNumeric(multiplyNumeric(whole, b), moduloNumeric(a, b)), a)).toBe(0);
      }
    }),
  );
});

it('reads back what it prints', () => {
  fc.assert(
    fc.property(finite, (a) => {
      expect(parseNumeric(formatNumeric(a))).toEqual(a);
    }),
  );
});

it('hashes a value alike at every scale', () => {
  fc.assert(
    fc.property(finite, fc.integer({ min: 0, max: 30 }), (a, zeros) => {
      expect(hashNumeric(Numeric.of(a.unscaled * 10n ** BigInt(zeros), a.scale + zeros))).toBe(hashNumeric(a));
    }),
  );
});
