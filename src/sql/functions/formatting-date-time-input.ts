/** to_date() and to_timestamp(text, text): the fields that a template finds in a text, and the date and time they come to. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { dateOfDays, dayOfWeek, daysInMonth, daysOfDate, epochJulianDay, isLeapYear } from '../types/date-time/calendar.ts';
import { dayNames, monthNames, romanMonths } from './formatting-date-time.ts';
import { isSeparator, isWhite, type PatternNode, type Template, type TemplateNode } from './formatting-template.ts';

export type ReadTime = {
  /** Astronomical; month and day may lie outside of the calendar where the text did not give a whole date. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Since midnight. */
  readonly microseconds: number;
  /** undefined: none was given. */
  readonly secondsEast: number | undefined;
  /** Of FF1 to FF6. */
  readonly precision: number | undefined;
};

type FieldName =
  | 'hh'
  | 'mi'
  | 'ss'
  | 'ms'
  | 'us'
  | 'ssss'
  | 'tzh'
  | 'tzm'
  | 'pm'
  | 'bc'
  | 'mm'
  | 'd'
  | 'dd'
  | 'ddd'
  | 'w'
  | 'ww'
  | 'cc'
  | 'year'
  | 'j';

const badFormat = (message: string, fields: { detail?: string; hint?: string } = {}): SqlError =>
  new SqlError(sqlstate.invalidDatetimeFormat, message, fields);

/** Patterns whose text is digits: a number in front of one ends where its own width ends. */
const digitPatterns = new Set([
  'CC',
  'DDD',
  'DD',
  'D',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'HH24',
  'HH12',
  'HH',
  'IDDD',
  'ID',
  'IW',
  'IYYY',
  'IYY',
  'IY',
  'I',
  'J',
  'MI',
  'MM',
  'MS',
  'Q',
  'SSSSS',
  'SSSS',
  'SS',
  'TZM',
  'US',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
]);
const gregorianPatterns = new Set(['DDD', 'DD', 'D', 'MM', 'MONTH', 'MON', 'RM', 'WW', 'W', 'Y,YYY', 'YYYY', 'YYY', 'YY', 'Y']);
const isoPatterns = new Set(['IDDD', 'ID', 'IW', 'IYYY', 'IYY', 'IY', 'I']);

const minInt32 = -2147483648;
const maxInt32 = 2147483647;

/** Years of fewer than four digits are taken as near to 2020. */
function nearTo2020(year: number): number {
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  return year < 1000 ? year + 1000 : year;
}

class FieldReader {
  readonly #template: Template;
  readonly #text: string;
  readonly fields = new Map<FieldName, number>();
  convention: 'gregorian' | 'iso' | undefined;
  twelveHours = false;
  yearDigits = 0;
  zoneSign = 0;
  precision: number | undefined;
  #at = 0;
  #fixed = false;
  /** Blanks and punctuation passed beyond what the template holds. */
  #extra = 0;

  readonly #standard: boolean;

  constructor(template: Template, text: string, standard: boolean) {
    this.#template = template;
    this.#text = text;
    this.#standard = standard;
    this.#fixed = standard;
  }

  read(): void {
    const template = this.#template;
    let index = 0;
    for (; index < template.length && this.#at < this.#text.length; index++) {
      const node = template[index];
      const isFx = node.kind === 'pattern' && node.name.toUpperCase() === 'FX';
      if (!this.#fixed && !isFx && (node.kind === 'pattern' || index === 0)) this.#extra += this.#skipBlanks();
      if (node.kind === 'pattern') {
        this.#readPattern(node, template[index + 1]);
        if (!this.#fixed) this.#extra = this.#skipBlanks();
      } else if (this.#standard) this.#matchText(node);
      else this.#passText(node);
    }
    if (!this.#standard) return;
    if (index < template.length) throw badFormat('input string is too short for datetime format');
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw badFormat('trailing characters remain in input string after datetime format');
  }

  /** The standard wants the template's own characters. */
  #matchText(node: TemplateNode & { text: string }): void {
    const what = node.kind === 'text' ? 'character' : 'separator';
    if (!this.#text.startsWith(node.text, this.#at)) throw badFormat(`unmatched format ${what} "${node.text}"`);
    this.#at += node.text.length;
  }

  #passText(node: TemplateNode & { text: string }): void {
    if (this.#fixed) this.#pass();
    else if (node.kind === 'text') {
      if (this.#extra > 0) this.#extra--;
      else this.#pass();
    } else {
      this.#extra--;
      const character = this.#text[this.#at] ?? '';
      if (isWhite(character) || isSeparator(character)) {
        this.#at++;
        this.#extra++;
      }
    }
  }

  #pass(): void {
    this.#at += String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0).length;
    if (this.#at > this.#text.length) this.#at = this.#text.length;
  }

  #skipBlanks(): number {
    const from = this.#at;
    while (this.#at < this.#text.length && isWhite(this.#text[this.#at])) this.#at++;
    return this.#at - from;
  }

  #setConvention(pattern: string): void {
    const convention = isoPatterns.has(pattern) ? 'iso' : gregorianPatterns.has(pattern) ? 'gregorian' : undefined;
    if (convention === undefined) return;
    this.convention ??= convention;
    if (this.convention !== convention) {
      throw badFormat('invalid combination of date conventions', {
        hint: 'Do not mix Gregorian and ISO week date conventions in a formatting template.',
      });
    }
  }

  #readPattern(node: PatternNode, next: TemplateNode | undefined): void {
    const pattern = node.name.toUpperCase();
    this.#setConvention(pattern);
    const number = (field: FieldName | undefined, width = node.name.length): number => {
      const from = this.#at;
      const value = this.#readNumber(node, next, width);
      if (field !== undefined) this.#set(field, value, node);
      return this.#at - from;
    };
    const word = (field: FieldName, words: readonly string[], toValue: (index: number) => number): void =>
      this.#set(field, toValue(this.#readWord(words, node)), node);
    switch (pattern) {
      case 'FX':
        this.#fixed = true;
        return;
      case 'AM':
      case 'PM':
        word('pm', ['am', 'pm'], (index) => index);
        this.twelveHours = true;
        return;
      case 'A.M.':
      case 'P.M.':
        word('pm', ['a.m.', 'p.m.'], (index) => index);
        this.twelveHours = true;
        return;
      case 'AD':
      case 'BC':
        word('bc', ['ad', 'bc'], (index) => index);
        return;
      case 'A.D.':
      case 'B.C.':
        word('bc', ['a.d.', 'b.c.'], (index) => index);
        return;
      case 'MONTH':
        word('mm', monthNames, (index) => index + 1);
        return;
      case 'MON':
        word(
          'mm',
          monthNames.map((name) => name.slice(0, 3)),
          (index) => index + 1,
        );
        return;
      case 'RM':
        word('mm', romanMonths, (index) => 12 - index);
        return;
      case 'DAY':
        this.#setDayOfWeek(this.#readWord(dayNames, node), node);
        return;
      case 'DY':
        this.#setDayOfWeek(
          this.#readWord(
            dayNames.map((name) => name.slice(0, 3)),
            node,
          ),
          node,
        );
        return;
      case 'HH':
      case 'HH12':
        number('hh', 2);
        this.twelveHours = true;
        break;
      case 'HH24':
        number('hh', 2);
        break;
      case 'MI':
        number('mi');
        break;
      case 'SS':
        number('ss');
        break;
      case 'SSSS':
      case 'SSSSS':
        number('ssss');
        break;
      case 'MS':
        this.#scale('ms', number('ms', 3), 3);
        break;
      case 'US':
        this.#scale('us', number('us', 6), 6);
        break;
      case 'FF1':
      case 'FF2':
      case 'FF3':
      case 'FF4':
      case 'FF5':
      case 'FF6':
        this.precision = Number(pattern[2]);
        this.#scale('us', number('us', this.precision), 6);
        break;
      case 'TZ':
      case 'OF':
        throw notSupported(`formatting field "${node.name}" is only supported in to_char`);
      case 'TZH':
        this.#readZoneSign();
        number('tzh', 2);
        return;
      case 'TZM':
        if (this.zoneSign === 0) this.zoneSign = 1;
        number('tzm', 2);
        return;
      case 'MM':
        number('mm');
        break;
      case 'DD':
        number('dd');
        break;
      case 'DDD':
        number('ddd');
        break;
      case 'IDDD':
        number('ddd', 3);
        break;
      case 'D':
        number('d');
        break;
      case 'ID':
        this.#readIsoDay(node, next);
        break;
      case 'WW':
      case 'IW':
        number('ww');
        break;
      case 'W':
        number('w');
        break;
      case 'Q':
        // A quarter says too little about the date, and may repeat what the month says: it is passed over.
        number(undefined);
        break;
      case 'CC':
        number('cc');
        break;
      case 'J':
        number('j');
        break;
      case 'Y,YYY':
        this.#readThousands(node);
        break;
      case 'YYYY':
      case 'IYYY':
        number('year');
        this.yearDigits = 4;
        break;
      case 'YYY':
      case 'IYY':
      case 'YY':
      case 'IY':
      case 'Y':
      case 'I':
        if (number('year') < 4) this.fields.set('year', nearTo2020(this.fields.get('year') ?? 0));
        this.yearDigits = pattern.replace('I', 'Y').length;
        break;
      default:
    }
    if (node.ordinal !== undefined) this.#at = Math.min(this.#text.length, this.#at + 2);
  }

  /** A fraction of fewer digits than the pattern has counts from the left. */
  #scale(field: FieldName, length: number, width: number): void {
    this.fields.set(field, (this.fields.get(field) ?? 0) * 10 ** Math.max(0, length > 0 ? width - length : 0));
  }

  #set(field: FieldName, value: number, node: PatternNode): void {
    const before = this.fields.get(field) ?? 0;
    if (before !== 0 && before !== value) {
      throw badFormat(`conflicting values for "${node.name}" field in formatting string`, {
        detail: 'This value contradicts a previous setting for the same field type.',
      });
    }
    this.fields.set(field, value);
  }

  /** Sundays are the first day of a week in `d`. */
  #readIsoDay(node: PatternNode, next: TemplateNode | undefined): void {
    const day = this.#readNumber(node, next, 1);
    this.#set('d', day, node);
    this.fields.set('d', day + 1 > 7 ? 1 : day + 1);
  }

  /** Counted from zero when it is held against what was given before, and from one when it is kept: the same day twice is a conflict. */
  #setDayOfWeek(index: number, node: PatternNode): void {
    this.#set('d', index, node);
    this.fields.set('d', index + 1);
  }

  #readZoneSign(): void {
    const character = this.#text[this.#at];
    if (character === '+' || character === '-' || character === ' ') {
      this.zoneSign = character === '-' ? -1 : 1;
      this.#at++;
    } else this.zoneSign = this.#extra > 0 && this.#text[this.#at - 1] === '-' ? -1 : 1;
  }

  #readThousands(node: PatternNode): void {
    const match = /^[ \t\n\r\v\f]*([+-]?[0-9]+),[ \t\n\r\v\f]*([+-]?[0-9]{1,3})/.exec(this.#text.slice(this.#at));
    if (match === null) throw badFormat('invalid input string for "Y,YYY"');
    const year = Number(match[1]) * 1000 + Number(match[2]);
    if (year < minInt32 || year > maxInt32)
      throw new SqlError(sqlstate.datetimeFieldOverflow, 'value for "Y,YYY" in source string is out of range');
    this.#set('year', year, node);
    this.yearDigits = 4;
    this.#at += match[0].length;
  }

  /** As many characters as the pattern has; all that there are with FM, or when no digits can follow. */
  #readNumber(node: PatternNode, next: TemplateNode | undefined, width: number): number {
    const init = this.#at;
    this.#skipBlanks();
    const rest = this.#text.slice(this.#at);
    // PostgreSQL counts bytes here, and may cut a character in two.
    const copy = leadingBytes(rest, width);
    let digits: string;
    if (node.fill || endsNumber(node, next)) {
      digits = /^[ \t\n\r\v\f]*[+-]?[0-9]+/.exec(this.#text.slice(init))?.[0] ?? '';
      this.#at = init + digits.length;
    } else {
      const hint = 'If your source string is not fixed-width, try using the "FM" modifier.';
      if (Buffer.byteLength(copy) < width) {
        throw badFormat(`source string too short for "${node.name}" formatting field`, {
          detail: `Field requires ${width} characters, but only ${Buffer.byteLength(copy)} remain.`,
          hint,
        });
      }
      digits = /^[ \t\n\r\v\f]*[+-]?[0-9]+/.exec(copy)?.[0] ?? '';
      if (digits.length > 0 && digits.length < width) {
        throw badFormat(`invalid value "${copy}" for "${node.name}"`, {
          detail: `Field requires ${width} characters, but only ${digits.length} could be parsed.`,
          hint,
        });
      }
      this.#at += digits.length;
    }
    if (this.#at === init || digits === '')
      throw badFormat(`invalid value "${copy}" for "${node.name}"`, { detail: 'Value must be an integer.' });
    const value = Number(digits);
    if (value < minInt32 || value > maxInt32) {
      throw new SqlError(sqlstate.datetimeFieldOverflow, `value for "${node.name}" in source string is out of range`, {
        detail: `Value must be in the range ${minInt32} to ${maxInt32}.`,
      });
    }
    return value || 0;
  }

  /** The index of the word that stands here, in any case. */
  #readWord(words: readonly string[], node: PatternNode): number {
    const rest = this.#text.slice(this.#at).toLowerCase();
    const index = words.findIndex((word) => rest.startsWith(word.toLowerCase()));
    if (index < 0) {
      const shown = /^[^ \t\n\r\v\f]*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
      throw badFormat(`invalid value "${shown}" for "${node.name}"`, {
        detail: 'The given value did not match any of the allowed values for this field.',
      });
    }
    this.#at += words[index].length;
    return index;
  }
}

/** True when no digit can follow by the template. */
const leadingBytes = (text: string, count: number): string => Buffer.from(text.slice(0, count)).subarray(0, count).toString();

function endsNumber(node: PatternNode, next: TemplateNode | undefined): boolean {
  if (node.ordinal !== undefined || next === undefined) return true;
  return next.kind === 'pattern' ? !digitPatterns.has(next.name.toUpperCase()) : !/^[0-9]$/.test(next.text);
}

/** `standard`: as SQL/JSON's datetime() reads, which takes nothing that the template does not hold. */
export function readTime(template: Template, text: string, standard = false): ReadTime {
  const reader = new FieldReader(template, text, standard);
  reader.read();
  const get = (field: FieldName): number => reader.fields.get(field) ?? 0;
  const overflow = (): SqlError => new SqlError(sqlstate.datetimeFieldOverflow, `date/time field value out of range: "${text}"`);

  const daySeconds = get('ssss');
  const second = get('ss') || daySeconds % 60 || 0;
  const minute = get('mi') || Math.trunc((daySeconds % 3600) / 60) || 0;
  const hour = hourOf(get('hh') || Math.trunc(daySeconds / 3600) || 0, reader.twelveHours, get('pm') !== 0);
  const fraction = get('ms') * 1000 + get('us');

  const date = dateOf(reader, get, overflow);

  const outside = hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || fraction < 0 || fraction >= 1e6;
  if (outside) throw overflow();

  let secondsEast: number | undefined;
  if (reader.zoneSign !== 0) {
    if (get('tzh') < 0 || get('tzh') > 15 || get('tzm') < 0 || get('tzm') > 59)
      throw new SqlError(sqlstate.invalidTimeZoneDisplacementValue, `time zone displacement out of range: "${text}"`);
    secondsEast = reader.zoneSign * (get('tzh') * 3600 + get('tzm') * 60) || 0;
  }
  return { ...date, microseconds: ((hour * 60 + minute) * 60 + second) * 1e6 + fraction, secondsEast, precision: reader.precision };
}

function hourOf(hour: number, twelveHours: boolean, pm: boolean): number {
  if (!twelveHours) return hour;
  if (hour < 1 || hour > 12) {
    throw badFormat(`hour "${hour}" is invalid for the 12-hour clock`, {
      hint: 'Use the 24-hour clock, or give an hour between 1 and 12.',
    });
  }
  return (hour % 12) + (pm ? 12 : 0);
}

/** Of a century and a year's last digits; the 21st century began in 2001. */
function yearOf(reader: FieldReader, get: (field: FieldName) => number): number | undefined {
  const bc = get('bc') !== 0;
  const century = bc ? -get('cc') : get('cc');
  const year = get('year');
  if (year !== 0) {
    if (century !== 0 && reader.yearDigits <= 2) {
      const last = year % 100;
      if (last === 0) return century * 100 + (century >= 0 ? 0 : 1);
      return century >= 0 ? last + (century - 1) * 100 : (century + 1) * 100 - last + 1;
    }
    const signed = bc ? -year : year;
    return signed < 0 ? signed + 1 : signed;
  }
  if (century === 0) return undefined;
  return century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
}

/** The Monday of an ISO year's first week, in days since 2000-01-01. */
function isoYearStart(year: number): number {
  const day = daysOfDate(year, 1, 4);
  return day - ((dayOfWeek(day) + 6) % 7);
}

function dateOf(
  reader: FieldReader,
  get: (field: FieldName) => number,
  overflow: () => SqlError,
): { readonly year: number; readonly month: number; readonly day: number } {
  const given = yearOf(reader, get);
  let date = { year: given ?? 0, month: 1, day: 1 };
  let hasYear = given !== undefined;
  let hasMonth = false;
  let hasDay = false;
  const setWhole = (days: number): void => {
    if (!Number.isFinite(days) || Math.abs(days) > 2 ** 32) throw overflow();
    date = { ...dateOfDays(days) };
    hasYear = hasMonth = hasDay = true;
  };
  if (get('j') !== 0) setWhole(get('j') - epochJulianDay);
  let dayOfYear = get('ddd');
  if (get('ww') !== 0) {
    if (reader.convention === 'iso') {
      const day = get('d');
      setWhole(isoYearStart(date.year) + (get('ww') - 1) * 7 + (day === 0 ? 0 : day > 1 ? day - 2 : 6));
    } else dayOfYear = (get('ww') - 1) * 7 + 1;
  }
  const day = get('w') !== 0 ? (get('w') - 1) * 7 + 1 : get('dd');
  if (day !== 0) {
    date.day = day;
    hasDay = true;
  }
  if (get('mm') !== 0) {
    date.month = get('mm');
    hasMonth = true;
  }
  if (dayOfYear !== 0 && (date.month <= 1 || date.day <= 1)) {
    if (date.year === 0 && get('bc') === 0) throw badFormat('cannot calculate day of year without year information');
    if (reader.convention === 'iso') setWhole(isoYearStart(date.year) + dayOfYear - 1);
    else {
      setDayOfYear(date, dayOfYear);
      hasMonth = hasDay = true;
    }
  }
  if (hasMonth && (date.month < 1 || date.month > 12)) throw overflow();
  if (hasDay && (date.day < 1 || date.day > 31)) throw overflow();
  if (hasYear && hasMonth && hasDay && date.day > daysInMonth(date.year, date.month)) throw overflow();
  return date;
}

/** Fills in what is still the first of its kind. */
function setDayOfYear(date: { year: number; month: number; day: number }, dayOfYear: number): void {
  let month = 1;
  let before = 0;
  const lengthOf = (of: number): number => daysInMonth(isLeapYear(date.year) ? 2000 : 2001, of);
  while (month <= 12 && dayOfYear > before + lengthOf(month)) before += lengthOf(month++);
  if (date.month <= 1) date.month = month;
  if (date.day <= 1) date.day = dayOfYear - before;
}
