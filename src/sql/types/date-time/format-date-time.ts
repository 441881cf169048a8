/** Dates and times as text, in the four date styles. */
import type { Settings } from '../../settings.ts';
import { type CalendarDate, dateOfDays, dayOfWeek, microsecondsPerHour, microsecondsPerMinute } from './calendar.ts';
import { monthNames, weekdayNames } from './keywords.ts';

type DateStyle = Settings['dateStyle'];

const pairs: readonly string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

/** Hot. Two digits for 0 to 99, more where needed. */
export const twoDigits = (value: number): string => (value < 100 ? pairs[value] : String(value));

/** Years before 1 AD are written as positive numbers with BC behind the whole. */
function yearText(year: number): string {
  const shown = year > 0 ? year : 1 - year;
  return shown < 1000 ? String(shown).padStart(4, '0') : String(shown);
}

const era = (year: number): string => (year > 0 ? '' : ' BC');

export function formatDate(days: number, style: DateStyle): string {
  if (days === Number.POSITIVE_INFINITY) return 'infinity';
  if (days === Number.NEGATIVE_INFINITY) return '-infinity';
  const date = dateOfDays(days);
  const year = yearText(date.year);
  const month = twoDigits(date.month);
  const day = twoDigits(date.day);
  const dayFirst = style.order === 'DMY';
  switch (style.format) {
    case 'ISO':
      return `${year}-${month}-${day}${era(date.year)}`;
    case 'SQL':
      return `${dayFirst ? `${day}/${month}` : `${month}/${day}`}/${year}${era(date.year)}`;
    case 'German':
      return `${day}.${month}.${year}${era(date.year)}`;
    case 'Postgres':
      return `${dayFirst ? `${day}-${month}` : `${month}-${day}`}-${year}${era(date.year)}`;
  }
}

/** .892 for 892000 microseconds, nothing for 0. */
export function fractionText(microsecond: number): string {
  if (microsecond === 0) return '';
  if (microsecond % 1000 === 0) {
    const milliseconds = String(microsecond / 1000).padStart(3, '0');
    return `.${milliseconds.replace(/0+$/, '')}`;
  }
  return `.${String(microsecond).padStart(6, '0').replace(/0+$/, '')}`;
}

/** hh:mm:ss.f of microseconds since midnight. */
export function formatTimeOfDay(microseconds: number): string {
  const hour = Math.floor(microseconds / microsecondsPerHour);
  const inHour = microseconds - hour * microsecondsPerHour;
  const minute = Math.floor(inHour / microsecondsPerMinute);
  const inMinute = inHour - minute * microsecondsPerMinute;
  const second = Math.floor(inMinute / 1e6);
  return `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}${fractionText(inMinute - second * 1e6)}`;
}

/** +02, -03:30, +00:53:28. */
export function formatOffset(seconds: number): string {
  const magnitude = Math.abs(seconds);
  const hour = Math.floor(magnitude / 3600);
  const minute = Math.floor((magnitude % 3600) / 60);
  const second = magnitude % 60;
  const small = second !== 0 ? `:${twoDigits(minute)}:${twoDigits(second)}` : minute !== 0 ? `:${twoDigits(minute)}` : '';
  return `${seconds < 0 ? '-' : '+'}${twoDigits(hour)}${small}`;
}

/** `zone`: the offset in seconds east and the zone's abbreviation; undefined for a timestamp without. */
export function formatTimestamp(
  days: number,
  microseconds: number,
  zone: { readonly offset: number; readonly abbreviation: () => string } | undefined,
  style: DateStyle,
): string {
  const date = dateOfDays(days);
  const time = formatTimeOfDay(microseconds);
  if (style.format === 'ISO') {
    const offset = zone === undefined ? '' : formatOffset(zone.offset);
    return `${yearText(date.year)}-${twoDigits(date.month)}-${twoDigits(date.day)} ${time}${offset}${era(date.year)}`;
  }
  const zoneText = zone === undefined ? '' : ` ${zone.abbreviation().slice(0, maxAbbreviation)}`;
  if (style.format === 'Postgres') return `${postgresDate(date, days, style, time)}${zoneText}${era(date.year)}`;
  const day = twoDigits(date.day);
  const month = twoDigits(date.month);
  const dateText =
    style.format === 'German'
      ? `${day}.${month}.${yearText(date.year)}`
      : `${style.order === 'DMY' ? `${day}/${month}` : `${month}/${day}`}/${yearText(date.year)}`;
  return `${dateText} ${time}${zoneText}${era(date.year)}`;
}

const maxAbbreviation = 10;

function postgresDate(date: CalendarDate, days: number, style: DateStyle, time: string): string {
  const weekday = weekdayNames[dayOfWeek(days)].slice(0, 3);
  const month = monthNames[date.month - 1].slice(0, 3);
  const day = twoDigits(date.day);
  return `${weekday} ${style.order === 'DMY' ? `${day} ${month}` : `${month} ${day}`} ${time} ${yearText(date.year)}`;
}
