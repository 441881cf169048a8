/**
 * Time zones that their own name defines, as POSIX has them: `EST5EDT,M3.2.0,M11.1.0`, `<+0330>-3:30`. Hours count WEST of Greenwich. A zone
 * with daylight saving and without rules has those of the United States since 2007, at all times.
 */
import { dateOfDays, dayOfWeek, daysInMonth, daysOfDate, isLeapYear, unixEpochDays } from './calendar.ts';

export type PosixZone = {
  /** Seconds east. */
  readonly standard: { readonly abbreviation: string; readonly offset: number };
  readonly daylight: PosixDaylight | undefined;
};

export type PosixDaylight = { readonly abbreviation: string; readonly offset: number; readonly begins: Rule; readonly ends: Rule };

/** A day of the year, and the second on it by the clock that shows then. */
type Rule = { readonly second: number } & (
  | { readonly kind: 'julian'; readonly day: number }
  | { readonly kind: 'dayOfYear'; readonly day: number }
  | { readonly kind: 'weekday'; readonly month: number; readonly week: number; readonly day: number }
);

const usualRules = ',M3.2.0,M11.1.0';
const twoHours = 7200;
const secondsPerDay = 86400;

/** undefined for what is no such zone. Names are in capitals, as PostgreSQL shows them. */
export function parsePosixZone(name: string): PosixZone | undefined {
  const reader = new Reader(name.toUpperCase());
  const standard = reader.zone(undefined);
  if (standard === undefined) return undefined;
  if (reader.atEnd) return { standard, daylight: undefined };
  const summer = reader.zone(standard.offset + 3600);
  if (summer === undefined) return undefined;
  const rules = reader.atEnd ? new Reader(usualRules) : reader;
  if (!rules.take(',') && !rules.take(';')) return undefined;
  const begins = rules.rule();
  if (begins === undefined || !rules.take(',')) return undefined;
  const ends = rules.rule();
  if (ends === undefined || !rules.atEnd) return undefined;
  return { standard, daylight: { ...summer, begins, ends } };
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  /** A name and how far west; without the distance it is the usual one, where there is one. */
  zone(usualOffset: number | undefined): { readonly abbreviation: string; readonly offset: number } | undefined {
    const quoted = this.#match(/<([^>]*)>/y);
    const abbreviation = quoted?.[1] ?? this.#match(/[^0-9,+-]*/y)?.[0] ?? '';
    const isNamed = quoted !== undefined || abbreviation !== '';
    if (usualOffset !== undefined && (!isNamed || this.atEnd || this.#text[this.#at] === ',' || this.#text[this.#at] === ';'))
      return isNamed ? { abbreviation, offset: usualOffset } : undefined;
    const west = this.#seconds();
    return west === undefined ? undefined : { abbreviation, offset: 0 - west };
  }

  /** [+-]hours[:minutes[:seconds]] */
  #seconds(): number | undefined {
    const match = this.#match(/([+-]?)([0-9]{1,9})(?::([0-9]{1,2})(?::([0-9]{1,2}))?)?/y);
    if (match === undefined) return undefined;
    const [, sign, hours, minutes = '0', seconds = '0'] = match;
    if (Number(hours) > 167 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
    const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? 0 - total : total;
  }

  rule(): Rule | undefined {
    const match = this.#match(/J([0-9]{1,3})|M([0-9]{1,2})\.([0-9])\.([0-9])|([0-9]{1,3})/y);
    if (match === undefined) return undefined;
    const second = this.take('/') ? this.#seconds() : twoHours;
    if (second === undefined) return undefined;
    const [julian, month, week, weekday, dayOfYear] = match.slice(1).map((digits) => (digits === undefined ? -1 : Number(digits)));
    if (julian >= 0) return julian >= 1 && julian <= 365 ? { kind: 'julian', day: julian, second } : undefined;
    if (dayOfYear >= 0) return dayOfYear <= 365 ? { kind: 'dayOfYear', day: dayOfYear, second } : undefined;
    const isRight = month >= 1 && month <= 12 && week >= 1 && week <= 5 && weekday <= 6;
    return isRight ? { kind: 'weekday', month, week, day: weekday, second } : undefined;
  }
}

/** Seconds from the year's beginning to the rule, by a clock that stands still at Greenwich. */
function secondsIntoYear(rule: Rule, year: number): number {
  switch (rule.kind) {
    case 'julian':
      // February the 29th has no number.
      return (rule.day - 1 + (isLeapYear(year) && rule.day >= 60 ? 1 : 0)) * secondsPerDay + rule.second;
    case 'dayOfYear':
      return rule.day * secondsPerDay + rule.second;
    case 'weekday': {
      const first = daysOfDate(year, rule.month, 1);
      const length = daysInMonth(year, rule.month);
      let day = (rule.day - dayOfWeek(first) + 7) % 7;
      for (let week = 1; week < rule.week && day + 7 < length; week++) day += 7;
      return (first - daysOfDate(year, 1, 1) + day) * secondsPerDay + rule.second;
    }
  }
}

type Transition = { readonly at: number; readonly isDst: boolean };

/** When daylight saving begins and ends in a year, in order; nothing where it fills the year. */
export function transitionsIn(year: number, { standard, daylight }: PosixZone): readonly Transition[] {
  if (daylight === undefined) return [];
  const yearStart = (daysOfDate(year, 1, 1) - unixEpochDays) * secondsPerDay;
  const begins = secondsIntoYear(daylight.begins, year) - standard.offset;
  const ends = secondsIntoYear(daylight.ends, year) - daylight.offset;
  const yearSeconds = (isLeapYear(year) ? 366 : 365) * secondsPerDay;
  if (begins <= ends && (begins === ends || ends - begins >= yearSeconds)) return [];
  const both: readonly Transition[] = [
    { at: yearStart + begins, isDst: true },
    { at: yearStart + ends, isDst: false },
  ];
  return begins < ends ? both : [both[1], both[0]];
}

export const yearOf = (unixSeconds: number): number => dateOfDays(Math.floor(unixSeconds / secondsPerDay) + unixEpochDays).year;
