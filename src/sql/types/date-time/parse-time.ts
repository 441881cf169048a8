/** Reads a time of day, as PostgreSQL reads time and timetz. A date may stand beside it, and settles the offset of a named zone. */
import type { TypeContext } from '../../type.ts';
import { DateTimeError } from './date-time-error.ts';
import { findKeyword } from './keywords.ts';
import { localNow, offsetAtLocal, sessionZone } from './parse-date-time.ts';
import { DateTimeParts, dateParts, parseDisplacement, parseTimeOfDay, part, timeParts } from './parts.ts';
import { type Field, scanFields } from './scan-fields.ts';
import { findAbbreviation, findFollowedAbbreviation, findTimeZone, type TimeZone } from './time-zone.ts';
import { zoneOfAbbreviation } from './zone-abbreviations.ts';

/** Microseconds since midnight, and seconds east. */
export type ParsedTime = { readonly microseconds: number; readonly offset: number };

export function parseTime(text: string, context: TypeContext): ParsedTime {
  return new TimeReader(context, scanFields(text)).read();
}

class TimeReader {
  readonly #context: TypeContext;
  readonly #fields: readonly Field[];
  readonly #parts: DateTimeParts;
  #label: 'julian' | 'time' | 'other' | undefined;
  #offset: number | undefined;
  #zone: TimeZone | undefined;

  constructor(context: TypeContext, fields: readonly Field[]) {
    this.#context = context;
    this.#fields = fields;
    this.#parts = new DateTimeParts(context.settings.dateStyle.order);
  }

  read(): ParsedTime {
    this.#fields.forEach((field, index) => {
      this.#readField(field, index);
    });
    if (this.#label !== undefined) throw new DateTimeError('format');
    const parts = this.#parts;
    parts.validateDate();
    parts.applyMeridiem();
    parts.checkTime();
    if (!parts.hasTime) throw new DateTimeError('format');
    return { microseconds: parts.microsecondsOfDay, offset: this.#findOffset() };
  }

  #findOffset(): number {
    const parts = this.#parts;
    const daylight = (parts.seen & part.daylight) !== 0;
    if (this.#zone === undefined && (parts.seen & part.zone) !== 0) return this.#offset ?? 0;
    if (daylight) throw new DateTimeError('format');
    if (this.#zone !== undefined) {
      if (this.#zone.fixedOffset !== undefined) return this.#zone.fixedOffset;
      // Whether it is summer there depends on the date; an abbreviation is read as of today.
      if (!parts.hasDate) {
        if (zoneOfAbbreviation(this.#zone.name) === undefined) throw new DateTimeError('format');
        return offsetAtLocal(this.#zone, localNow(this.#context).days, parts.microsecondsOfDay);
      }
      return offsetAtLocal(this.#zone, parts.days, parts.microsecondsOfDay);
    }
    const days = parts.hasDate ? parts.days : localNow(this.#context).days;
    return offsetAtLocal(sessionZone(this.#context), days, parts.microsecondsOfDay);
  }

  #readField(field: Field, index: number): void {
    const parts = this.#parts;
    switch (field.kind) {
      case 'date':
        this.#readDateField(field.text, index);
        return;
      case 'time':
        if (this.#label !== undefined && this.#label !== 'time') throw new DateTimeError('format');
        this.#label = undefined;
        parts.setTime(parseTimeOfDay(field.text));
        parts.mark(timeParts);
        return;
      case 'signed':
        this.#offset = parseDisplacement(field.text);
        parts.mark(part.zone);
        return;
      case 'number':
        this.#label === undefined ? this.#readNumber(field.text, index) : this.#readLabelled(field.text);
        return;
      case 'word':
      case 'signedWord':
        this.#readWord(field.text);
        return;
    }
  }

  #readDateField(text: string, index: number): void {
    const parts = this.#parts;
    const fields = this.#fields;
    if (index === 0 && fields.length >= 2 && (fields.at(-1)?.kind === 'date' || fields[1].kind === 'time')) {
      parts.readDate(text);
      return;
    }
    if (/^[0-9]/.test(text)) {
      const minus = text.indexOf('-');
      if (parts.hasTime || minus < 0) throw new DateTimeError('format');
      this.#offset = parseDisplacement(text.slice(minus));
      parts.mark(parts.readRunTogether(text.slice(0, minus), parts.seen | dateParts) | part.zone);
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
    if (this.#label === 'julian') parts.mark(parts.readJulianDay(text));
    else if (this.#label === 'time') {
      const given = parts.readRunTogether(text, parts.seen | dateParts);
      if (given !== timeParts) throw new DateTimeError('format');
      parts.mark(given);
    } else throw new DateTimeError('format');
    this.#label = undefined;
  }

  #readNumber(text: string, index: number): void {
    const parts = this.#parts;
    const point = text.indexOf('.');
    const asTime = parts.seen | dateParts;
    if (point >= 0) {
      if (index === 0 && this.#fields.length >= 2 && this.#fields.at(-1)?.kind === 'date') {
        parts.readDate(text);
        return;
      }
      if (point <= 2) throw new DateTimeError('format');
      parts.mark(parts.readRunTogether(text, asTime));
      return;
    }
    parts.mark(text.length > 4 ? parts.readRunTogether(text, asTime) : parts.readNumber(text, false, asTime));
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
        if (keyword.value === 'now') {
          parts.microsecond = localNow(this.#context).microseconds;
          parts.mark(timeParts);
          return;
        }
        if (keyword.value !== 'allballs') throw new DateTimeError('format');
        this.#offset = 0;
        parts.mark(timeParts | part.zone);
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
      case 'unit':
        if (this.#label !== undefined) throw new DateTimeError('format');
        this.#label = keyword.value;
        return;
      case 'isoTime':
        if (this.#label !== undefined) throw new DateTimeError('format');
        this.#label = 'time';
        return;
      default:
        throw new DateTimeError('format');
    }
  }
}
