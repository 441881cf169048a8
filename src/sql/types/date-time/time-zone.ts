/**
 * Time zones: IANA names through the runtime's own database, fixed offsets as PostgreSQL writes them (`<+02>-02`, `UTC-3`).
 *
 * Offsets are seconds east of Greenwich; seconds are Unix seconds. A zone remembers its transitions a span of time at a time,
 * since asking the runtime costs microseconds. Local mean time before a zone's first transition is kept to the second.
 */
import { pgTimezoneAbbreviations } from '../../postgres/pg-timezone-abbreviations.ts';
import { dateOfDays, daysOfDate, unixEpochDays } from './calendar.ts';

export interface TimeZone {
  readonly name: string;
  /** The offset at all times, where there is one; undefined for zones with transitions. */
  readonly fixedOffset: number | undefined;
  offsetAt(unixSeconds: number): number;
  /** PST, CEST or the like; a signed number of hours where a zone has no letters. */
  abbreviationAt(unixSeconds: number): string;
  isDaylightSaving(unixSeconds: number): boolean;
}

/**
 * The offset of a local time given as if it were UTC. Of the two times that a clock shows twice the later is meant; a time that
 * is skipped is read with the offset from before.
 */
export function offsetOfLocal(zone: TimeZone, localSeconds: number): number {
  if (zone.fixedOffset !== undefined) return zone.fixedOffset;
  const before = zone.offsetAt(localSeconds - 86400);
  const after = zone.offsetAt(localSeconds + 86400);
  if (before === after) {
    const now = zone.offsetAt(localSeconds - before);
    if (now === before) return before;
    // A pair of transitions within two days: the usual case does not come here.
    return zone.offsetAt(localSeconds - now) === now ? now : before;
  }
  const beforeHolds = zone.offsetAt(localSeconds - before) === before;
  const afterHolds = zone.offsetAt(localSeconds - after) === after;
  return afterHolds ? after : beforeHolds ? before : before;
}

const zones = new Map<string, TimeZone | undefined>();

/** undefined where there is no such zone. Names are taken in any case. */
export function findTimeZone(name: string): TimeZone | undefined {
  if (zones.has(name)) return zones.get(name);
  const zone = makeTimeZone(name);
  // Wrong names come from clients without end; only right ones are worth remembering.
  if (zone !== undefined) zones.set(name, zone);
  return zone;
}

function makeTimeZone(name: string): TimeZone | undefined {
  const word = name.toUpperCase();
  if (utcNames.has(word)) return new FixedZone(word === 'ETC/UTC' ? 'Etc/UTC' : word, 0, word === 'GMT' ? 'GMT' : 'UTC');
  if (/^[A-Za-z]+[A-Za-z0-9_+\-/]*$/.test(name)) {
    try {
      const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
      return new NamedZone(canonicalCase(name, timeZone));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return fixedZone(name);
}

const utcNames: ReadonlySet<string> = new Set(['UTC', 'GMT', 'UCT', 'ZULU', 'UNIVERSAL', 'ETC/UTC', 'ETC/UCT', 'ETC/GMT', 'GREENWICH']);

/** The runtime may answer with another name of the same zone; PostgreSQL keeps the one that was asked for, in its usual case. */
function canonicalCase(asked: string, answered: string): string {
  if (asked.toLowerCase() === answered.toLowerCase()) return answered;
  if (asked !== asked.toLowerCase() && asked !== asked.toUpperCase()) return asked;
  return asked.toLowerCase().replace(/(^|[/_-])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}

/** POSIX form: a name of any letters, then hours WEST of Greenwich. */
function fixedZone(name: string): TimeZone | undefined {
  const match = /^(?:<([^>]+)>|([^0-9,+\-<]+))([+-]?)([0-9]{1,9})(?::([0-9]{1,2})(?::([0-9]{1,2}))?)?$/.exec(name);
  if (match === null) return undefined;
  const [, quoted, plain, sign, hours, minutes = '0', seconds = '0'] = match;
  if (Number(hours) > 167 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const west = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return new FixedZone(name, sign === '-' ? west : 0 - west, quoted ?? plain);
}

class FixedZone implements TimeZone {
  readonly name: string;
  readonly fixedOffset: number;
  readonly #abbreviation: string;

  constructor(name: string, offset: number, abbreviation: string) {
    this.name = name;
    this.fixedOffset = offset === 0 ? 0 : offset;
    this.#abbreviation = abbreviation;
  }

  offsetAt(): number {
    return this.fixedOffset;
  }

  abbreviationAt(): string {
    return this.#abbreviation;
  }

  isDaylightSaving(): boolean {
    return false;
  }
}

/** One remembered stretch is so many seconds, and is looked at in so many places. */
const spanSeconds = 366 * 86400;
const stepSeconds = spanSeconds / 48;
/** Before, zones are at local mean time. */
const firstSecond = secondsOfYear(1800);
/** From here on the rules of a zone do not change, and repeat with the calendar every 400 years. */
const lastSecond = secondsOfYear(2400);
const cycleSeconds = 146097 * 86400;

function secondsOfYear(year: number): number {
  return (daysOfDate(year, 1, 1) - unixEpochDays) * 86400;
}

type Span = { readonly starts: readonly number[]; readonly offsets: readonly number[] };

class NamedZone implements TimeZone {
  readonly name: string;
  readonly fixedOffset = undefined;
  readonly #spans = new Map<number, Span>();
  readonly #clock: Intl.DateTimeFormat;
  readonly #abbreviations = new Map<string, string>();

  constructor(name: string) {
    this.name = name;
    this.#clock = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Hot: one look into a map and, nearly always, one comparison. */
  offsetAt(unixSeconds: number): number {
    const seconds = this.#withinCycle(unixSeconds);
    const number = Math.floor(seconds / spanSeconds);
    let span = this.#spans.get(number);
    if (span === undefined) {
      span = this.#look(number * spanSeconds);
      this.#spans.set(number, span);
    }
    const { starts, offsets } = span;
    let at = starts.length - 1;
    while (at > 0 && starts[at] > seconds) at--;
    return offsets[at];
  }

  #withinCycle(unixSeconds: number): number {
    const seconds = Math.max(firstSecond, Math.floor(unixSeconds));
    return seconds < lastSecond ? seconds : lastSecond - cycleSeconds + ((seconds - lastSecond) % cycleSeconds);
  }

  /** The transitions of the span that begins at `start`. */
  #look(start: number): Span {
    const starts = [start];
    const offsets = [this.#ask(start)];
    let known = start;
    let offset = offsets[0];
    for (let next = start + stepSeconds; known < start + spanSeconds; next += stepSeconds) {
      const there = this.#ask(next);
      if (there !== offset) {
        let low = known;
        let high = next;
        while (high - low > 1) {
          const middle = Math.floor((low + high) / 2);
          if (this.#ask(middle) === offset) low = middle;
          else high = middle;
        }
        offset = this.#ask(high);
        starts.push(high);
        offsets.push(offset);
        known = high;
        next -= stepSeconds;
      } else known = next;
    }
    return { starts, offsets };
  }

  /** What a wall clock in the zone shows, less what one in Greenwich shows. */
  #ask(unixSeconds: number): number {
    const shown = /(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)/.exec(this.#clock.format(unixSeconds * 1000));
    if (shown === null) return 0;
    const [, month, day, year, hour, minute, second] = shown;
    const days = daysOfDate(Number(year), Number(month), Number(day)) - unixEpochDays;
    return days * 86400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - unixSeconds;
  }

  isDaylightSaving(unixSeconds: number): boolean {
    const { year } = dateOfDays(Math.floor(unixSeconds / 86400) + unixEpochDays);
    const winter = this.offsetAt(secondsOfYear(year));
    const summer = this.offsetAt(secondsOfYear(year) + 182 * 86400);
    return winter !== summer && this.offsetAt(unixSeconds) === Math.max(winter, summer);
  }

  abbreviationAt(unixSeconds: number): string {
    const offset = this.offsetAt(unixSeconds);
    const isDst = this.isDaylightSaving(unixSeconds);
    const key = `${offset}/${isDst}`;
    let abbreviation = this.#abbreviations.get(key);
    if (abbreviation === undefined) {
      abbreviation = this.#abbreviate(this.#withinCycle(unixSeconds), offset, isDst);
      this.#abbreviations.set(key, abbreviation);
    }
    return abbreviation;
  }

  /** Each locale knows the letters of its own part of the world only. */
  #abbreviate(unixSeconds: number, offset: number, isDst: boolean): string {
    if (offset % 60 !== 0) return 'LMT';
    const known = alphabetic.get(`${zoneFamily(this.name)}/${offset}/${isDst}`);
    if (known !== undefined) return known;
    // The runtime has no letters for days before 1970: it is asked of a day since then that is alike.
    const moment = recentDays.find((day) => this.offsetAt(day) === offset && this.isDaylightSaving(day) === isDst) ?? unixSeconds;
    for (const locale of ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'ja-JP', 'ko-KR', 'en-CA', 'he-IL']) {
      const parts = new Intl.DateTimeFormat(locale, { timeZone: this.name, timeZoneName: 'short' }).formatToParts(moment * 1000);
      const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
      if (/^[A-Z]{3,5}$/.test(name)) return name;
    }
    const minutes = Math.abs(offset) / 60;
    const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
    const rest = minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0');
    return `${offset < 0 ? '-' : '+'}${hours}${rest}`;
  }
}

/** In winter and in summer of a few years. */
const recentDays = [2024, 2015, 2005, 1990, 1980, 1971].flatMap((year) => [
  secondsOfYear(year) + 10 * 86400,
  secondsOfYear(year) + 190 * 86400,
]);

/** Zones whose letters the runtime's locales do not tell. */
const alphabetic: ReadonlyMap<string, string> = new Map([
  ['Europe/0/false', 'WET'],
  ['Europe/3600/true', 'WEST'],
  ['Europe/3600/false', 'CET'],
  ['Europe/7200/true', 'CEST'],
  ['Europe/7200/false', 'EET'],
  ['Europe/10800/true', 'EEST'],
  ['Asia/Shanghai/28800/false', 'CST'],
  ['Asia/Hong_Kong/28800/false', 'HKT'],
  ['Asia/Manila/28800/false', 'PST'],
  ['Asia/Taipei/28800/false', 'CST'],
  ['Asia/Tokyo/32400/false', 'JST'],
  ['Asia/Seoul/32400/false', 'KST'],
  ['Asia/Kolkata/19800/false', 'IST'],
  ['Asia/Calcutta/19800/false', 'IST'],
  ['Asia/Karachi/18000/false', 'PKT'],
  ['Asia/Jerusalem/7200/false', 'IST'],
  ['Asia/Jerusalem/10800/true', 'IDT'],
  ['Africa/Cairo/7200/false', 'EET'],
  ['Africa/Cairo/10800/true', 'EEST'],
  ['Africa/Johannesburg/7200/false', 'SAST'],
  ['Africa/Lagos/3600/false', 'WAT'],
  ['Africa/Nairobi/10800/false', 'EAT'],
]);

function zoneFamily(name: string): string {
  const ownRules =
    /^Europe\/(London|Dublin|Belfast|Jersey|Guernsey|Isle_of_Man|Moscow|Istanbul|Minsk|Samara|Volgograd|Kirov|Saratov|Ulyanovsk|Astrakhan)$/;
  return name.startsWith('Europe/') && !ownRules.test(name) ? 'Europe' : name;
}

export type ZoneAbbreviation = { readonly offset: number; readonly isDst: boolean };

let abbreviations: Map<string, ZoneAbbreviation> | undefined;

/** An abbreviation of PostgreSQL's default set, in any case. */
export function findAbbreviation(word: string): ZoneAbbreviation | undefined {
  abbreviations ??= new Map(
    pgTimezoneAbbreviations.map((row) => [row.abbreviation.toLowerCase(), { offset: row.offsetSeconds, isDst: row.isDst }]),
  );
  return abbreviations.get(word.toLowerCase());
}
