/** Intervals as text, in the four interval styles. */
import type { Settings } from '../../settings.ts';
import type { Interval } from '../interval-value.ts';
import { fractionText, twoDigits } from './format-date-time.ts';
import { fieldsOf, type IntervalFields } from './interval-fields.ts';

export function formatInterval(interval: Interval, style: Settings['intervalStyle']): string {
  const fields = fieldsOf(interval);
  switch (style) {
    case 'postgres':
      return postgres(fields);
    case 'postgres_verbose':
      return verbose(fields);
    case 'sql_standard':
      return sqlStandard(fields);
    case 'iso_8601':
      return iso8601(fields);
  }
}

const paddedSeconds = (fields: IntervalFields): string => twoDigits(Math.abs(fields.seconds)) + fractionText(Math.abs(fields.microseconds));
const plainSeconds = (fields: IntervalFields): string => String(Math.abs(fields.seconds)) + fractionText(Math.abs(fields.microseconds));

const hasTime = ({ hours, minutes, seconds, microseconds }: IntervalFields): boolean =>
  hours !== 0 || minutes !== 0 || seconds !== 0 || microseconds !== 0;
const isTimeNegative = ({ hours, minutes, seconds, microseconds }: IntervalFields): boolean =>
  hours < 0 || minutes < 0 || seconds < 0 || microseconds < 0;

/** Each part has its sign; a plus is written only after a negative part. */
function postgres(fields: IntervalFields): string {
  const parts: string[] = [];
  let afterNegative = false;
  const add = (value: number, unit: string): void => {
    if (value === 0) return;
    parts.push(`${afterNegative && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`);
    afterNegative = value < 0;
  };
  add(fields.years, 'year');
  add(fields.months, 'mon');
  add(fields.days, 'day');
  if (parts.length === 0 || hasTime(fields)) {
    const sign = isTimeNegative(fields) ? '-' : afterNegative ? '+' : '';
    parts.push(`${sign}${twoDigits(Math.abs(fields.hours))}:${twoDigits(Math.abs(fields.minutes))}:${paddedSeconds(fields)}`);
  }
  return parts.join(' ');
}

/** The first part's sign is said at the end, by `ago`. */
function verbose(fields: IntervalFields): string {
  let text = '@';
  let ago: boolean | undefined;
  const add = (value: number, unit: string): void => {
    if (value === 0) return;
    ago ??= value < 0;
    const shown = ago ? 0 - value : value;
    text += ` ${shown} ${unit}${shown === 1 ? '' : 's'}`;
  };
  add(fields.years, 'year');
  add(fields.months, 'mon');
  add(fields.days, 'day');
  add(fields.hours, 'hour');
  add(fields.minutes, 'min');
  if (fields.seconds !== 0 || fields.microseconds !== 0) {
    const negative = fields.seconds < 0 || fields.microseconds < 0;
    ago ??= negative;
    const plural = Math.abs(fields.seconds) !== 1 || fields.microseconds !== 0;
    text += ` ${negative === ago ? '' : '-'}${plainSeconds(fields)} sec${plural ? 's' : ''}`;
  }
  if (ago === undefined) text += ' 0';
  return ago === true ? `${text} ago` : text;
}

/** years-months or days and time, or all of them with a sign each where the standard has no such value. */
function sqlStandard(fields: IntervalFields): string {
  const all = Object.values(fields);
  const negative = all.some((value) => value < 0);
  const positive = all.some((value) => value > 0);
  if (!negative && !positive) return '0';
  const hasYears = fields.years !== 0 || fields.months !== 0;
  const hasDays = fields.days !== 0 || hasTime(fields);
  const time = `${Math.abs(fields.hours)}:${twoDigits(Math.abs(fields.minutes))}:${paddedSeconds(fields)}`;
  const months = `${Math.abs(fields.years)}-${Math.abs(fields.months)}`;
  if ((negative && positive) || (hasYears && hasDays)) {
    const yearSign = fields.years < 0 || fields.months < 0 ? '-' : '+';
    const daySign = fields.days < 0 ? '-' : '+';
    return `${yearSign}${months} ${daySign}${Math.abs(fields.days)} ${isTimeNegative(fields) ? '-' : '+'}${time}`;
  }
  const sign = negative ? '-' : '';
  if (hasYears) return sign + months;
  return fields.days === 0 ? sign + time : `${sign}${Math.abs(fields.days)} ${time}`;
}

function iso8601(fields: IntervalFields): string {
  const amount = (value: number, unit: string): string => (value === 0 ? '' : `${value}${unit}`);
  const date = amount(fields.years, 'Y') + amount(fields.months, 'M') + amount(fields.days, 'D');
  let time = amount(fields.hours, 'H') + amount(fields.minutes, 'M');
  if (fields.seconds !== 0 || fields.microseconds !== 0) {
    time += `${fields.seconds < 0 || fields.microseconds < 0 ? '-' : ''}${plainSeconds(fields)}S`;
  }
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}
