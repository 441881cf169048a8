/** jsonpath's datetime(): strings as dates and times, compared with each other and printed again. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { EvaluationContext } from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull } from '../type.ts';
import { addMicroseconds, daysOfDate, joinTimestamp, type Microseconds } from '../types/date-time/calendar.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import { typeByOid } from '../types/registry.ts';
import { TimeTz } from '../types/timetz-value.ts';
import { timestampOfDate, toMoment } from './date-time-arithmetic.ts';
import { readTime } from './formatting-date-time-input.ts';
import { parseDateTemplate, type Template } from './formatting-template.ts';
import { toJsonNode } from './json-conversion.ts';

export type PathTimeType = 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz';

export class PathTime {
  readonly type: PathTimeType;
  readonly value: NonNull;
  /** The offset that a timestamptz was written with. */
  readonly secondsEast: number;

  constructor(type: PathTimeType, value: NonNull, secondsEast = 0) {
    this.type = type;
    this.value = value;
    this.secondsEast = secondsEast;
  }
}

export const pathTimeNames: Readonly<Record<PathTimeType, string>> = {
  date: 'date',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

const date = '[0-9]+-[0-9]{1,2}-[0-9]{1,2}';
const clock = '[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\\.[0-9]+)?';
const offset = ' *([+-][0-9]{1,2}(?::[0-9]{1,2})?)';
const forms: readonly (readonly [PathTimeType, RegExp])[] = [
  ['date', new RegExp(`^${date}$`)],
  ['timetz', new RegExp(`^${clock}${offset}$`)],
  ['time', new RegExp(`^${clock}$`)],
  ['timestamptz', new RegExp(`^${date}[ T]${clock}${offset}$`)],
  ['timestamp', new RegExp(`^${date}[ T]${clock}$`)],
];

/** A template that datetime() takes. What is wrong with one is an error even where those of the path are suppressed. */
export function pathTimeTemplate(text: string): Template {
  const template = parseDateTemplate(text);
  for (const node of template) {
    if (node.kind !== 'pattern' && !node.isQuoted && !"-./,':; ".includes(node.text))
      throw new SqlError(sqlstate.invalidDatetimeFormat, `invalid datetime format separator: "${node.text}"`);
  }
  return template;
}

export function parsePathTime(text: string, template: Template | undefined, context: EvaluationContext): PathTime {
  if (template !== undefined) return parseWithTemplate(text, template);
  for (const [type, form] of forms) {
    const match = form.exec(text);
    if (match === null) continue;
    const value = partsToValue(type, text, context);
    if (value === null) break;
    return new PathTime(type, value, match[1] === undefined ? 0 : secondsOfOffset(match[1]));
  }
  throw new SqlError(sqlstate.invalidArgumentForSqlJsonDatetimeFunction, `datetime format is not recognized: "${text}"`, {
    hint: 'Use a datetime template argument to specify the input data format.',
  });
}

/** null where the fields do not make a date or time. */
function partsToValue(type: PathTimeType, text: string, context: EvaluationContext): Datum {
  try {
    return typeByOid(oid[type]).input(text, -1, context);
  } catch (error) {
    if (error instanceof SqlError) return null;
    throw error;
  }
}

function secondsOfOffset(text: string): number {
  const [hours, minutes = '0'] = text.slice(1).split(':');
  const seconds = Number(hours) * 3600 + Number(minutes) * 60;
  return text.startsWith('-') ? 0 - seconds : seconds;
}

const zonePatterns = /^TZ[HM]$/;
const clockPatterns = /^(HH(12|24)?|MI|S{2}|SSSS|SSSSS|MS|US|FF[1-6]|[AP]\.?M\.?)$/;

/** Which type comes of a template: that of the fields which it holds. */
function parseWithTemplate(text: string, template: Template): PathTime {
  const names = template.flatMap((node) => (node.kind === 'pattern' ? [node.name.toUpperCase()] : []));
  const isZoned = names.some((name) => zonePatterns.test(name));
  const isTimed = names.some((name) => clockPatterns.test(name));
  const isDated = names.some((name) => !zonePatterns.test(name) && !clockPatterns.test(name) && name !== 'FX');
  const read = readTime(template, text, true);
  const days = daysOfDate(read.year, read.month, read.day);
  if (isDated && !isTimed) {
    if (isZoned) throw new SqlError(sqlstate.invalidDatetimeFormat, 'datetime format is zoned but not timed');
    return new PathTime('date', days);
  }
  if (!isTimed) {
    throw new SqlError(
      sqlstate.invalidDatetimeFormat,
      isZoned ? 'datetime format is zoned but not timed' : 'datetime format is not dated and not timed',
    );
  }
  const east = read.secondsEast ?? 0;
  if (isZoned && read.secondsEast === undefined)
    throw new SqlError(sqlstate.invalidDatetimeFormat, `missing time zone in input string for type ${isDated ? 'timestamptz' : 'timetz'}`);
  if (!isDated)
    return isZoned ? new PathTime('timetz', new TimeTz(read.microseconds, -east || 0)) : new PathTime('time', read.microseconds);
  const local = joinTimestamp(days, read.microseconds);
  return isZoned ? new PathTime('timestamptz', addMicroseconds(local, -east * 1e6), east) : new PathTime('timestamp', local);
}

/** As a JSON string; a timestamptz in the zone that it was written in. */
export function pathTimeText(time: PathTime, context: EvaluationContext): string {
  if (time.value instanceof TimeTz) return String(toJsonNode(time.value, oid.timetz, context)).replace(/([+-]\d\d)$/, '$1:00');
  if (time.type !== 'timestamptz') return String(toJsonNode(time.value, oid[time.type], context));
  const local = addMicroseconds(asMicroseconds(time.value), time.secondsEast * 1e6);
  const text = String(toJsonNode(local, oid.timestamp, context));
  const magnitude = Math.abs(time.secondsEast);
  const two = (value: number): string => String(value).padStart(2, '0');
  const shown = `${time.secondsEast < 0 ? '-' : '+'}${two(Math.floor(magnitude / 3600))}:${two(Math.floor((magnitude % 3600) / 60))}`;
  return text.endsWith(' BC') ? `${text.slice(0, -3)}${shown} BC` : text + shown;
}

const asMicroseconds = (value: Datum): Microseconds => (typeof value === 'bigint' ? value : Number(value));

/** undefined: the two cannot be compared. Comparisons that need the session's zone are for the _tz functions. */
export function comparePathTimes(a: PathTime, b: PathTime, useZone: boolean, context: EvaluationContext): number | undefined {
  const isTimeOfDay = (time: PathTime): boolean => time.type === 'time' || time.type === 'timetz';
  if (isTimeOfDay(a) !== isTimeOfDay(b)) return undefined;
  const isZoned = (time: PathTime): boolean => time.type.endsWith('tz');
  const needsZone = isZoned(a) !== isZoned(b);
  if (needsZone && !useZone) {
    const [from, to] = isZoned(a) ? [b, a] : [a, b];
    throw new SqlError(sqlstate.featureNotSupported, `cannot convert value from ${from.type} to ${to.type} without time zone usage`, {
      hint: 'Use *_tz() function for time zone support.',
    });
  }
  if (isTimeOfDay(a)) {
    const type = isZoned(a) || isZoned(b) ? oid.timetz : oid.time;
    return typeByOid(type).compare?.(asTimetz(a, type, context), asTimetz(b, type, context));
  }
  const moment = (time: PathTime): Microseconds => {
    const local = time.type === 'date' ? timestampOfDate(Number(time.value)) : asMicroseconds(time.value);
    return needsZone && !isZoned(time) ? toMoment(local, sessionZone(context)) : local;
  };
  const x = moment(a);
  const y = moment(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function asTimetz(time: PathTime, type: number, context: EvaluationContext): NonNull {
  if (type === oid.time || time.type === 'timetz') return time.value;
  return new TimeTz(Number(time.value), -sessionZone(context).offsetAt(Math.floor(context.transactionTimestamp / 1e6)) || 0);
}
