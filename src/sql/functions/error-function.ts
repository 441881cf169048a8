/** erf and erfc of doubles, computed in binary fixed point and rounded once: correct to the last digit. */

const bits = 256n;
const one = 1n << bits;

export function errorFunction(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  // Below this the series' second term is beneath the last digit.
  if (Math.abs(x) < 1e-8) return x * (2 / Math.sqrt(Math.PI));
  return toDouble(series(fixed(x)), bits);
}

export function complementaryErrorFunction(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < -6) return 2;
  if (x > 27.3) return 0;
  if (Math.abs(x) < 1e-8) return 1 - errorFunction(x);
  return x < 5 ? toDouble(one - series(fixed(x)), bits) : tail(x);
}

/** Exact: a double above 1e-8 has no bits below 2^-80. */
const fixed = (x: number): bigint => BigInt(x * 2 ** 80) << (bits - 80n);

function toDouble(value: bigint, places: bigint): number {
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  // Sixty-four leading bits, the last of them set when anything follows, round as the whole would.
  const length = BigInt(magnitude.toString(2).length);
  const excess = length > 64n ? length - 64n : 0n;
  const sticky = (magnitude & ((1n << excess) - 1n)) !== 0n ? 1n : 0n;
  const double = Number((magnitude >> excess) | sticky) * 2 ** Number(excess - places + 500n) * 2 ** -500;
  return negative ? -double : double;
}

/** 2/√π Σ (-1)^n x^(2n+1) / (n! (2n+1)); the terms stay below e^36, which 256 bits bear. */
function series(x: bigint): bigint {
  const square = (x * x) >> bits;
  let term = x;
  let sum = x;
  for (let n = 1n; term !== 0n; n++) {
    term = -((term * square) >> bits) / n;
    sum += term / (2n * n + 1n);
  }
  return (2n * sum * one) / rootOfPi();
}

/** e^(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), for x from 5 on. */
function tail(x: number): number {
  const argument = fixed(x);
  let fraction = argument;
  for (let k = 120n; k >= 1n; k--) fraction = argument + (k * one * one) / 2n / fraction;
  // e^(-y) as 2^-twos · e^-rest, so that no leading digits are lost.
  const square = (argument * argument) >> bits;
  const ln2 = lnOfTwo();
  const twos = square / ln2;
  const rest = square - twos * ln2;
  let term = one;
  let power = one;
  for (let n = 1n; term !== 0n; n++) {
    term = -((term * rest) >> bits) / n;
    power += term;
  }
  return toDouble((power * one * one) / rootOfPi() / fraction, bits + twos);
}

let knownRootOfPi: bigint | undefined;
let knownLnOfTwo: bigint | undefined;

/** π by Machin's formula, then its root. */
function rootOfPi(): bigint {
  if (knownRootOfPi === undefined) {
    const square = (16n * arctangentOfInverse(5n) - 4n * arctangentOfInverse(239n)) << bits;
    let root = 2n * one;
    for (let step = 0; step < 12; step++) root = (root + square / root) >> 1n;
    knownRootOfPi = root;
  }
  return knownRootOfPi;
}

function arctangentOfInverse(n: bigint): bigint {
  let power = one / n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power = -power / (n * n);
    sum += power / k;
  }
  return sum;
}

function lnOfTwo(): bigint {
  if (knownLnOfTwo === undefined) {
    let power = one / 3n;
    let sum = 0n;
    for (let k = 1n; power !== 0n; k += 2n) {
      sum += power / k;
      power /= 9n;
    }
    knownLnOfTwo = 2n * sum;
  }
  return knownLnOfTwo;
}
