/** TimeZone and DateStyle: how their values are read, checked and written. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Settings } from '#sql/settings.ts';
import { findTimeZone } from '#sql/types/date-time/time-zone.ts';

export type DateStyle = Settings['dateStyle'];

const invalid = (name: string, value: string, detail?: string): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, `invalid value for parameter "${name}": "${value}"`, detail === undefined ? {} : { detail });

/** An IANA name, a POSIX zone (`EST5EDT,M3.2.0,M11.1.0`, `<-08>+08`), `+05:30`, or hours east of Greenwich as a number. Gives the name that SHOW prints. */
export function parseTimeZone(value: string): string {
  const text = value.trim();
  const interval = /^interval\s*'?([+-]?)(\d{1,2}):(\d{2})(?::\d{2})?'?$/i.exec(text);
  if (interval !== null) return fixedOffset((interval[1] === '-' ? -1 : 1) * (Number(interval[2]) * 60 + Number(interval[3])));
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) {
    const minutes = Math.round(Number(text) * 60);
    if (Math.abs(minutes) > 167 * 60) throw invalid('TimeZone', value);
    return fixedOffset(minutes);
  }
  const zone = findTimeZone(value);
  if (zone === undefined) throw invalid('TimeZone', value);
  return zone.name;
}

/** PostgreSQL's name for so many minutes east: `<-08>+08`, `<+05:30>-05:30` (POSIX counts westward behind the brackets). */
export function fixedOffset(minutesEast: number): string {
  const minutes = Math.abs(minutesEast);
  const clock = String(Math.floor(minutes / 60)).padStart(2, '0') + (minutes % 60 === 0 ? '' : `:${String(minutes % 60).padStart(2, '0')}`);
  return minutesEast < 0 ? `<-${clock}>+${clock}` : `<+${clock}>-${clock}`;
}

export function parseDateStyle(value: string, before: string): DateStyle {
  const current = splitDateStyle(before);
  let format: DateStyle['format'] | undefined;
  let order: DateStyle['order'] | undefined;
  const conflict = (): SqlError => invalid('DateStyle', value, 'Conflicting "datestyle" specifications.');
  const setFormat = (to: DateStyle['format']): void => {
    if (format !== undefined && format !== to) throw conflict();
    format = to;
  };
  const setOrder = (to: DateStyle['order']): void => {
    if (order !== undefined && order !== to) throw conflict();
    order = to;
  };
  for (const word of value.split(',').map((part) => part.trim())) {
    const name = word.toLowerCase();
    if (name === 'iso') setFormat('ISO');
    else if (name === 'sql') setFormat('SQL');
    else if (name.startsWith('postgres')) setFormat('Postgres');
    else if (name === 'german') {
      setFormat('German');
      order ??= 'DMY';
    } else if (name === 'ymd') setOrder('YMD');
    else if (name === 'dmy' || name.startsWith('euro')) setOrder('DMY');
    else if (name === 'mdy' || name === 'us' || name.startsWith('noneuro')) setOrder('MDY');
    else if (name === 'default') {
      format ??= 'ISO';
      order ??= 'MDY';
    } else throw invalid('DateStyle', value, `Unrecognized key word: "${word}".`);
  }
  return { format: format ?? current.format, order: order ?? current.order };
}

export const formatDateStyle = (style: DateStyle): string => `${style.format}, ${style.order}`;

/** Of a value that formatDateStyle has written. */
export function splitDateStyle(value: string): DateStyle {
  const [format, order] = value.split(', ');
  return { format: format as DateStyle['format'], order: order as DateStyle['order'] };
}
