/**
 * real and double precision. A float4 datum is a number rounded with Math.fround.
 *
 * Text output is PostgreSQL's: the shortest digits that read back as the same value (extra_float_digits > 0) or %.15g and the like.
 * In order and equality NaN equals itself and is the greatest, and -0 equals 0.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { KeyWriter } from '../key.ts';
import type { TypeContext } from '../type.ts';
import { behaviour, invalidSyntax, trimSpace } from './behaviour.ts';
import { keyBytesOfUint32 } from './integer-bytes.ts';

const decimal = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const hexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]+))?$/;
const special = /^([+-]?)(?:(inf|infinity)|(nan))$/i;

/** What C's strtod reads; undefined where it reads less than the whole text. `nonzero` says that the text does not mean 0. */
function parse(text: string): { readonly value: number; readonly nonzero: boolean; readonly finite: boolean } | undefined {
  if (decimal.test(text)) return { value: Number(text), nonzero: /^[^eE]*[1-9]/.test(text), finite: true };
  const word = special.exec(text);
  if (word !== null) {
    const value = word[3] !== undefined ? Number.NaN : word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return { value, nonzero: true, finite: false };
  }
  const hex = hexadecimal.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = hex;
  if (whole === '' && fraction === '') return undefined;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const value = scaleByPowerOfTwo(Number(mantissa), Number(exponent) - 4 * fraction.length);
  return { value: sign === '-' ? -value : value, nonzero: mantissa !== 0n, finite: true };
}

/** In steps, so that neither factor overflows before its time. */
function scaleByPowerOfTwo(value: number, exponent: number): number {
  let scaled = value;
  let left = Math.max(-5000, Math.min(5000, exponent));
  while (left !== 0 && scaled !== 0 && Number.isFinite(scaled)) {
    const step = Math.max(-500, Math.min(500, left));
    scaled *= 2 ** step;
    left -= step;
  }
  return scaled;
}

export function parseFloat8(text: string): number {
  const trimmed = trimSpace(text);
  const parsed = parse(trimmed);
  if (parsed === undefined) throw invalidSyntax('double precision', text);
  if (parsed.finite && (!Number.isFinite(parsed.value) || (parsed.value === 0 && parsed.nonzero)))
    throw outOfRange(trimmed, 'double precision');
  return parsed.value;
}

export function parseFloat4(text: string): number {
  const trimmed = trimSpace(text);
  const parsed = parse(trimmed);
  if (parsed === undefined) throw invalidSyntax('real', text);
  const value = roundToFloat4(parsed.value, trimmed);
  if (parsed.finite && (!Number.isFinite(value) || (value === 0 && parsed.nonzero))) throw outOfRange(trimmed, 'real');
  return value;
}

/**
 * The float4 nearest to the decimal `text`, of which `double` is the nearest float8. Rounding twice goes wrong only when the
 * double lies exactly between two float4: then the decimal itself decides.
 */
function roundToFloat4(double: number, text: string): number {
  const rounded = Math.fround(double);
  if (rounded === double || !Number.isFinite(rounded) || !decimal.test(text)) return rounded;
  const other = double > rounded ? nextFloat4(rounded, 1) : nextFloat4(rounded, -1);
  if (double !== (rounded + other) / 2) return rounded;
  const order = compareDecimals(text, double);
  if (order === 0) return rounded;
  return order > 0 ? Math.max(rounded, other) : Math.min(rounded, other);
}

/** The exact decimal against the exact value of the double, as integers over a common power of ten. */
function compareDecimals(text: string, double: number): number {
  const match = /^([+-]?)([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (match === null) return 0;
  const [, sign, whole, fraction, exponent = '0'] = match;
  const shift = Number(exponent) - fraction.length;
  // A double that is a float4 midpoint has at most 150 binary places, and as many decimal ones.
  let power = 0;
  let scaled = double;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    power++;
  }
  let left = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`) * 2n ** BigInt(power);
  let right = BigInt(scaled);
  if (shift >= 0) left *= 10n ** BigInt(shift);
  else right *= 10n ** BigInt(-shift);
  return left < right ? -1 : left > right ? 1 : 0;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The neighbour of a finite float4 in the direction of `sign`. */
function nextFloat4(value: number, sign: 1 | -1): number {
  if (value === 0) return sign * 2 ** -149;
  scratch.setFloat32(0, value);
  scratch.setInt32(0, scratch.getInt32(0) + (value > 0 ? sign : -sign));
  return scratch.getFloat32(0);
}

const outOfRange = (text: string, typeName: string): SqlError =>
  new SqlError(sqlstate.numericValueOutOfRange, `"${text}" is out of range for type ${typeName}`);

function formatSpecial(value: number): string | undefined {
  if (Number.isFinite(value)) return undefined;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

/**
 * To so many digits as C prints them: of two that are as near the even one, where JavaScript takes the larger. A double has far fewer than
 * a hundred digits where it lies in the middle of two decimals of so few.
 */
export function toEvenPrecision(value: number, digits: number): string {
  const rounded = value.toExponential(digits - 1);
  const [exact, exponent] = value.toExponential(99).split('e');
  const kept = exact.replace('.', '').replace('-', '').slice(digits);
  if (!/^50*$/.test(kept)) return rounded;
  const below = exact.slice(0, exact.length - kept.length).replace(/\.$/, '');
  return Number(below.at(-1)) % 2 === 0 ? `${below}e${exponent}` : rounded;
}

/** Hot: most values print as JavaScript prints them. */
export function formatFloat8(value: number, extraFloatDigits = 1): string {
  if (extraFloatDigits <= 0) return formatSpecial(value) ?? formatGeneral(value, 15 + extraFloatDigits);
  const magnitude = Math.abs(value);
  if (magnitude < 1e15 && magnitude >= 1e-4) return String(value);
  if (magnitude === 0) return Object.is(value, -0) ? '-0' : '0';
  return formatSpecial(value) ?? padExponent(magnitude <= Number.MAX_SAFE_INTEGER ? value.toExponential() : shortestInside(value));
}

/**
 * Shortest digits strictly inside the interval that rounds to `value`. JavaScript also takes the interval's very ends where ties
 * go to an even mantissa (1e+23); PostgreSQL does not. Above 1e40 no decimal this short falls on an end.
 */
function shortestInside(value: number): string {
  const shortest = value.toExponential();
  if (Math.abs(value) > 1e41 || !isEndOfInterval(shortest, value)) return shortest;
  for (let digits = shortest.replace(/e.*|[-.]/g, '').length; digits < 17; digits++) {
    const candidate = value.toExponential(digits);
    if (Number(candidate) === value && !isEndOfInterval(candidate, value)) return candidate;
  }
  return value.toExponential(16);
}

/** Only for magnitudes above 2^53, where doubles and the ends between them are integers. */
function isEndOfInterval(text: string, value: number): boolean {
  const match = /^-?(\d)(?:\.(\d+))?e\+(\d+)$/.exec(text);
  if (match === null) return false;
  const [, first, rest = '', exponent] = match;
  const exact = BigInt(first + rest) * 10n ** BigInt(Math.max(0, Number(exponent) - rest.length));
  const magnitude = BigInt(Math.abs(value));
  scratch.setFloat64(0, Math.abs(value));
  const bits = scratch.getBigInt64(0);
  scratch.setBigInt64(0, bits + 1n);
  const above = BigInt(scratch.getFloat64(0));
  scratch.setBigInt64(0, bits - 1n);
  const below = BigInt(scratch.getFloat64(0));
  return exact * 2n === magnitude + above || exact * 2n === magnitude + below;
}

export function formatFloat4(value: number, extraFloatDigits = 1): string {
  const word = formatSpecial(value);
  if (word !== undefined) return word;
  if (extraFloatDigits <= 0) return formatGeneral(value, 6 + extraFloatDigits);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return placePoint(shortestFloat4(value), 6);
}

/** Below it float4 loses precision with magnitude. */
const smallestNormalFloat4 = 2 ** -126;

/** At most one decimal of six digits lies in a normal float4's interval, so if six do, the trailing zeros go and it is the shortest. */
function shortestFloat4(value: number): string {
  const magnitude = Math.abs(value);
  const sign = value < 0 ? '-' : '';
  const below = (magnitude + nextFloat4(magnitude, -1)) / 2;
  const next = nextFloat4(magnitude, 1);
  // Above the greatest float4 the interval ends where it would if there were another.
  const above = Number.isFinite(next) ? (magnitude + next) / 2 : magnitude + (magnitude - below);
  const isInside = (candidate: string): boolean => Number(candidate) > below && Number(candidate) < above;
  for (let digits = magnitude < smallestNormalFloat4 ? 1 : 6; digits < 9; digits++) {
    const nearest = nearestDecimal(magnitude, digits);
    if (isInside(nearest)) return sign + nearest;
    // At a power of two the interval reaches farther up than down.
    const higher = plusOne(nearest, 1);
    if (isInside(higher)) return sign + higher;
  }
  return sign + nearestDecimal(magnitude, 9);
}

/** The nearest decimal of so many digits as d.ddde±x; of two equally near ones that with an even last digit. */
function nearestDecimal(magnitude: number, digits: number): string {
  const nearest = magnitude.toExponential(digits - 1);
  const { integer, exponent } = splitDecimal(nearest);
  const halfway = `${integer - 1}5e${exponent - 1}`;
  const isTie = integer % 2 === 1 && Number(halfway) === magnitude && compareDecimals(halfway, magnitude) === 0;
  return isTie ? plusOne(nearest, -1) : nearest;
}

/** d.ddde±x as integer times a power of ten. */
function splitDecimal(text: string): { readonly integer: number; readonly exponent: number } {
  const at = text.indexOf('e');
  const digits = text.slice(0, at).replace('.', '');
  return { integer: Number(digits), exponent: Number(text.slice(at + 1)) - digits.length + 1 };
}

/** One more or less in the last digit. */
function plusOne(text: string, step: 1 | -1): string {
  const { integer, exponent } = splitDecimal(text);
  const digits = String(integer + step);
  const scale = exponent + digits.length - 1;
  return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${scale < 0 ? '-' : '+'}${Math.abs(scale)}`;
}

/** C's %.{digits}g. */
function formatGeneral(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const precision = Math.max(1, digits);
  return placePoint(toEvenPrecision(value, precision), precision);
}

/** From d.ddde±x to fixed form for exponents in [-4, limit), without trailing zeros, else to PostgreSQL's exponent form. */
function placePoint(text: string, limit: number): string {
  const at = text.indexOf('e');
  const sign = text.charCodeAt(0) === 0x2d ? '-' : '';
  const exponent = Number(text.slice(at + 1));
  const digits = text.slice(sign.length, at).replace('.', '').replace(/0+$/, '');
  if (exponent < -4 || exponent >= limit) {
    return padExponent(
      `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`,
    );
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function padExponent(text: string): string {
  const at = text.indexOf('e');
  return at >= 0 && text.length - at === 3 ? `${text.slice(0, at + 2)}0${text.slice(at + 2)}` : text;
}

/** Hot. NaN last and equal to itself. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

// Keys hold the IEEE bits with all bits of negative values turned and the sign bit of the others; NaN is made the one that sorts last.
// There is no way back from a key: it does not tell -0 from 0.

function encodeFloat8Key(value: number, writer: KeyWriter): void {
  scratch.setFloat64(0, value === 0 ? 0 : value);
  let high = scratch.getInt32(0);
  let low = scratch.getInt32(4);
  if (Number.isNaN(value)) {
    high = 0x7ff80000;
    low = 0;
  }
  if (high < 0) {
    high = ~high;
    low = ~low;
  } else high ^= 0x80000000;
  writer.append(keyBytesOfUint32(high) + keyBytesOfUint32(low));
}

function encodeFloat4Key(value: number, writer: KeyWriter): void {
  scratch.setFloat32(0, value === 0 ? 0 : value);
  const bits = Number.isNaN(value) ? 0x7fc00000 : scratch.getInt32(0);
  writer.append(keyBytesOfUint32(bits < 0 ? ~bits : bits ^ 0x80000000));
}

const hashKey = (value: number): number => value;
const extraDigits = (context: TypeContext): number => context.settings.extraFloatDigits;

export const float8Type = behaviour<number>({
  input: parseFloat8,
  output: (value, context) => formatFloat8(value, extraDigits(context)),
  receive: (reader) => reader.float64(),
  send: (value, writer) => writer.float64(value),
  compare: compareFloats,
  hashKey,
  encodeKey: encodeFloat8Key,
  encodeRow: (value, writer) => writer.float64(value),
  decodeRow: (buffer, offset) => buffer.readDoubleBE(offset),
});

export const float4Type = behaviour<number>({
  input: parseFloat4,
  output: (value, context) => formatFloat4(value, extraDigits(context)),
  receive: (reader) => reader.float32(),
  send: (value, writer) => writer.float32(value),
  compare: compareFloats,
  hashKey,
  encodeKey: encodeFloat4Key,
  encodeRow: (value, writer) => writer.float32(value),
  decodeRow: (buffer, offset) => buffer.readFloatBE(offset),
});
