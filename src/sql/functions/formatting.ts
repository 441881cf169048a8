/** The formatting chapter: to_char, to_date, to_timestamp(text, text), to_number. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { type Implementations, scalar } from '../function.ts';
import type { TypeContext } from '../type.ts';
import {
  addMicroseconds,
  daysOfDate,
  isDateInRange,
  isInfinite,
  isTimestampDayInRange,
  isTimestampInRange,
  joinTimestamp,
  type Microseconds,
  unixSecondsOf,
} from '../types/date-time/calendar.ts';
import { dateOutOfRange, timestampOutOfRange } from '../types/date-time/date-time-error.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import { roundMicroseconds } from '../types/date-time/precision.ts';
import { offsetOfLocal } from '../types/date-time/time-zone.ts';
import { localClock } from '../types/date-time/timestamp.ts';
import type { Interval } from '../types/interval-value.ts';
import { fitNumeric, formatNumeric, parseNumeric } from '../types/numeric.ts';
import { finiteNumeric, multiplyNumeric, numericOfInteger, powerOfTen, roundNumeric } from '../types/numeric-arithmetic.ts';
import { numericTypmod } from '../types/numeric-typmod.ts';
import { Numeric } from '../types/numeric-value.ts';
import { roundHalfEven } from './casts.ts';
import { formatTime, timeOfInterval, timeOfTimestamp } from './formatting-date-time.ts';
import { readTime } from './formatting-date-time-input.ts';
import { fixedFloat, scientificFloat, scientificNumeric } from './formatting-digits.ts';
import { formatNumber, formatRoman, romanNumeral } from './formatting-number.ts';
import { readNumber } from './formatting-number-input.ts';
import { type NumberPicture, pictureOf } from './formatting-number-picture.ts';
import { parseDateTemplate, parseNumberTemplate, type Template } from './formatting-template.ts';
import { type Int8, toInt4, toInt8 } from './integer.ts';

function formatTimestamp(local: Microseconds, template: string): string | null {
  if (template === '' || isInfinite(local)) return null;
  return formatTime(parseDateTemplate(template), timeOfTimestamp(local, undefined));
}

function formatTimestamptz(moment: Microseconds, template: string, context: TypeContext): string | null {
  if (template === '' || isInfinite(moment)) return null;
  const zone = sessionZone(context);
  const seconds = unixSecondsOf(moment);
  const shown = { abbreviation: zone.abbreviationAt(seconds), secondsEast: zone.offsetAt(seconds) };
  return formatTime(parseDateTemplate(template), timeOfTimestamp(localClock(moment, zone), shown));
}

function formatInterval(interval: Interval, template: string): string | null {
  return template === '' ? null : formatTime(parseDateTemplate(template), timeOfInterval(interval));
}

function readTimestamptz(text: string, template: string, context: TypeContext): Microseconds {
  const read = readTime(parseDateTemplate(template), text);
  const days = daysOfDate(read.year, read.month, read.day);
  if (!isTimestampDayInRange(days)) throw timestampOutOfRange();
  const local = joinTimestamp(days, read.microseconds);
  const offset = read.secondsEast ?? offsetOfLocal(sessionZone(context), unixSecondsOf(local));
  const moment = addMicroseconds(local, -offset * 1e6);
  if (!isTimestampInRange(moment)) throw timestampOutOfRange();
  return read.precision === undefined ? moment : roundMicroseconds(moment, read.precision);
}

function readDate(text: string, template: string): number {
  const { year, month, day } = readTime(parseDateTemplate(template), text);
  const days = daysOfDate(year, month, day);
  if (!isDateInRange(days)) throw dateOutOfRange(text);
  return days;
}

/** Pictures are looked at once a template. */
const pictures = new WeakMap<Template, NumberPicture>();

function picture(template: Template): NumberPicture {
  let found = pictures.get(template);
  if (found === undefined) {
    found = pictureOf(template);
    pictures.set(template, found);
  }
  return found;
}

/** How a type's values become digits. Sizes that depend on the value are set in the picture, a copy. */
type NumberForms<Value> = {
  readonly roman: (value: Value) => number;
  readonly scientific: (value: Value, decimals: number) => string | undefined;
  readonly digits: (value: Value, picture: NumberPicture) => string;
};

const formatter =
  <Value>(forms: NumberForms<Value>) =>
  (value: Value, text: string): string => {
    if (text === '') return '';
    const template = parseNumberTemplate(text);
    const own = { ...picture(template) };
    if (own.roman) return formatRoman(template, own, romanNumeral(forms.roman(value)));
    if (own.scientific) {
      const number = forms.scientific(value, own.decimals);
      // What is no number is shown as crosses, with room for sign, point and exponent.
      if (number === undefined) return ` ${'#'.repeat(own.whole)}.${'#'.repeat(own.decimals + 4)}`;
      return number.startsWith('-') ? number : ` ${number}`;
    }
    const number = forms.digits(value, own);
    const negative = number.startsWith('-');
    return formatNumber(template, own, { negative, digits: negative ? number.slice(1) : number });
  };

/** V: ten to the number of digits behind it. */
function shifted(own: NumberPicture): number {
  own.whole += own.shift;
  return 10 ** own.shift;
}

const withZeros = (digits: string, decimals: number): string => (decimals === 0 ? digits : `${digits}.${'0'.repeat(decimals)}`);

/** V wraps round at 32 bits, as in PostgreSQL 16. */
const formatInt4 = formatter<number>({
  roman: (value) => value,
  scientific: (value, decimals) => scientificFloat(value, decimals),
  digits: (value, own) => withZeros(String(own.hasShift ? Math.imul(value, shifted(own)) : value), own.decimals),
});

const formatInt8 = formatter<Int8>({
  roman: (value) => toInt4(Number(value)),
  scientific: (value, decimals) => scientificNumeric(numericOfInteger(value), decimals),
  digits: (value, own) => withZeros(String(own.hasShift ? toInt8(BigInt(value) * BigInt(shifted(own))) : value), own.decimals),
});

function numericToInt4(value: Numeric): number {
  if (value.kind !== 'finite') {
    throw new SqlError(sqlstate.featureNotSupported, `cannot convert ${value.kind === 'nan' ? 'NaN' : 'infinity'} to integer`);
  }
  return toInt4(Number(int8(roundNumeric(value, 0).unscaled)));
}

const formatNumericValue = formatter<Numeric>({
  roman: numericToInt4,
  scientific: (value, decimals) => (value.kind === 'finite' ? scientificNumeric(value, decimals) : undefined),
  digits(value, own) {
    if (!own.hasShift) return formatNumeric(roundNumeric(value, own.decimals));
    own.whole += own.shift;
    return formatNumeric(roundNumeric(multiplyNumeric(value, finiteNumeric(powerOfTen(own.shift), 0)), own.decimals));
  },
});

/** A float has only so many digits worth printing. */
const formatFloat = (significant: number) =>
  formatter<number>({
    roman: roundHalfEven,
    scientific: (value, decimals) => (Number.isFinite(value) ? scientificFloat(value, decimals) : undefined),
    digits(value, own) {
      const product = own.hasShift ? value * shifted(own) : value;
      const scaled = significant === 6 ? Math.fround(product) : product;
      const length = fixedFloat(Math.abs(scaled), 0).length;
      if (length >= significant) own.decimals = 0;
      else if (length + own.decimals > significant) own.decimals = significant - length;
      return fixedFloat(scaled, own.decimals);
    },
  });

function readNumeric(text: string, templateText: string): Numeric | null {
  if (templateText === '') return null;
  const template = parseNumberTemplate(templateText);
  const own = picture(template);
  const read = readNumber(template, own, text);
  const value = fitNumeric(parseNumeric(read.text), numericTypmod(own.whole + own.shift + read.decimals, read.decimals));
  if (!own.hasShift) return value;
  // With the sixteen significant digits that PostgreSQL's 10 ^ -shift has.
  return multiplyNumeric(value, Numeric.of(powerOfTen(16), 16 + own.shift));
}

export const formattingFunctions: Implementations = {
  'to_char(timestamp,text)': scalar(formatTimestamp),
  'to_char(timestamptz,text)': scalar(formatTimestamptz),
  'to_char(interval,text)': scalar(formatInterval),
  'to_char(int4,text)': scalar(formatInt4),
  'to_char(int8,text)': scalar(formatInt8),
  'to_char(numeric,text)': scalar(formatNumericValue),
  'to_char(float4,text)': scalar(formatFloat(6)),
  'to_char(float8,text)': scalar(formatFloat(15)),
  'to_date(text,text)': scalar(readDate),
  'to_timestamp(text,text)': scalar(readTimestamptz),
  'to_number(text,text)': scalar(readNumeric),
};
