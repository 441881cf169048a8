/**
 * Reads a date with or without time and zone, as PostgreSQL reads date, timestamp and timestamptz.
 *
 * The fields are gone through once, from the left; each says which parts it gives, and no part may be given twice. A zone's offset
 * is worked out at the end, when the date is known.
 */
import type { TypeContext } from '../../type.ts';
import {
  daysInMonth,
  daysOfDate,
  epochJulianDay,
  microsecondsPerHour,
  microsecondsPerMinute,
  splitTimestamp,
  timestampOfUnixMicroseconds,
  unixEpochDays,
  unixSecondsOf,
} from './calendar.ts';
import { DateTimeError } from './date-time-error.ts';
import { findKeyword } from './keywords.ts';
import { DateTimeParts, dateParts, leadingInteger, parseDisplacement, parseTimeOfDay, part, timeParts } from './parts.ts';
import { type Field, scanFields } from './scan-fields.ts';
import { findAbbreviation, findFollowedAbbreviation, findTimeZone, offsetOfLocal, type TimeZone } from './time-zone.ts';

export type ParsedDateTime =
  | {
      readonly kind: 'dateTime';
      readonly days: number;
      /** Since midnight; 24:00:00 and a leap second reach into the next day. */
      readonly microseconds: number;
      /** Seconds east, stated or of the session's zone. */
      readonly offset: number;
    }
  | { readonly kind: 'epoch' | 'infinity' | '-infinity' };

/** The zone of the session; a name that the runtime does not know counts as UTC, for SET has checked it. */
export function sessionZone(context: TypeContext): TimeZone {
  const zone = findTimeZone(context.settings.timeZone) ?? findTimeZone('UTC');
  if (zone === undefined) throw new DateTimeError('timeZone', context.settings.timeZone);
  return zone;
}

/** The beginning of the transaction in the session's zone. */
export function localNow(context: TypeContext): { days: number; microseconds: number; offset: number } {
  const now = timestampOfUnixMicroseconds(context.transactionTimestamp);
  const offset = sessionZone(context).offsetAt(unixSecondsOf(now));
  return { ...splitTimestamp(now + offset * 1e6), offset };
}

const localSeconds = (days: number, microseconds: number): number => (days - unixEpochDays) * 86400 + Math.floor(microseconds / 1e6);

export const offsetAtLocal = (zone: TimeZone, days: number, microseconds: number): number =>
  offsetOfLocal(zone, localSeconds(days, microseconds));

export function parseDateTime(text: string, context: TypeContext): ParsedDateTime {
  return parseIso(text, context) ?? new DateTimeReader(context).read(scanFields(text));
}

/** Two digits at a place, -1 where there are none. */
function twoDigitsAt(text: string, at: number): number {
  const high = text.charCodeAt(at) - 0x30;
  const low = text.charCodeAt(at + 1) - 0x30;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : -1;
}

const dash = 0x2d;
const colon = 0x3a;
const blank = 0x20;
const letterT = 0x54;
const dot = 0x2e;

/**
 * Hot: the form that nearly all clients send, yyyy-mm-dd[ hh:mm[:ss[.f]]][zone]. undefined for everything else, wrong dates included.
 */
function parseIso(text: string, context: TypeContext): ParsedDateTime | undefined {
  const century = twoDigitsAt(text, 0);
  const yearOfCentury = twoDigitsAt(text, 2);
  const month = twoDigitsAt(text, 5);
  const day = twoDigitsAt(text, 8);
  if (century < 0 || yearOfCentury < 0 || text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return undefined;
  const year = century * 100 + yearOfCentury;
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const days = daysOfDate(year, month, day);
  let microseconds = 0;
  let at = 10;
  if (text.length > 10) {
    const separator = text.charCodeAt(10);
    const hour = twoDigitsAt(text, 11);
    const minute = twoDigitsAt(text, 14);
    if ((separator !== blank && separator !== letterT) || text.charCodeAt(13) !== colon) return undefined;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined;
    microseconds = hour * microsecondsPerHour + minute * microsecondsPerMinute;
    at = 16;
    if (text.charCodeAt(at) === colon) {
      const second = twoDigitsAt(text, 17);
      if (second < 0 || second > 59) return undefined;
      microseconds += second * 1e6;
      at = 19;
      if (text.charCodeAt(at) === dot) {
        at++;
        let scale = 100000;
        for (; scale >= 1; at++, scale /= 10) {
          const digit = text.charCodeAt(at) - 0x30;
          if (!(digit >= 0 && digit <= 9)) break;
          microseconds += digit * scale;
        }
      }
    }
  }
  if (at === text.length) {
    return { kind: 'dateTime', days, microseconds, offset: offsetAtLocal(sessionZone(context), days, microseconds) };
  }
  const offset = offsetOfSuffix(text, at);
  return offset === undefined ? undefined : { kind: 'dateTime', days, microseconds, offset };
}

/** Z, +hh, +hhmm or +hh:mm at the end of the text, in seconds east. */
function offsetOfSuffix(text: string, at: number): number | undefined {
  const suffix = text.slice(at);
  if (at === 10) return undefined;
  if (suffix === 'Z' || suffix === '+00') return 0;
  return /^[+-][0-9]{2}(?::?[0-9]{2})?$/.test(suffix) ? parseDisplacement(suffix) : undefined;
}

class DateTimeReader {
  readonly #context: TypeContext;
  readonly #parts: DateTimeParts;
  /** A word that says what the next number is. */
  #label: 'julian' | 'time' | 'other' | undefined;
  #offset: number | undefined;
  #zone: TimeZone | undefined;
  #special: 'epoch' | 'infinity' | '-infinity' | undefined;

  constructor(context: TypeContext) {
    this.#context = context;
    this.#parts = new DateTimeParts(context.settings.dateStyle.order);
  }

  read(fields: readonly Field[]): ParsedDateTime {
    for (const field of fields) this.#readField(field);
    if (this.#label !== undefined) throw new DateTimeError('format');
    if (this.#special !== undefined) return { kind: this.#special };
    const parts = this.#parts;
    parts.validateDate();
    parts.applyMeridiem();
    if (!parts.hasDate) throw new DateTimeError('format');
    const { days } = parts;
    const microseconds = parts.microsecondsOfDay;
    const daylight = (parts.seen & part.daylight) !== 0;
    if (this.#zone !== undefined) {
      if (daylight) throw new DateTimeError('format');
      return { kind: 'dateTime', days, microseconds, offset: offsetAtLocal(this.#zone, days, microseconds) };
    }
    if ((parts.seen & part.zone) === 0) {
      if (daylight) throw new DateTimeError('format');
      return { kind: 'dateTime', days, microseconds, offset: offsetAtLocal(sessionZone(this.#context), days, microseconds) };
    }
    return { kind: 'dateTime', days, microseconds, offset: this.#offset ?? 0 };
  }

  #readField(field: Field): void {
    const parts = this.#parts;
    switch (field.kind) {
      case 'date':
        this.#readDateField(field.text);
        return;
      case 'time':
        this.#expectTimeLabel();
        parts.setTime(parseTimeOfDay(field.text));
        parts.checkTime();
        parts.mark(timeParts);
        return;
      case 'signed':
        this.#offset = parseDisplacement(field.text);
        parts.mark(part.zone);
        return;
      case 'number':
        this.#label === undefined ? this.#readNumber(field.text) : this.#readLabelled(field.text);
        return;
      case 'word':
      case 'signedWord':
        this.#readWord(field.text);
        return;
    }
  }

  /** A time may stand behind a T, and behind no other label. */
  #expectTimeLabel(): void {
    if (this.#label !== undefined && this.#label !== 'time') throw new DateTimeError('format');
    this.#label = undefined;
  }

  #readDateField(text: string): void {
    const parts = this.#parts;
    if (this.#label === 'julian') {
      // A Julian day with a zone right behind it.
      const { value, rest } = leadingInteger(text);
      parts.setJulianDay(value - epochJulianDay);
      this.#offset = parseDisplacement(rest);
      this.#label = undefined;
      parts.mark(dateParts | timeParts | part.zone);
      return;
    }
    const monthAndDay = part.month | part.day;
    if (this.#label === undefined && (parts.seen & monthAndDay) !== monthAndDay) {
      parts.readDate(text);
      return;
    }
    if (/^[0-9]/.test(text) || this.#label !== undefined) {
      // hhmmss-zz
      this.#expectTimeLabel();
      const minus = text.indexOf('-');
      if (parts.hasTime || minus < 0) throw new DateTimeError('format');
      this.#offset = parseDisplacement(text.slice(minus));
      parts.mark(parts.readRunTogether(text.slice(0, minus)) | part.zone);
      return;
    }
    this.#setZone(text, 'timeZone');
  }

  #setZone(name: string, fault: 'timeZone' | 'format'): void {
    const zone = findTimeZone(name);
    if (zone === undefined) throw new DateTimeError(fault, name);
    this.#zone = zone;
    this.#parts.mark(part.zone);
  }

  #readLabelled(text: string): void {
    const parts = this.#parts;
    let given: number;
    if (this.#label === 'julian') given = parts.readJulianDay(text);
    else if (this.#label === 'time') {
      given = parts.readRunTogether(text, parts.seen | dateParts);
      if (given !== timeParts) throw new DateTimeError('format');
    } else throw new DateTimeError('format');
    this.#label = undefined;
    parts.mark(given);
  }

  #readNumber(text: string): void {
    const parts = this.#parts;
    const point = text.indexOf('.');
    if (point >= 0 && (parts.seen & dateParts) === 0) {
      parts.readDate(text);
      return;
    }
    if (point > 2) {
      parts.mark(parts.readRunTogether(text));
      return;
    }
    if (text.length >= 6 && ((parts.seen & dateParts) === 0 || (parts.seen & timeParts) === 0)) {
      parts.mark(parts.readRunTogether(text));
      return;
    }
    parts.mark(parts.readNumber(text));
  }

  #readWord(word: string): void {
    const parts = this.#parts;
    const followed = findFollowedAbbreviation(word);
    if (followed !== undefined) {
      this.#zone = followed;
      parts.mark(part.zone);
      return;
    }
    const abbreviation = findAbbreviation(word);
    if (abbreviation !== undefined) {
      this.#offset = (this.#offset ?? 0) + abbreviation.offset;
      parts.mark(part.zone);
      return;
    }
    const keyword = findKeyword(word);
    if (keyword === undefined) {
      this.#setZone(word, 'format');
      return;
    }
    switch (keyword.kind) {
      case 'ignored':
        return;
      case 'reserved':
        this.#readReserved(keyword.value);
        return;
      case 'month':
        parts.mark(parts.setTextMonth(keyword.value));
        return;
      case 'daylight':
        this.#offset = (this.#offset ?? 0) + 3600;
        parts.mark(part.daylight);
        return;
      case 'meridiem':
        parts.meridiem = keyword.value;
        parts.mark(part.meridiem);
        return;
      case 'era':
        parts.beforeChrist = keyword.value === 'bc';
        parts.mark(part.era);
        return;
      case 'dayOfWeek':
        parts.mark(part.dayOfWeek);
        return;
      case 'unit':
        if (this.#label !== undefined) throw new DateTimeError('format');
        this.#label = keyword.value;
        return;
      case 'isoTime':
        if (!parts.hasDate || this.#label !== undefined) throw new DateTimeError('format');
        this.#label = 'time';
        return;
    }
  }

  #readReserved(word: 'now' | 'today' | 'tomorrow' | 'yesterday' | 'allballs' | 'epoch' | 'infinity' | '-infinity'): void {
    const parts = this.#parts;
    switch (word) {
      case 'now': {
        const now = localNow(this.#context);
        parts.setDays(now.days);
        parts.microsecond = now.microseconds;
        this.#offset = now.offset;
        parts.mark(dateParts | timeParts | part.zone);
        return;
      }
      case 'today':
      case 'tomorrow':
      case 'yesterday': {
        const shift = word === 'today' ? 0 : word === 'tomorrow' ? 1 : -1;
        parts.setDays(localNow(this.#context).days + shift);
        parts.mark(dateParts);
        return;
      }
      case 'allballs':
        this.#offset = 0;
        parts.mark(timeParts | part.zone);
        return;
      default:
        this.#special = word;
        parts.mark(dateParts | timeParts | part.zone);
        return;
    }
  }
}
