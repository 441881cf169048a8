/** Dates, times and intervals: random spellings read under every DateStyle and IntervalStyle, and what is computed of them. */
import type { Random } from '../random.ts';
import { type Battery, quoted } from './battery.ts';

const months = ['Jan', 'February', 'mar', 'APRIL', 'may', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'nov', 'December', 'XI', 'Foo'];
const weekdays = ['Mon', 'Tuesday', 'wed', 'Thur', 'fri', 'Sat', 'Sunday'];
const zones = [
  ...['Z', 'UTC', 'GMT', 'EST', 'edt', 'PST8PDT', 'America/New_York', 'europe/berlin', 'Asia/Kolkata', 'BST', 'CET', 'zulu', 'LMT', 'AKST'],
  ...[
    '+00',
    '-08',
    '+05:30',
    '-03:30:15',
    '+0530',
    '+15:59',
    '-16',
    '+16:01',
    'UTC+3',
    'GMT-2',
    'EST5EDT',
    'Etc/GMT+5',
    'FOO',
    '+1',
    'UTC-03:30',
  ],
];

const two = (number: number): string => String(number).padStart(2, '0');

function date(random: Random): string {
  const year = random.pick([1, 4, 99, 1582, 1752, 1900, 1969, 1999, 2000, 2024, 2023, 2026, 2038, 9999, 12345, 294276, 4713, 5874897, 0]);
  const [month, day] = [
    random.chance(0.95) ? random.int(1, 12) : random.int(0, 14),
    random.chance(0.95) ? random.int(1, 28) : random.int(0, 33),
  ];
  const name = random.pick(months);
  const separator = random.pick(['-', '/', '.', ' ', '']);
  const full = String(year).padStart(4, '0');
  const forms: readonly (() => string)[] = [
    () => `${full}-${two(month)}-${two(day)}`,
    () => `${full}-${month}-${day}`,
    () => [full, two(month), two(day)].join(separator),
    () => [two(month), two(day), full].join(separator),
    () => [two(day), two(month), two(year % 100)].join(separator),
    () => [two(random.int(0, 99)), two(month), two(day)].join(separator),
    () => `${name}${separator}${day}${separator}${year}`,
    () => `${day}${separator}${name}${separator}${year}`,
    () => `${name} ${day}, ${year}`,
    () => `${year}${separator}${name}${separator}${day}`,
    () => `${random.pick(weekdays)} ${name} ${day} ${year}`,
    () => `${year}.${String(random.int(1, 366)).padStart(3, '0')}`,
    () => `J${random.int(0, 2500000)}`,
    () => `julian ${random.int(0, 5000000)}`,
    () => `${two(year % 100)}${two(month)}${two(day)}`,
    () => `${full}${two(month)}${two(day)}`,
    () => `y${year}m${month}d${day}`,
    () => `${full}-W${two(random.int(0, 53))}-${random.int(0, 8)}`,
    () => random.pick(['infinity', '-infinity', 'epoch', '+infinity', 'Infinity', 'inf', 'now', 'allballs']).replace('now', 'epoch'),
    () => `${name} ${day}`,
    () => `${month}/${day}`,
  ];
  return random.pick(forms)() + (random.chance(0.1) ? random.pick([' BC', ' AD', ' bc', 'BC']) : '');
}

function time(random: Random): string {
  const [hour, minute] = [random.chance(0.95) ? random.int(0, 23) : random.int(24, 25), random.chance(0.97) ? random.int(0, 59) : 60];
  const second = random.chance(0.96) ? random.int(0, 59) : random.int(60, 61);
  const fraction = random.pick(['', '', '.5', '.123456', '.1234567', '.999999', '.9999999', '.', '.000001']);
  const forms: readonly (() => string)[] = [
    () => `${two(hour)}:${two(minute)}:${two(second)}${fraction}`,
    () => `${two(hour)}:${two(minute)}:${two(second)}${fraction}`,
    () => `${hour}:${minute}`,
    () => `${two(hour)}${two(minute)}${two(second)}${fraction}`,
    () => `${two(hour)}${two(minute)}`,
    () => `${hour % 13}:${two(minute)} ${random.pick(['am', 'PM', 'a.m.', 'pm'])}`,
    () => `${hour % 13}${random.pick(['am', 'pm', ' PM'])}`,
    () => `T${two(hour)}${two(minute)}${two(second)}`,
    () => `${two(minute)}:${two(second)}${fraction}`,
    () => random.pick(['allballs', '24:00:00', '24:00:00.1', '23:59:60', '00:00:60', '12:00 am', '12:30:00 PM']),
    () => `T${two(hour)}:${two(minute)}:${two(second)}${fraction}`,
  ];
  return random.pick(forms)();
}

const zone = (random: Random): string => (random.chance(0.5) ? '' : random.pick(['', ' ']) + random.pick(zones));

function moment(random: Random): string {
  const parts = [date(random) + (random.chance(0.05) ? random.pick(zones) : ''), random.chance(0.8) ? time(random) + zone(random) : ''];
  const joined = random.chance(0.93) ? parts.join(random.pick([' ', ' ', 'T', '  '])) : parts.reverse().join(' ');
  return (random.chance(0.04) ? `${random.pick(weekdays)} ` : '') + joined;
}

const unitsOfIntervals = [
  ...[
    'year',
    'years',
    'y',
    'mon',
    'month',
    'months',
    'day',
    'd',
    'days',
    'h',
    'hour',
    'hr',
    'm',
    'min',
    'mins',
    'minute',
    's',
    'sec',
    'secs',
    'second',
  ],
  ...[
    'ms',
    'msec',
    'us',
    'usec',
    'week',
    'w',
    'weeks',
    'decade',
    'decades',
    'century',
    'c',
    'millennium',
    'mil',
    'quarter',
    'foo',
    'timezone',
  ],
];
const amount = (random: Random): string =>
  random.pick(['', '', '-', '+']) +
  random.pick([
    '0',
    '1',
    '2',
    '3',
    '11',
    '12',
    '13',
    '25',
    '59',
    '61',
    '100',
    '1.5',
    '0.5',
    '.25',
    '1.',
    '2.123456789',
    '0.000001',
    '1e3',
    '2147483648',
    '178000000',
    '99999999999',
  ]);

function interval(random: Random): string {
  const sign = () => random.pick(['', '', '-', '+']);
  const forms: readonly (() => string)[] = [
    () => random.times(random.int(1, 4), () => `${amount(random)}${random.pick([' ', ''])}${random.pick(unitsOfIntervals)}`).join(' '),
    () =>
      `${amount(random)} ${random.pick(unitsOfIntervals)} ${sign()}${random.int(0, 30)}:${two(random.int(0, 62))}${random.pick(['', ':07', ':07.5', ':59.9999999'])}`,
    () => `${sign()}${random.int(0, 200)}-${random.int(0, 13)}${random.pick(['', ' 3', ' -3', ' 3 4:05:06', ' -3 -4:05:06', ' +3 -4'])}`,
    () => `${sign()}${random.int(0, 300)}:${two(random.int(0, 61))}${random.pick(['', ':01', ':60', ':59.999', ':1.5', ':61'])}`,
    () =>
      `${sign()}P${random.times(random.int(0, 3), () => `${sign()}${random.pick(['1', '2', '13', '1.5', '0.25', ''])}${random.pick(['Y', 'M', 'W', 'D'])}`).join('')}${random.pick(['', 'T', 'T1H', 'T-1.5H', 'T2M', 'T3.5S', 'T1H2M3S', 'T5'])}`,
    () =>
      `P${two(random.int(0, 99))}${two(random.int(0, 99))}-${two(random.int(0, 12))}-${two(random.int(0, 31))}${random.pick(['', 'T04:05:06', 'T040506', 'T04'])}`,
    () =>
      `@ ${amount(random)} ${random.pick(unitsOfIntervals)} ${amount(random)} ${random.pick(unitsOfIntervals)}${random.pick(['', ' ago'])}`,
    () => amount(random),
    () =>
      random.pick([
        'infinity',
        '-infinity',
        '',
        ' ',
        'P',
        '@',
        'ago',
        '1 ago',
        'PT',
        '1 day ago 1 hour',
        '3 4:05',
        '-1 +02:03',
        '1-2 3 4:5:6',
        'epoch',
      ]),
  ];
  return random.pick(forms)();
}

const fieldsOfIntervals = [
  ...[
    '',
    '',
    '',
    '',
    ' YEAR',
    ' MONTH',
    ' DAY',
    ' HOUR',
    ' MINUTE',
    ' SECOND',
    ' YEAR TO MONTH',
    ' DAY TO HOUR',
    ' DAY TO MINUTE',
    ' DAY TO SECOND',
  ],
  ...[' HOUR TO MINUTE', ' HOUR TO SECOND', ' MINUTE TO SECOND', ' SECOND(2)', ' DAY TO SECOND(3)'],
];
const types = ['date', 'timestamp', 'timestamptz', 'time', 'timetz', 'timestamp(0)', 'timestamptz(3)', 'time(2)', 'timetz(4)'];
const fields = [
  ...[
    'century',
    'day',
    'decade',
    'dow',
    'doy',
    'epoch',
    'hour',
    'isodow',
    'isoyear',
    'julian',
    'microseconds',
    'millennium',
    'milliseconds',
    'minute',
  ],
  ...[
    'month',
    'quarter',
    'second',
    'timezone',
    'timezone_hour',
    'timezone_minute',
    'week',
    'year',
    'foo',
    'usec',
    'yr',
    'decades',
    'HOURS',
    'm',
    'y',
    'd',
    'tz',
  ],
];
const settings = {
  timezone: [
    'UTC',
    'America/New_York',
    'Asia/Kolkata',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'PST8PDT',
    '-3.5',
    'CET-1CEST,M3.5.0,M10.5.0/3',
  ],
  datestyle: ['ISO, MDY', 'ISO, DMY', 'ISO, YMD', 'SQL, MDY', 'SQL, DMY', 'German, DMY', 'Postgres, MDY', 'Postgres, DMY', 'Postgres, YMD'],
  intervalstyle: ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'],
};

const clockOrMoment = (random: Random, type: string): string =>
  quoted(type.startsWith('time') && !type.startsWith('times') ? time(random) + zone(random) : moment(random));

export const dateTimeInput: Battery = {
  name: 'date and time input',
  settings,
  statement(random) {
    const type = random.pick(types);
    const text = type.startsWith('date')
      ? quoted(random.chance(0.7) ? date(random) : moment(random))
      : random.chance(0.3)
        ? quoted(moment(random))
        : clockOrMoment(random, type);
    return `SELECT ${text}::${type} AS v`;
  },
};

export const intervals: Battery = {
  name: 'intervals',
  settings,
  statement(random) {
    const value = () => `interval ${quoted(interval(random))}${random.pick(fieldsOfIntervals)}`;
    const forms: readonly (() => string)[] = [
      value,
      value,
      value,
      () => `${value()} ${random.pick(['+', '-', '=', '<', '>='])} ${value()}`,
      () => `${value()} ${random.pick(['*', '/'])} ${random.pick(['2', '0.5', '-1.5', '1e10', '3', '0.333'])}`,
      () => `extract(${random.pick(fields)} FROM ${value()})`,
      () => `date_part(${quoted(random.pick(fields))}, ${value()})`,
      () => `date_trunc(${quoted(random.pick(fields))}, ${value()})`,
      () => `${random.pick(['justify_days', 'justify_hours', 'justify_interval', '-', 'isfinite'])}(${value()})`,
      () => `(${value()})::time`,
      () => `(${value()})::interval${random.pick(fieldsOfIntervals)}`,
      () => `timestamp '2024-01-31 12:00' ${random.pick(['+', '-'])} ${value()}`,
      () => `timestamptz '2024-03-09 12:00-05' ${random.pick(['+', '-'])} ${value()}`,
      () => `date '2024-02-29' ${random.pick(['+', '-'])} ${value()}`,
      () => `time '12:00' ${random.pick(['+', '-'])} ${value()}`,
      () => `to_char(${value()}, 'YYYY MM DD HH24 HH12 MI SS US DDD CC J Q AM')`,
      () =>
        `make_interval(${random.int(-5, 5)}, ${random.int(-20, 20)}, ${random.int(-5, 5)}, ${random.int(-50, 50)}, ${random.int(-30, 30)}, ${random.int(-70, 70)}, ${amount(random).replace('+', '')})`,
    ];
    return `SELECT ${random.pick(forms)()} AS v`;
  },
};

const goodMoments = [
  ...[
    '2024-02-29 23:59:59.999999',
    '2000-01-01',
    '1999-12-31 12:34:56.5',
    '0044-03-15 BC',
    '1582-10-15',
    '2023-03-12 02:30',
    '2023-11-05 01:30',
  ],
  ...[
    'infinity',
    '-infinity',
    '9999-12-31',
    '1900-01-01 00:00:00.000001',
    '0001-01-01',
    '2021-01-03',
    '2020-12-31',
    '4713-01-02 BC',
    '200000-05-06',
  ],
];

export const dateTimeFunctions: Battery = {
  name: 'date and time functions',
  settings,
  statement(random) {
    const type = () => random.pick(['timestamp', 'timestamptz', 'date']);
    const value = (of = type()) => `${of} ${quoted(random.pick(goodMoments))}`;
    const clock = () =>
      `${random.pick(['time', 'timetz'])} ${quoted(random.pick(['00:00', '23:59:59.999999', '12:34:56.5', '24:00', '04:05:06+05:30', '01:00-08']))}`;
    const aZone = () => quoted(random.pick(zones).trim());
    const some = () =>
      `interval ${quoted(random.pick(['1 day', '1 month', '-1 year', '36:00', '1 mon -1 day 01:00', '15 min', '7 days', '0', '-1 us', '3 decades']))}`;
    const forms: readonly (() => string)[] = [
      () => `extract(${random.pick(fields)} FROM ${random.chance(0.8) ? value() : clock()})`,
      () => `date_part(${quoted(random.pick(fields))}, ${random.chance(0.8) ? value() : clock()})`,
      () => `date_trunc(${quoted(random.pick(fields))}, ${value()})`,
      () => `date_trunc(${quoted(random.pick(fields))}, ${value('timestamptz')}, ${aZone()})`,
      () => `date_bin(${some()}, ${value('timestamp')}, ${value('timestamp')})`,
      // age() of infinity is whatever the arithmetic gives.
      () => `age(${value('timestamp')}, ${value('timestamp')})`.replace(/-?infinity/g, '2024-05-06'),
      () => `age(${value('timestamptz')}, ${value('timestamptz')})`.replace(/-?infinity/g, '2024-05-06'),
      () => `${value()} AT TIME ZONE ${aZone()}`,
      () => `${clock()} AT TIME ZONE ${aZone()}`,
      // Which style an interval has in the message is decided when the constant is folded.
      () => `${value('timestamptz')} AT TIME ZONE interval ${quoted(random.pick(['01:00', '-08:30', '36:00', '0', '1 us']))}`,
      () => `${value()} ${random.pick(['+', '-'])} ${some()}`,
      () => `${clock()} ${random.pick(['+', '-'])} ${some()}`,
      () => `${value()} ${random.pick(['-', '<', '=', '>', '<>'])} ${value()}`,
      () =>
        `(${value()})::${random.pick(['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'text', 'timestamp(0)', 'timestamptz(1)'])}`,
      () => `(${clock()})::${random.pick(['time', 'timetz', 'interval', 'text', 'time(0)', 'timetz(2)'])}`,
      () => `make_date(${random.pick(['2024', '-44', '0', '1', '99999999'])}, ${random.int(0, 13)}, ${random.int(0, 32)})`,
      () => `make_time(${random.int(-1, 24)}, ${random.int(0, 60)}, ${random.pick(['0', '59.9999999', '60', '12.5', '-1'])})`,
      () =>
        `make_timestamp(${random.pick(['2024', '-44', '0', '300000'])}, ${random.int(1, 13)}, ${random.int(0, 31)}, ${random.int(0, 24)}, ${random.int(0, 60)}, ${random.pick(['0', '59.5', '60', '61'])})`,
      () =>
        `make_timestamptz(${random.pick(['2024', '1900', '0'])}, ${random.int(1, 12)}, ${random.int(1, 29)}, ${random.int(0, 24)}, 30, 5.5, ${aZone()})`,
      () =>
        `to_timestamp(${random.pick(['0', '1e9', '-1e10', '1234567890.123456789', 'NaN', 'infinity', '-infinity', '1e15'].map((text) => quoted(text)))}::float8)`,
      () => `(${value()}, ${some()}) OVERLAPS (${value()}, ${value()})`,
      () => `isfinite(${value()})`,
      () => `date_add(${value('timestamptz')}, ${some()}, ${aZone()})`,
      () => `date_subtract(${value('timestamptz')}, ${some()})`,
      () => `count(*) FROM generate_series(timestamp '1900-01-01', timestamp '2024-03-01', ${some()} + interval '5 years')`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};
