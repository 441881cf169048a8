/**
 * Reads an interval: `1 day 02:03:04`, `1-2`, `@ 1 year ago`, or ISO 8601's `P1Y2M`.
 *
 * The fields are read from the right, so that a unit is known when its number comes; a number without a unit takes it from the
 * interval's declared fields, else it is seconds, and one left of a time is days.
 */
import type { TypeContext } from '../../type.ts';
import { Interval } from '../interval-value.ts';
import { microsecondsPerDay, microsecondsPerHour, microsecondsPerMinute, microsecondsPerSecond } from './calendar.ts';
import { DateTimeError, intervalOutOfRange } from './date-time-error.ts';
import { addInt64, inInt64, isInt32 } from './interval-fields.ts';
import { intervalField, intervalRange } from './interval-typmod.ts';
import { findUnit, type Unit } from './keywords.ts';
import { parseFraction, parseTimeOfDay, roundHalfEven, type TimeOfDay } from './parts.ts';
import { type Field, scanFields } from './scan-fields.ts';

const { year, month, day, hour, minute, second } = intervalField;

/** The sums of what has been read. A number or a sum that does not fit its field is a fault. */
class IntervalSum {
  years = 0;
  months = 0;
  days = 0;
  microseconds: number | bigint = 0;

  addYears(value: number, fraction: number, scale: number): void {
    this.years = inField(this.years + inField(value * scale));
    this.months = inField(this.months + roundHalfEven(fraction * scale * 12));
  }

  addMonths(value: number, fraction: number): void {
    this.months = inField(this.months + inField(value));
    this.#addFractionOfDays(fraction, 30);
  }

  addDays(value: number, fraction: number, scale: number): void {
    this.days = inField(this.days + inField(value * scale));
    if (scale === 1) this.#addFraction(fraction, microsecondsPerDay);
    else this.#addFractionOfDays(fraction, scale);
  }

  /** Whole days of the fraction are days, and the rest is time. */
  #addFractionOfDays(fraction: number, scale: number): void {
    const days = fraction * scale;
    const whole = Math.trunc(days);
    this.days = inField(this.days + whole);
    this.#addFraction(days - whole, microsecondsPerDay);
  }

  /** A time of day replaces what fractions of days to its right have left. */
  setTime(microseconds: bigint): void {
    this.microseconds = 0;
    this.#addMicroseconds(inInt64(microseconds));
  }

  addTime(value: number | bigint, fraction: number, scale: number): void {
    const product = inInt64(BigInt(value) * BigInt(scale));
    this.#addMicroseconds(product);
    this.#addFraction(fraction, scale);
  }

  #addFraction(fraction: number, scale: number): void {
    if (fraction === 0) return;
    const exact = fraction * scale;
    let whole = Math.trunc(exact);
    if (exact - whole > 0.5) whole++;
    else if (exact - whole < -0.5) whole--;
    this.#addMicroseconds(whole);
  }

  #addMicroseconds(amount: number | bigint | undefined): void {
    const sum = amount === undefined ? undefined : addInt64(this.microseconds, amount);
    if (sum === undefined) throw new DateTimeError('intervalOverflow');
    this.microseconds = sum === 0 ? 0 : sum;
  }

  negate(): void {
    this.years = inField(0 - this.years);
    this.months = inField(0 - this.months);
    this.days = inField(0 - this.days);
    const negated = inInt64(-BigInt(this.microseconds));
    if (negated === undefined) throw new DateTimeError('intervalOverflow');
    this.microseconds = negated;
  }

  finish(): Interval {
    const months = this.years * 12 + this.months;
    if (!isInt32(months)) throw intervalOutOfRange();
    return new Interval(months, this.days, this.microseconds);
  }
}

function inField(value: number): number {
  if (!isInt32(value)) throw new DateTimeError('intervalOverflow');
  return value === 0 ? 0 : value;
}

export function parseInterval(text: string, typmod: number, context: TypeContext): Interval {
  try {
    return new IntervalReader(typmod, context.settings.intervalStyle === 'sql_standard').read(scanFields(text));
  } catch (error) {
    if (!(error instanceof DateTimeError)) throw error;
    // PostgreSQL tries ISO 8601 where its own form does not fit.
    if (error.fault === 'format') return parseIso8601(text);
    throw error.fault === 'fieldOverflow' ? new DateTimeError('intervalOverflow') : error;
  }
}

/** The unit of a number that has none, for the declared fields. */
function unitOfRange(range: number): Unit {
  switch (range) {
    case year:
      return 'year';
    case month:
    case year | month:
      return 'month';
    case day:
      return 'day';
    case hour:
    case day | hour:
      return 'hour';
    case minute:
    case hour | minute:
    case day | hour | minute:
      return 'minute';
    default:
      return 'second';
  }
}

const maxMicroseconds = 9223372036854775807n;

const microsecondsOf = (time: TimeOfDay): bigint =>
  (BigInt(time.hour) * 3600n + BigInt(time.minute * 60 + time.second)) * 1000000n + BigInt(time.microsecond);

class IntervalReader {
  readonly #range: number;
  readonly #sqlStandard: boolean;
  readonly #sum = new IntervalSum();
  readonly #seen = new Set<string>();
  /** `none` behind `ago`: a number there needs a unit. */
  #unit: Unit | 'none' | undefined;
  #ago = false;
  /** The standard's style: one leading minus is meant for the whole. */
  #allNegative = false;

  constructor(typmod: number, sqlStandard: boolean) {
    this.#range = intervalRange(typmod);
    this.#sqlStandard = sqlStandard;
  }

  read(fields: readonly Field[]): Interval {
    if (this.#sqlStandard && fields.length > 0 && fields[0].text[0] === '-') {
      this.#allNegative = !fields.slice(1).some((field) => field.text[0] === '-' || field.text[0] === '+');
    }
    for (let index = fields.length - 1; index >= 0; index--) this.#readField(fields[index]);
    if (this.#seen.size === 0) throw new DateTimeError('format');
    if (this.#ago) this.#sum.negate();
    return this.#sum.finish();
  }

  #readField(field: Field): void {
    switch (field.kind) {
      case 'time':
        this.#readTime(field.text, false);
        return;
      case 'signed':
        if (field.text.includes(':', 1) && this.#readsAsTime(field.text)) return;
        this.#readNumber(field.text);
        return;
      case 'date':
      case 'number':
        this.#readNumber(field.text);
        return;
      case 'word':
      case 'signedWord':
        this.#readWord(field.text);
        return;
    }
  }

  /** A signed field with a colon is a time where it is a right one, and else must be a number. */
  #readsAsTime(text: string): boolean {
    try {
      const time = parseTimeOfDay(text.slice(1), this.#range === (minute | second));
      // PostgreSQL adds it up before it turns the sign.
      if (microsecondsOf(time) > maxMicroseconds) return false;
    } catch (error) {
      if (error instanceof DateTimeError) return false;
      throw error;
    }
    this.#readTime(text.slice(1), text[0] === '-');
    return true;
  }

  #readTime(text: string, negative: boolean): void {
    const time = parseTimeOfDay(text, this.#range === (minute | second));
    const microseconds = microsecondsOf(time);
    this.#sum.setTime(negative || this.#allNegative ? -microseconds : microseconds);
    this.#mark('hour', 'minute', 'second', 'millisecond', 'microsecond');
    this.#unit = 'day';
  }

  #mark(...parts: Unit[]): void {
    for (const given of parts) {
      if (this.#seen.has(given)) throw new DateTimeError('format');
      this.#seen.add(given);
    }
  }

  #readNumber(text: string): void {
    this.#unit ??= unitOfRange(this.#range);
    const match = /^([+-]?[0-9]*)(.*)$/s.exec(text);
    if (match === null) throw new DateTimeError('format');
    const [, digits, rest] = match;
    const whole = /[0-9]/.test(digits) ? BigInt(digits) : 0n;
    if (whole > 9223372036854775807n || whole < -9223372036854775808n) throw new DateTimeError('fieldOverflow');
    const negative = text[0] === '-';
    let value = Number(whole);
    let fraction = 0;
    let exact = whole;
    if (rest[0] === '-') {
      // years-months
      const months = /^-([+-]?[0-9]+)?(.*)$/s.exec(rest);
      const count = Number(months?.[1] || 0);
      if (!(count >= 0 && count < 12)) throw new DateTimeError('fieldOverflow');
      if (months?.[2] !== '') throw new DateTimeError('format');
      this.#unit = 'month';
      value = value * 12 + (negative ? -count : count);
      exact = BigInt(value);
    } else if (rest[0] === '.') {
      fraction = parseFraction(rest);
      if (negative) fraction = -fraction;
    } else if (rest !== '') throw new DateTimeError('format');
    if (this.#allNegative) {
      value = -Math.abs(value);
      fraction = -Math.abs(fraction);
      if (exact > 0n) exact = -exact;
    }
    this.#add(this.#unit, value, exact, fraction);
  }

  #add(unit: Unit | 'none', value: number, exact: bigint, fraction: number): void {
    const sum = this.#sum;
    switch (unit) {
      case 'microsecond':
        sum.addTime(exact, fraction, 1);
        this.#mark(unit);
        return;
      case 'millisecond':
        sum.addTime(exact, fraction, 1000);
        this.#mark(unit);
        return;
      case 'second':
        sum.addTime(exact, fraction, microsecondsPerSecond);
        fraction === 0 ? this.#mark(unit) : this.#mark(unit, 'millisecond', 'microsecond');
        return;
      case 'minute':
        sum.addTime(exact, fraction, microsecondsPerMinute);
        this.#mark(unit);
        return;
      case 'hour':
        sum.addTime(exact, fraction, microsecondsPerHour);
        this.#unit = 'day';
        this.#mark(unit);
        return;
      case 'day':
        sum.addDays(value, fraction, 1);
        this.#mark(unit);
        return;
      case 'week':
        sum.addDays(value, fraction, 7);
        this.#mark(unit);
        return;
      case 'month':
        sum.addMonths(value, fraction);
        this.#mark(unit);
        return;
      case 'year':
        sum.addYears(value, fraction, 1);
        this.#mark(unit);
        return;
      case 'decade':
        sum.addYears(value, fraction, 10);
        this.#mark(unit);
        return;
      case 'century':
        sum.addYears(value, fraction, 100);
        this.#mark(unit);
        return;
      case 'millennium':
        sum.addYears(value, fraction, 1000);
        this.#mark(unit);
        return;
      case 'quarter':
      case 'none':
        throw new DateTimeError('format');
    }
  }

  #readWord(word: string): void {
    const unit = findUnit(word);
    if (unit !== undefined) {
      this.#unit = unit;
      return;
    }
    if (word === 'ago') {
      this.#ago = true;
      this.#unit = 'none';
      return;
    }
    throw new DateTimeError('format');
  }
}

/** Designators (P1Y2M3DT4H5M6S) and the alternative forms (P0001-02-03T04:05:06, P00010203T040506). */
function parseIso8601(text: string): Interval {
  if (text.length < 2 || text[0] !== 'P') throw new DateTimeError('format');
  return new Iso8601Reader(text).read();
}

const isoNumber = /([+-]?)([0-9]*)(\.[0-9]*)?(?:[eE]([+-]?[0-9]+))?/y;
const isoLimit = 1e15;

class Iso8601Reader {
  readonly #text: string;
  readonly #sum = new IntervalSum();
  #at = 1;
  #inTime = false;
  #hasField = false;
  #value = 0;
  #fraction = 0;
  /** Digits of the number just read, before its point. */
  #width = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Interval {
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === 'T') {
        this.#startTime();
        continue;
      }
      this.#number();
      const unit = this.#text[this.#at];
      this.#at++;
      if (this.#inTime ? this.#timeField(unit) : this.#dateField(unit)) break;
    }
    return this.#sum.finish();
  }

  #startTime(): void {
    this.#at++;
    this.#inTime = true;
    this.#hasField = false;
  }

  #number(): void {
    isoNumber.lastIndex = this.#at;
    const match = isoNumber.exec(this.#text);
    if (match === null || !/^[-0-9.]/.test(match[0]) || !/[0-9]/.test(match[0])) throw new DateTimeError('format');
    this.#at += match[0].length;
    const value = Number(match[0]);
    if (!Number.isFinite(value)) throw new DateTimeError('format');
    if (value < -isoLimit || value > isoLimit) throw new DateTimeError('intervalOverflow');
    this.#value = Math.trunc(value) + 0;
    this.#fraction = value - this.#value;
    this.#width = match[2].length;
  }

  /** True at the end of the text. */
  #dateField(unit: string | undefined): boolean {
    const sum = this.#sum;
    switch (unit) {
      case 'Y':
        sum.addYears(this.#value, this.#fraction, 1);
        break;
      case 'M':
        sum.addMonths(this.#value, this.#fraction);
        break;
      case 'W':
        sum.addDays(this.#value, this.#fraction, 7);
        break;
      case 'D':
        sum.addDays(this.#value, this.#fraction, 1);
        break;
      case 'T':
      case undefined:
        if (this.#width === 8 && !this.#hasField) {
          const value = this.#value;
          sum.addYears(Math.trunc(value / 10000), 0, 1);
          sum.addMonths(Math.trunc(value / 100) % 100, 0);
          sum.addDays(value % 100, this.#fraction, 1);
          return this.#endOrTime(unit);
        }
        return this.#extendedDate(unit);
      case '-':
        return this.#extendedDate(unit);
      default:
        throw new DateTimeError('format');
    }
    this.#hasField = true;
    return false;
  }

  #endOrTime(unit: string | undefined): boolean {
    this.#inTime = true;
    this.#hasField = false;
    return unit === undefined;
  }

  /** year[-month[-day]] */
  #extendedDate(unit: string | undefined): boolean {
    if (this.#hasField) throw new DateTimeError('format');
    this.#sum.addYears(this.#value, this.#fraction, 1);
    if (unit !== '-') return this.#endOrTime(unit);
    this.#number();
    this.#sum.addMonths(this.#value, this.#fraction);
    const next = this.#text[this.#at++];
    if (next === undefined || next === 'T') return this.#endOrTime(next);
    if (next !== '-') throw new DateTimeError('format');
    this.#number();
    this.#sum.addDays(this.#value, this.#fraction, 1);
    const last = this.#text[this.#at++];
    if (last === undefined || last === 'T') return this.#endOrTime(last);
    throw new DateTimeError('format');
  }

  #timeField(unit: string | undefined): boolean {
    const sum = this.#sum;
    switch (unit) {
      case 'H':
        sum.addTime(this.#value, this.#fraction, microsecondsPerHour);
        break;
      case 'M':
        sum.addTime(this.#value, this.#fraction, microsecondsPerMinute);
        break;
      case 'S':
        sum.addTime(this.#value, this.#fraction, microsecondsPerSecond);
        break;
      case undefined:
        if (this.#width === 6 && !this.#hasField) {
          const value = this.#value;
          sum.addTime(Math.trunc(value / 10000), 0, microsecondsPerHour);
          sum.addTime(Math.trunc(value / 100) % 100, 0, microsecondsPerMinute);
          sum.addTime(value % 100, 0, microsecondsPerSecond);
          sum.addTime(0, this.#fraction, 1);
          return true;
        }
        return this.#extendedTime(unit);
      case ':':
        return this.#extendedTime(unit);
      default:
        throw new DateTimeError('format');
    }
    this.#hasField = true;
    return false;
  }

  /** hour[:minute[:second]] */
  #extendedTime(unit: string | undefined): boolean {
    if (this.#hasField) throw new DateTimeError('format');
    this.#sum.addTime(this.#value, this.#fraction, microsecondsPerHour);
    if (unit === undefined) return true;
    this.#number();
    this.#sum.addTime(this.#value, this.#fraction, microsecondsPerMinute);
    const next = this.#text[this.#at++];
    if (next === undefined) return true;
    if (next !== ':') throw new DateTimeError('format');
    this.#number();
    this.#sum.addTime(this.#value, this.#fraction, microsecondsPerSecond);
    if (this.#at < this.#text.length) throw new DateTimeError('format');
    return true;
  }
}
