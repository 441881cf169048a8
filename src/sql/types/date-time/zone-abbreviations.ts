/** What PostgreSQL's time zone files say and the runtime does not tell: the zones' names as they are spelled, and what an offset was called when. */
import { pgTimeZones } from '../../postgres/pg-time-zones.ts';

type Stretch = { readonly abbreviation: string; readonly isDst: boolean; readonly offset: number; readonly since: number };

type Zone = { readonly name: string; readonly line: string };

/** By the name in small letters. */
let zones: Map<string, Zone> | undefined;
const stretches = new Map<string, readonly Stretch[]>();

function zonesByName(): Map<string, Zone> {
  if (zones !== undefined) return zones;
  zones = new Map();
  for (const line of pgTimeZones.trim().split('\n')) {
    const tab = line.indexOf('\t');
    const name = line.slice(0, tab);
    zones.set(name.toLowerCase(), { name, line: line.slice(tab + 1) });
  }
  return zones;
}

/** The names of all zones, in order. */
export const timeZoneNames = (): readonly string[] => [...zonesByName().values()].map(({ name }) => name);

/** As PostgreSQL spells the name; undefined where there is no such zone. */
export const spelledTimeZone = (name: string): string | undefined => zonesByName().get(name.toLowerCase())?.name;

function stretchesOf(name: string): readonly Stretch[] {
  let found = stretches.get(name);
  if (found === undefined) {
    const line = zonesByName().get(name.toLowerCase())?.line ?? '';
    found = line.startsWith('=') ? stretchesOf(line.slice(1)) : line.split(',').map(readStretch);
    stretches.set(name, found);
  }
  return found;
}

function readStretch(text: string): Stretch {
  const [word, offset, since] = text.split(' ');
  const isDst = word.endsWith('*');
  return {
    abbreviation: isDst ? word.slice(0, -1) : word,
    isDst,
    offset: Number(offset),
    since: since === undefined ? Number.NEGATIVE_INFINITY : Number(since),
  };
}

/** What `offset` was called in a zone at a time; undefined where the files know of no such offset. */
export function abbreviationOf(zone: string, offset: number, unixSeconds: number): Pick<Stretch, 'abbreviation' | 'isDst'> | undefined {
  return stretchesOf(zone).findLast((stretch) => stretch.offset === offset && stretch.since <= unixSeconds);
}

/** Abbreviations of PostgreSQL's default set that mean what a zone called so at the time: `MSK` has been three hours and four. */
const followed: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['ART', 'ARST'].map((word) => [word, 'America/Argentina/Buenos_Aires'])),
  ...{ CLT: 'America/Santiago', GYT: 'America/Guyana', PYT: 'America/Asuncion', VET: 'America/Caracas' },
  ...{ DAVT: 'Antarctica/Davis', MAWT: 'Antarctica/Mawson', AMST: 'Asia/Yerevan', ANAST: 'Asia/Anadyr', ANAT: 'Asia/Anadyr' },
  ...{ AZST: 'Asia/Baku', AZT: 'Asia/Baku', GEST: 'Asia/Tbilisi', GET: 'Asia/Tbilisi', IRKST: 'Asia/Irkutsk', IRKT: 'Asia/Irkutsk' },
  ...{ KGT: 'Asia/Bishkek', KRAST: 'Asia/Krasnoyarsk', KRAT: 'Asia/Krasnoyarsk', LKT: 'Asia/Colombo', MAGST: 'Asia/Magadan' },
  ...{ MAGT: 'Asia/Magadan', NOVST: 'Asia/Novosibirsk', NOVT: 'Asia/Novosibirsk', OMSST: 'Asia/Omsk', OMST: 'Asia/Omsk' },
  ...{ PETST: 'Asia/Kamchatka', PETT: 'Asia/Kamchatka', SGT: 'Asia/Singapore', TMT: 'Asia/Ashgabat', ULAT: 'Asia/Ulaanbaatar' },
  ...{ VLAST: 'Asia/Vladivostok', VLAT: 'Asia/Vladivostok', YAKST: 'Asia/Yakutsk', YAKT: 'Asia/Yakutsk', YEKT: 'Asia/Yekaterinburg' },
  ...{ FKST: 'Atlantic/Stanley', FKT: 'Atlantic/Stanley', LHDT: 'Australia/Lord_Howe', MSK: 'Europe/Moscow', VOLT: 'Europe/Volgograd' },
  ...{ IOT: 'Indian/Chagos', CKT: 'Pacific/Rarotonga', EASST: 'Pacific/Easter', EAST: 'Pacific/Easter', KOST: 'Pacific/Kosrae' },
  ...{ LINT: 'Pacific/Kiritimati', NUT: 'Pacific/Niue', TKT: 'Pacific/Fakaofo' },
};

/** The zone whose history an abbreviation follows, if it does. */
export const zoneOfAbbreviation = (word: string): string | undefined => followed[word.toUpperCase()];

/** The offset that a zone first called so; undefined where it never did. */
export const firstOffsetCalled = (zone: string, abbreviation: string): number | undefined =>
  stretchesOf(zone).find((stretch) => stretch.abbreviation === abbreviation)?.offset;

/** The one offset that a zone has had at all times; undefined for zones with more. */
export function onlyOffsetOf(zone: string): number | undefined {
  const [first, ...others] = stretchesOf(zone);
  return others.length === 0 && !Number.isNaN(first.offset) ? first.offset : undefined;
}
