/** The parts of a date and time while its text is being read, and which of them have been seen. */
import type { Settings } from '../../settings.ts';
import {
  dateOfDays,
  daysInMonth,
  daysOfDate,
  epochJulianDay,
  microsecondsPerDay,
  microsecondsPerHour,
  microsecondsPerMinute,
} from './calendar.ts';
import { DateTimeError } from './date-time-error.ts';
import { findKeyword } from './keywords.ts';

/** One bit a part. */
export const part = {
  year: 1,
  month: 2,
  day: 4,
  hour: 8,
  minute: 16,
  second: 32,
  zone: 64,
  daylight: 128,
  dayOfYear: 256,
  meridiem: 512,
  era: 1024,
  dayOfWeek: 2048,
} as const;
export const dateParts = part.year | part.month | part.day;
export const timeParts = part.hour | part.minute | part.second;

/** A whole number at the beginning of `text` and what follows it. Larger than 32 bits is a fault. */
export function leadingInteger(text: string): { readonly value: number; readonly rest: string } {
  const match = /^[+-]?[0-9]+/.exec(text);
  if (match === null) return { value: 0, rest: text };
  const value = Number(match[0]);
  if (value > 2147483647 || value < -2147483648) throw new DateTimeError('fieldOverflow');
  return { value, rest: text.slice(match[0].length) };
}

/** '.25' as 0.25; nothing may follow. */
export function parseFraction(text: string): number {
  if (!/^\.[0-9]*$/.test(text)) throw new DateTimeError('format');
  return text === '.' ? 0 : Number(text);
}

/** '.25' as microseconds, rounded half to even as C's rint does. */
export function parseFractionalSecond(text: string): number {
  return roundHalfEven(parseFraction(text) * 1e6);
}

export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export type TimeOfDay = { readonly hour: number; readonly minute: number; readonly second: number; readonly microsecond: number };

/** h:m, h:m:s, h:m:s.f; m:s.f without hours. `minuteToSecond` reads two fields as minutes and seconds too. */
export function parseTimeOfDay(text: string, minuteToSecond = false): TimeOfDay {
  const match = /^([0-9]+):([0-9]*)(.*)$/s.exec(text);
  if (match === null) throw new DateTimeError('format');
  let hour = Number(match[1]);
  let minute = leadingInteger(match[2]).value;
  let second = 0;
  let microsecond = 0;
  const rest = match[3];
  if (rest === '') {
    if (minuteToSecond) [hour, minute, second] = [0, hour, minute];
  } else if (rest[0] === '.') {
    microsecond = parseFractionalSecond(rest);
    [hour, minute, second] = [0, hour, minute];
  } else if (rest[0] === ':') {
    const seconds = leadingInteger(rest.slice(1));
    second = seconds.value;
    if (seconds.rest !== '') microsecond = seconds.rest[0] === '.' ? parseFractionalSecond(seconds.rest) : fail();
  } else fail();
  if (!Number.isSafeInteger(hour) || minute > 59 || second > 60 || microsecond > 1e6) throw new DateTimeError('fieldOverflow');
  return { hour, minute, second, microsecond };
}

function fail(): never {
  throw new DateTimeError('format');
}

const maxDisplacementHours = 15;

/** +hh, +hhmm, +hh:mm, +hh:mm:ss to seconds east. */
export function parseDisplacement(text: string): number {
  const match = /^([+-])([0-9]*)(?::([0-9]*)(?::([0-9]*))?)?(.*)$/s.exec(text);
  if (match === null) throw new DateTimeError('format');
  const [, sign, first, minutes, secondsText = '', rest] = match;
  let hour = Number(first);
  let minute = Number(minutes ?? 0);
  const second = Number(secondsText);
  if (minutes === undefined && rest === '' && text.length > 3) {
    minute = hour % 100;
    hour = Math.floor(hour / 100);
  }
  if (hour > maxDisplacementHours || minute > 59 || second > 59) throw new DateTimeError('displacementOverflow');
  if (rest !== '') throw new DateTimeError('format');
  const seconds = (hour * 60 + minute) * 60 + second;
  return sign === '-' ? 0 - seconds : seconds;
}

/** Runs of digits and of letters. One character behind a run is a separator, whatever it is; none may stand at the end of more. */
function piecesOfDate(text: string): string[] {
  const pieces: string[] = [];
  const run = /[^0-9a-z]*([0-9]+|[a-z]+|$)/y;
  for (let at = 0; at < text.length; at = run.lastIndex + 1) {
    run.lastIndex = at;
    const piece = run.exec(text)?.[1] ?? '';
    if (piece === '') throw new DateTimeError('format');
    pieces.push(piece);
  }
  return pieces;
}

/** As C's atoi: 64 bits, of which the lower half is taken. */
function wrappedInteger(digits: string): number {
  const exact = BigInt(digits);
  return exact < 0x80000000n ? Number(exact) : Number(BigInt.asIntN(32, exact > 0x7fffffffffffffffn ? 0x7fffffffffffffffn : exact));
}

/** What a field has meant, as bits of `part`. */
export class DateTimeParts {
  readonly #order: Settings['dateStyle']['order'];
  year = 0;
  month = 0;
  day = 0;
  hour = 0;
  minute = 0;
  second = 0;
  microsecond = 0;
  seen = 0;
  #dayOfYear = 0;
  #twoDigitYear = false;
  /** The year is right as it is: it came from a Julian day. */
  #fromJulianDay = false;
  #textMonth = false;
  beforeChrist = false;
  meridiem: 'am' | 'pm' | undefined;

  constructor(order: Settings['dateStyle']['order']) {
    this.#order = order;
  }

  get hasDate(): boolean {
    return (this.seen & dateParts) === dateParts;
  }

  get hasTime(): boolean {
    return (this.seen & timeParts) === timeParts;
  }

  /** Each part may be given once. */
  mark(parts: number): void {
    if ((this.seen & parts) !== 0) throw new DateTimeError('format');
    this.seen |= parts;
  }

  setTime(time: TimeOfDay): void {
    this.hour = time.hour;
    this.minute = time.minute;
    this.second = time.second;
    this.microsecond = time.microsecond;
  }

  setDays(days: number): void {
    const date = dateOfDays(days);
    this.year = date.year;
    this.month = date.month;
    this.day = date.day;
  }

  setJulianDay(days: number): void {
    this.setDays(days);
    this.#fromJulianDay = true;
  }

  /** A Julian day behind its label, with a fraction that is a time. Returns the parts. */
  readJulianDay(text: string): number {
    const { value, rest } = leadingInteger(text);
    if (rest !== '' && rest[0] !== '.') throw new DateTimeError('format');
    this.setJulianDay(value - epochJulianDay);
    if (rest === '') return dateParts;
    const microseconds = Math.trunc(parseFraction(rest) * microsecondsPerDay);
    this.hour = Math.floor(microseconds / microsecondsPerHour);
    this.minute = Math.floor((microseconds % microsecondsPerHour) / microsecondsPerMinute);
    this.second = Math.floor((microseconds % microsecondsPerMinute) / 1e6);
    this.microsecond = microseconds % 1e6;
    return dateParts | timeParts;
  }

  /** Microseconds since midnight. */
  get microsecondsOfDay(): number {
    return ((this.hour * 60 + this.minute) * 60 + this.second) * 1e6 + this.microsecond;
  }

  get days(): number {
    return daysOfDate(this.year, this.month, this.day);
  }

  /** A month's name; a number that was taken for the month before it must then be the day. */
  setTextMonth(month: number): number {
    let parts: number = part.month;
    if ((this.seen & part.month) !== 0 && !this.#textMonth && (this.seen & part.day) === 0 && this.month >= 1 && this.month <= 31) {
      this.day = this.month;
      parts = part.day;
    }
    this.#textMonth = true;
    this.month = month;
    return parts;
  }

  /** A date whose parts stand together in one field. Marks its parts. */
  readDate(text: string): void {
    const pieces = piecesOfDate(text);
    let textMonth = false;
    const numbers: string[] = [];
    for (const piece of pieces) {
      if (/^[0-9]/.test(piece)) {
        numbers.push(piece);
        continue;
      }
      const keyword = findKeyword(piece);
      if (keyword?.kind !== 'month') throw new DateTimeError('format');
      this.month = keyword.value;
      textMonth = true;
      this.mark(part.month);
    }
    for (const piece of numbers) this.mark(this.readNumber(piece, textMonth));
    if ((this.seen & dateParts) !== dateParts || (this.seen & ~(dateParts | part.dayOfYear | part.zone)) !== 0) {
      throw new DateTimeError('format');
    }
  }

  /** A number alone: which part it is follows from what is there already and from DateStyle's order. Returns the parts. */
  readNumber(text: string, textMonth = this.#textMonth, seen = this.seen): number {
    const { value, rest } = leadingInteger(text);
    const length = text.length;
    if (rest === text) throw new DateTimeError('format');
    if (rest !== '') {
      if (rest[0] !== '.') throw new DateTimeError('format');
      if (length - rest.length > 2) return this.readRunTogether(text, seen | dateParts);
      this.microsecond = parseFractionalSecond(rest);
    }
    const known = seen & dateParts;
    if (length === 3 && known === part.year && value >= 1 && value <= 366) {
      this.#dayOfYear = value;
      return part.dayOfYear | part.month | part.day;
    }
    switch (known) {
      case 0:
        if (length >= 3 || this.#order === 'YMD') return this.#setYear(value, length);
        return this.#order === 'DMY' ? this.#setDay(value) : this.#setMonth(value);
      case part.year:
        return this.#setMonth(value);
      case part.month:
        return textMonth && (length >= 3 || this.#order === 'YMD') ? this.#setYear(value, length) : this.#setDay(value);
      case part.year | part.month:
        if (textMonth && length >= 3 && this.#twoDigitYear) {
          // The first number was the day after all.
          this.day = this.year;
          this.year = value;
          this.#twoDigitYear = false;
          return part.day;
        }
        return this.#setDay(value);
      case part.day:
        return this.#setMonth(value);
      case part.month | part.day:
        return this.#setYear(value, length);
      case dateParts:
        return this.readRunTogether(text, seen);
      default:
        throw new DateTimeError('format');
    }
  }

  #setYear(value: number, length: number): number {
    this.year = value;
    this.#twoDigitYear = length <= 2;
    return part.year;
  }

  #setMonth(value: number): number {
    this.month = value;
    return part.month;
  }

  #setDay(value: number): number {
    this.day = value;
    return part.day;
  }

  /** yyyymmdd, yymmdd, hhmmss, hhmm, with a fraction of seconds where it is a time. Returns the parts. */
  readRunTogether(text: string, seen = this.seen): number {
    let digits = text;
    const point = text.indexOf('.');
    if (point >= 0) {
      const fraction = /^\.[0-9]*/.exec(text.slice(point))?.[0] ?? '.';
      this.microsecond = fraction === '.' ? 0 : roundHalfEven(Number(fraction) * 1e6);
      digits = text.slice(0, point);
    } else if ((seen & dateParts) !== dateParts && text.length >= 6) {
      const year = text.slice(0, -4);
      this.day = Number(text.slice(-2));
      this.month = Number(text.slice(-4, -2));
      this.year = wrappedInteger(year);
      if (year.length === 2) this.#twoDigitYear = true;
      return dateParts;
    }
    if ((seen & timeParts) !== timeParts && (digits.length === 6 || digits.length === 4)) {
      this.hour = Number(digits.slice(0, 2));
      this.minute = Number(digits.slice(2, 4));
      this.second = digits.length === 6 ? Number(digits.slice(4)) : 0;
      return timeParts;
    }
    throw new DateTimeError('format');
  }

  /** Brings the year to its astronomical number and checks month and day. */
  validateDate(): void {
    if ((this.seen & part.year) !== 0 && !this.#fromJulianDay) {
      if (this.beforeChrist) {
        if (this.year <= 0) throw new DateTimeError('fieldOverflow');
        this.year = 1 - this.year;
      } else if (this.#twoDigitYear) {
        if (this.year < 0) throw new DateTimeError('fieldOverflow');
        if (this.year < 70) this.year += 2000;
        else if (this.year < 100) this.year += 1900;
      } else if (this.year <= 0) throw new DateTimeError('fieldOverflow');
    }
    if ((this.seen & part.dayOfYear) !== 0) this.setDays(daysOfDate(this.year, 1, 1) + this.#dayOfYear - 1);
    if ((this.seen & part.month) !== 0 && (this.month < 1 || this.month > 12)) throw new DateTimeError('monthDayOverflow');
    if ((this.seen & part.day) !== 0 && (this.day < 1 || this.day > 31)) throw new DateTimeError('monthDayOverflow');
    if (this.hasDate && this.day > daysInMonth(this.year, this.month)) throw new DateTimeError('fieldOverflow');
  }

  /** AM and PM bring the hour to the 24-hour clock. */
  applyMeridiem(): void {
    if (this.meridiem === undefined) return;
    if (this.hour > 12) throw new DateTimeError('fieldOverflow');
    if (this.meridiem === 'am' && this.hour === 12) this.hour = 0;
    else if (this.meridiem === 'pm' && this.hour !== 12) this.hour += 12;
  }

  /** Up to 24:00:00, seconds up to 60. */
  checkTime(): void {
    const inFields = this.hour <= 24 && this.minute <= 59 && this.second <= 60;
    const total = this.hour * microsecondsPerHour + this.minute * microsecondsPerMinute + this.second * 1e6 + this.microsecond;
    if (!inFields || total > microsecondsPerDay) throw new DateTimeError('fieldOverflow');
  }
}
