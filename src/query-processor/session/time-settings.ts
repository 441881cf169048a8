/** TimeZone and DateStyle: how their values are read, checked and written. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Settings } from '#sql/settings.ts';

export type DateStyle = Settings['dateStyle'];

const invalid = (name: string, value: string, detail?: string): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, `invalid value for parameter "${name}": "${value}"`, detail === undefined ? {} : { detail });

/** An IANA name, a POSIX zone (`EST5`, `<-08>+08`), `+05:30`, or hours east of Greenwich as a number. Gives the name that SHOW prints. */
export function parseTimeZone(value: string): string {
  const text = value.trim();
  const interval = /^interval\s*'?([+-]?)(\d{1,2}):(\d{2})(?::\d{2})?'?$/i.exec(text);
  if (interval !== null) return fixedOffset((interval[1] === '-' ? -1 : 1) * (Number(interval[2]) * 60 + Number(interval[3])));
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) {
    const minutes = Math.round(Number(text) * 60);
    if (Math.abs(minutes) > 167 * 60) throw invalid('TimeZone', value);
    return fixedOffset(minutes);
  }
  if (/^[+-]\d{1,3}(:\d{2}){0,2}$/.test(text)) return text;
  if (/^(<[A-Za-z0-9+-]{3,}>|[A-Za-z]{3,})[+-]?\d{1,3}(:\d{2}){0,2}$/.test(text)) return text;
  const name = ianaName(text);
  if (name === undefined) throw invalid('TimeZone', value);
  return name;
}

/** PostgreSQL's name for so many minutes east: `<-08>+08`, `<+05:30>-05:30` (POSIX counts westward behind the brackets). */
export function fixedOffset(minutesEast: number): string {
  const minutes = Math.abs(minutesEast);
  const clock = String(Math.floor(minutes / 60)).padStart(2, '0') + (minutes % 60 === 0 ? '' : `:${String(minutes % 60).padStart(2, '0')}`);
  return minutesEast < 0 ? `<-${clock}>+${clock}` : `<+${clock}>-${clock}`;
}

const fixedNames: Readonly<Record<string, string>> = {
  utc: 'UTC',
  gmt: 'GMT',
  uct: 'UCT',
  zulu: 'Zulu',
  greenwich: 'Greenwich',
  universal: 'Universal',
};
const known = new Map<string, string | undefined>();

function ianaName(text: string): string | undefined {
  const key = text.toLowerCase();
  const fixed = fixedNames[key];
  if (fixed !== undefined) return fixed;
  if (!known.has(key)) {
    if (known.size > 1000) known.clear();
    known.set(key, findIanaName(text));
  }
  return known.get(key);
}

let canonicalNames: Map<string, string> | undefined;

function findIanaName(text: string): string | undefined {
  canonicalNames ??= new Map(Intl.supportedValuesOf('timeZone').map((name) => [name.toLowerCase(), name]));
  const canonical = canonicalNames.get(text.toLowerCase());
  if (canonical !== undefined) return canonical;
  if (!/^[A-Za-z][\w+/-]*$/.test(text)) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  // An alias, which Intl resolves to another name: PostgreSQL keeps the alias, in the spelling of the time zone database.
  return text.includes('/') ? text.replace(/[A-Za-z]+/g, (word) => word[0].toUpperCase() + word.slice(1).toLowerCase()) : spelled(text);
}

const spelled = (text: string): string => (/^[a-z]{3,4}(\d[a-z]{3})?$/i.test(text) ? text.toUpperCase() : text);

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
