/**
 * Time zones: IANA names, whose offsets are the runtime's and whose abbreviations are PostgreSQL's own, and those that their name defines
 * (`<+02>-02`, `UTC-3`, `EST5EDT,M3.2.0,M11.1.0`).
 *
 * Offsets are seconds east of Greenwich; seconds are Unix seconds. A zone remembers its transitions a span of time at a time,
 * since asking the runtime costs microseconds. Local mean time before a zone's first transition is kept to the second.
 */
import { pgTimezoneAbbreviations } from '../../postgres/pg-timezone-abbreviations.ts';
import { daysOfDate, unixEpochDays } from './calendar.ts';
import { type PosixDaylight, type PosixZone, parsePosixZone, transitionsIn, yearOf } from './posix-zone.ts';
import { abbreviationOf, firstOffsetCalled, onlyOffsetOf, spelledTimeZone, zoneOfAbbreviation } from './zone-abbreviations.ts';

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
  if (zone instanceof AbbreviatedZone) return zone.offsetOfLocal(localSeconds);
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

const zones = new Map<string, TimeZone>();
const zonesMax = 2000;

/** undefined where there is no such zone. Names are taken in any case. */
export function findTimeZone(name: string): TimeZone | undefined {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = makeTimeZone(name);
  // Wrong names come from clients without end; only right ones are worth remembering, and of those that define themselves there is no end either.
  if (zones.size >= zonesMax) zones.clear();
  if (zone !== undefined) zones.set(name, zone);
  return zone;
}

function makeTimeZone(name: string): TimeZone | undefined {
  const spelled = spelledTimeZone(name);
  if (spelled === undefined) return posixZone(name);
  const only = onlyOffsetOf(spelled);
  if (only !== undefined) return new FixedZone(spelled, only, abbreviationOf(spelled, only, 0)?.abbreviation ?? spelled);
  try {
    return new NamedZone(spelled);
  } catch (error) {
    // A zone that this runtime's database has not got.
    if (error instanceof RangeError) return posixZone(name);
    throw error;
  }
}

function posixZone(name: string): TimeZone | undefined {
  const zone = parsePosixZone(name);
  if (zone === undefined) return undefined;
  const { standard, daylight } = zone;
  const spelled = name.toUpperCase();
  return daylight === undefined ? new FixedZone(spelled, standard.offset, standard.abbreviation) : new RuledZone(spelled, zone, daylight);
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

/** A POSIX zone with daylight saving: its rules hold in every year. */
class RuledZone implements TimeZone {
  readonly name: string;
  readonly fixedOffset: number | undefined;
  readonly #zone: PosixZone;
  readonly #daylight: PosixDaylight;
  readonly #years = new Map<number, ReturnType<typeof transitionsIn>>();

  constructor(name: string, zone: PosixZone, daylight: PosixDaylight) {
    this.name = name;
    this.#zone = zone;
    this.#daylight = daylight;
    const neverEnds = [2000, 2001, 2002].every((year) => transitionsIn(year, zone).length === 0);
    this.fixedOffset = neverEnds ? daylight.offset : undefined;
  }

  #transitions(year: number): ReturnType<typeof transitionsIn> {
    let found = this.#years.get(year);
    if (found === undefined) {
      found = transitionsIn(year, this.#zone);
      if (this.#years.size > 1000) this.#years.clear();
      this.#years.set(year, found);
    }
    return found;
  }

  isDaylightSaving(unixSeconds: number): boolean {
    const year = yearOf(unixSeconds);
    for (let back = year + 1; back >= year - 2; back--) {
      const last = this.#transitions(back).findLast(({ at }) => at <= unixSeconds);
      if (last !== undefined) return last.isDst;
    }
    return true;
  }

  offsetAt(unixSeconds: number): number {
    return this.isDaylightSaving(unixSeconds) ? this.#daylight.offset : this.#zone.standard.offset;
  }

  abbreviationAt(unixSeconds: number): string {
    return this.isDaylightSaving(unixSeconds) ? this.#daylight.abbreviation : this.#zone.standard.abbreviation;
  }
}

/** One remembered stretch is so many seconds, and is looked at in so many places. */
const spanSeconds = 366 * 86400;
const stepSeconds = spanSeconds / 48;
/** Before, zones are at local mean time. */
const firstSecond = secondsOfYear(1800);
/** For 400 years before it the rules of a zone have not changed, and they repeat with the calendar ever after. */
const lastSecond = secondsOfYear(2440);
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
    return abbreviationOf(this.name, this.offsetAt(unixSeconds), unixSeconds)?.isDst ?? false;
  }

  abbreviationAt(unixSeconds: number): string {
    const offset = this.offsetAt(unixSeconds);
    return abbreviationOf(this.name, offset, unixSeconds)?.abbreviation ?? signedHours(offset);
  }
}

/** What an offset without letters is called. */
function signedHours(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${hours}${rest}`;
}

/** What a zone has called so: at a time when it used another name, the offset that first had this one, and of a name that it never used its own. */
class AbbreviatedZone implements TimeZone {
  readonly name: string;
  readonly fixedOffset = undefined;
  readonly zone: TimeZone;
  readonly #usual: number | undefined;

  constructor(word: string, zone: TimeZone) {
    this.name = word;
    this.zone = zone;
    this.#usual = firstOffsetCalled(zone.name, word);
  }

  offsetAt(unixSeconds: number): number {
    const own = this.zone.offsetAt(unixSeconds);
    return this.#usual === undefined || this.zone.abbreviationAt(unixSeconds) === this.name ? own : this.#usual;
  }

  /** The offset where the zone's own clock shows this. */
  offsetOfLocal(localSeconds: number): number {
    return this.offsetAt(localSeconds - offsetOfLocal(this.zone, localSeconds));
  }

  abbreviationAt(): string {
    return this.name;
  }

  isDaylightSaving(unixSeconds: number): boolean {
    return this.zone.isDaylightSaving(unixSeconds);
  }
}

/** An abbreviation that follows a zone through its history; undefined for all others. */
export function findFollowedAbbreviation(word: string): AbbreviatedZone | undefined {
  const name = zoneOfAbbreviation(word);
  const zone = name === undefined ? undefined : findTimeZone(name);
  return zone === undefined ? undefined : new AbbreviatedZone(word.toUpperCase(), zone);
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
