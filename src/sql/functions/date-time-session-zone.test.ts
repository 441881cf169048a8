import { expect, it } from 'vitest';
import { procsByName } from '../builtins.ts';
import { fixedContext } from '../evaluate/fixed-context.ts';
import { defaultSettings } from '../settings.ts';
import { typeByName, typeByOid } from '../types/registry.ts';
import { implementationOf } from './registry.ts';

/** What PostgreSQL 16 answers in a session of a zone: zone, function, argument types, arguments, answer. */
const answers: [zone: string, name: string, types: string, args: string[], answer: string][] = [
  ['Europe/Berlin', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-03-30 02:30+01', '1 day'], '2024-03-31 03:30:00+02'],
  ['Europe/Berlin', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-10-26 02:30+02', '1 day'], '2024-10-27 02:30:00+01'],
  ['Europe/Berlin', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-10-26 02:30+02', '24:00'], '2024-10-27 02:30:00+02'],
  ['Europe/Berlin', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-01-31 23:30+00', '1 mon'], '2024-03-01 00:30:00+01'],
  ['Europe/Berlin', 'timestamptz_mi_interval', 'timestamptz,interval', ['2024-04-01 00:30+00', '1 day'], '2024-03-31 03:30:00+02'],
  ['Europe/Berlin', 'timestamptz', 'timestamp', ['2024-03-31 02:30'], '2024-03-31 03:30:00+02'],
  ['Europe/Berlin', 'timestamptz', 'timestamp', ['2024-10-27 02:30'], '2024-10-27 02:30:00+01'],
  ['Europe/Berlin', 'timestamptz', 'timestamp', ['2024-11-03 01:30'], '2024-11-03 01:30:00+01'],
  ['Europe/Berlin', 'timestamptz', 'timestamp', ['2024-03-10 02:30'], '2024-03-10 02:30:00+01'],
  ['Europe/Berlin', 'timestamp', 'timestamptz', ['2024-07-01 00:00+00'], '2024-07-01 02:00:00'],
  ['Europe/Berlin', 'timestamp', 'timestamptz', ['1890-01-01 00:00+00'], '1890-01-01 00:53:28'],
  ['Europe/Berlin', 'timestamptz', 'date', ['2024-03-31'], '2024-03-31 00:00:00+01'],
  ['Europe/Berlin', 'date', 'timestamptz', ['2024-06-30 23:30+00'], '2024-07-01'],
  ['Europe/Berlin', 'time', 'timestamptz', ['2024-06-30 23:30+00'], '01:30:00'],
  ['Europe/Berlin', 'timetz', 'timestamptz', ['2024-06-30 23:30+00'], '01:30:00+02'],
  ['Europe/Berlin', 'date_trunc', 'text,timestamptz', ['day', '2024-03-31 12:00+00'], '2024-03-31 00:00:00+01'],
  ['Europe/Berlin', 'date_trunc', 'text,timestamptz', ['month', '2024-10-31 23:30+00'], '2024-11-01 00:00:00+01'],
  ['Europe/Berlin', 'date_trunc', 'text,timestamptz', ['hour', '2024-10-27 01:45+00'], '2024-10-27 02:00:00+01'],
  ['Europe/Berlin', 'date_trunc', 'text,timestamptz', ['hour', '2024-10-27 00:45+00'], '2024-10-27 02:00:00+02'],
  ['Europe/Berlin', 'date_trunc', 'text,timestamptz', ['year', '2024-07-01 00:00+00'], '2024-01-01 00:00:00+01'],
  ['Europe/Berlin', 'extract', 'text,timestamptz', ['hour', '2024-07-01 00:00+00'], '2'],
  ['Europe/Berlin', 'extract', 'text,timestamptz', ['timezone', '2024-07-01 00:00+00'], '7200'],
  ['Europe/Berlin', 'extract', 'text,timestamptz', ['timezone_minute', '2024-01-01 00:00+00'], '0'],
  ['Europe/Berlin', 'extract', 'text,timestamptz', ['day', '2024-06-30 23:30+00'], '1'],
  ['Europe/Berlin', 'extract', 'text,timestamptz', ['epoch', '2024-06-30 23:30+00'], '1719790200.000000'],
  ['Europe/Berlin', 'age', 'timestamptz,timestamptz', ['2024-04-01 00:00+00', '2024-03-30 23:30+00'], '1 day 01:30:00'],
  [
    'Europe/Berlin',
    'to_char',
    'timestamptz,text',
    ['2024-07-01 00:00+00', 'YYYY-MM-DD HH24:MI TZ tz OF TZH:TZM'],
    '2024-07-01 02:00 CEST cest +02 +02:00',
  ],
  ['Europe/Berlin', 'to_char', 'timestamptz,text', ['2024-01-01 00:00+00', 'YYYY-MM-DD HH24:MI TZ OF'], '2024-01-01 01:00 CET +01'],
  ['Europe/Berlin', 'to_timestamp', 'text,text', ['2024-03-31 02:30', 'YYYY-MM-DD HH24:MI'], '2024-03-31 03:30:00+02'],
  ['Europe/Berlin', 'to_timestamp', 'text,text', ['2024-07-01', 'YYYY-MM-DD'], '2024-07-01 00:00:00+02'],
  ['Europe/Berlin', 'to_timestamp', 'text,text', ['2024-07-01 +02', 'YYYY-MM-DD TZH'], '2024-07-01 00:00:00+02'],
  ['Europe/Berlin', 'make_timestamptz', 'int4,int4,int4,int4,int4,float8', ['2024', '7', '1', '12', '0', '0'], '2024-07-01 12:00:00+02'],
  ['Europe/Berlin', 'to_json', 'timestamptz', ['2024-07-01 00:00+00'], '"2024-07-01T02:00:00+02:00"'],
  ['Europe/Berlin', 'timestamptz_eq_date', 'timestamptz,date', ['2024-06-30 22:00+00', '2024-07-01'], 'true'],
  ['America/New_York', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-03-30 02:30+01', '1 day'], '2024-03-30 21:30:00-04'],
  ['America/New_York', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-10-26 02:30+02', '1 day'], '2024-10-26 20:30:00-04'],
  ['America/New_York', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-10-26 02:30+02', '24:00'], '2024-10-26 20:30:00-04'],
  ['America/New_York', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-01-31 23:30+00', '1 mon'], '2024-02-29 18:30:00-05'],
  ['America/New_York', 'timestamptz_mi_interval', 'timestamptz,interval', ['2024-04-01 00:30+00', '1 day'], '2024-03-30 20:30:00-04'],
  ['America/New_York', 'timestamptz', 'timestamp', ['2024-03-31 02:30'], '2024-03-31 02:30:00-04'],
  ['America/New_York', 'timestamptz', 'timestamp', ['2024-10-27 02:30'], '2024-10-27 02:30:00-04'],
  ['America/New_York', 'timestamptz', 'timestamp', ['2024-11-03 01:30'], '2024-11-03 01:30:00-05'],
  ['America/New_York', 'timestamptz', 'timestamp', ['2024-03-10 02:30'], '2024-03-10 03:30:00-04'],
  ['America/New_York', 'timestamp', 'timestamptz', ['2024-07-01 00:00+00'], '2024-06-30 20:00:00'],
  ['America/New_York', 'timestamp', 'timestamptz', ['1890-01-01 00:00+00'], '1889-12-31 19:00:00'],
  ['America/New_York', 'timestamptz', 'date', ['2024-03-31'], '2024-03-31 00:00:00-04'],
  ['America/New_York', 'date', 'timestamptz', ['2024-06-30 23:30+00'], '2024-06-30'],
  ['America/New_York', 'time', 'timestamptz', ['2024-06-30 23:30+00'], '19:30:00'],
  ['America/New_York', 'timetz', 'timestamptz', ['2024-06-30 23:30+00'], '19:30:00-04'],
  ['America/New_York', 'date_trunc', 'text,timestamptz', ['day', '2024-03-31 12:00+00'], '2024-03-31 00:00:00-04'],
  ['America/New_York', 'date_trunc', 'text,timestamptz', ['month', '2024-10-31 23:30+00'], '2024-10-01 00:00:00-04'],
  ['America/New_York', 'date_trunc', 'text,timestamptz', ['hour', '2024-10-27 01:45+00'], '2024-10-26 21:00:00-04'],
  ['America/New_York', 'date_trunc', 'text,timestamptz', ['hour', '2024-10-27 00:45+00'], '2024-10-26 20:00:00-04'],
  ['America/New_York', 'date_trunc', 'text,timestamptz', ['year', '2024-07-01 00:00+00'], '2024-01-01 00:00:00-05'],
  ['America/New_York', 'extract', 'text,timestamptz', ['hour', '2024-07-01 00:00+00'], '20'],
  ['America/New_York', 'extract', 'text,timestamptz', ['timezone', '2024-07-01 00:00+00'], '-14400'],
  ['America/New_York', 'extract', 'text,timestamptz', ['timezone_minute', '2024-01-01 00:00+00'], '0'],
  ['America/New_York', 'extract', 'text,timestamptz', ['day', '2024-06-30 23:30+00'], '30'],
  ['America/New_York', 'extract', 'text,timestamptz', ['epoch', '2024-06-30 23:30+00'], '1719790200.000000'],
  ['America/New_York', 'age', 'timestamptz,timestamptz', ['2024-04-01 00:00+00', '2024-03-30 23:30+00'], '1 day 00:30:00'],
  [
    'America/New_York',
    'to_char',
    'timestamptz,text',
    ['2024-07-01 00:00+00', 'YYYY-MM-DD HH24:MI TZ tz OF TZH:TZM'],
    '2024-06-30 20:00 EDT edt -04 -04:00',
  ],
  ['America/New_York', 'to_char', 'timestamptz,text', ['2024-01-01 00:00+00', 'YYYY-MM-DD HH24:MI TZ OF'], '2023-12-31 19:00 EST -05'],
  ['America/New_York', 'to_timestamp', 'text,text', ['2024-03-31 02:30', 'YYYY-MM-DD HH24:MI'], '2024-03-31 02:30:00-04'],
  ['America/New_York', 'to_timestamp', 'text,text', ['2024-07-01', 'YYYY-MM-DD'], '2024-07-01 00:00:00-04'],
  ['America/New_York', 'to_timestamp', 'text,text', ['2024-07-01 +02', 'YYYY-MM-DD TZH'], '2024-06-30 18:00:00-04'],
  ['America/New_York', 'make_timestamptz', 'int4,int4,int4,int4,int4,float8', ['2024', '7', '1', '12', '0', '0'], '2024-07-01 12:00:00-04'],
  ['America/New_York', 'to_json', 'timestamptz', ['2024-07-01 00:00+00'], '"2024-06-30T20:00:00-04:00"'],
  ['America/New_York', 'timestamptz_eq_date', 'timestamptz,date', ['2024-06-30 22:00+00', '2024-07-01'], 'false'],
  ['Asia/Kolkata', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-03-30 02:30+01', '1 day'], '2024-03-31 07:00:00+05:30'],
  ['Asia/Kolkata', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-10-26 02:30+02', '1 day'], '2024-10-27 06:00:00+05:30'],
  ['Asia/Kolkata', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-10-26 02:30+02', '24:00'], '2024-10-27 06:00:00+05:30'],
  ['Asia/Kolkata', 'timestamptz_pl_interval', 'timestamptz,interval', ['2024-01-31 23:30+00', '1 mon'], '2024-03-01 05:00:00+05:30'],
  ['Asia/Kolkata', 'timestamptz_mi_interval', 'timestamptz,interval', ['2024-04-01 00:30+00', '1 day'], '2024-03-31 06:00:00+05:30'],
  ['Asia/Kolkata', 'timestamptz', 'timestamp', ['2024-03-31 02:30'], '2024-03-31 02:30:00+05:30'],
  ['Asia/Kolkata', 'timestamptz', 'timestamp', ['2024-10-27 02:30'], '2024-10-27 02:30:00+05:30'],
  ['Asia/Kolkata', 'timestamptz', 'timestamp', ['2024-11-03 01:30'], '2024-11-03 01:30:00+05:30'],
  ['Asia/Kolkata', 'timestamptz', 'timestamp', ['2024-03-10 02:30'], '2024-03-10 02:30:00+05:30'],
  ['Asia/Kolkata', 'timestamp', 'timestamptz', ['2024-07-01 00:00+00'], '2024-07-01 05:30:00'],
  ['Asia/Kolkata', 'timestamp', 'timestamptz', ['1890-01-01 00:00+00'], '1890-01-01 05:21:10'],
  ['Asia/Kolkata', 'timestamptz', 'date', ['2024-03-31'], '2024-03-31 00:00:00+05:30'],
  ['Asia/Kolkata', 'date', 'timestamptz', ['2024-06-30 23:30+00'], '2024-07-01'],
  ['Asia/Kolkata', 'time', 'timestamptz', ['2024-06-30 23:30+00'], '05:00:00'],
  ['Asia/Kolkata', 'timetz', 'timestamptz', ['2024-06-30 23:30+00'], '05:00:00+05:30'],
  ['Asia/Kolkata', 'date_trunc', 'text,timestamptz', ['day', '2024-03-31 12:00+00'], '2024-03-31 00:00:00+05:30'],
  ['Asia/Kolkata', 'date_trunc', 'text,timestamptz', ['month', '2024-10-31 23:30+00'], '2024-11-01 00:00:00+05:30'],
  ['Asia/Kolkata', 'date_trunc', 'text,timestamptz', ['hour', '2024-10-27 01:45+00'], '2024-10-27 07:00:00+05:30'],
  ['Asia/Kolkata', 'date_trunc', 'text,timestamptz', ['hour', '2024-10-27 00:45+00'], '2024-10-27 06:00:00+05:30'],
  ['Asia/Kolkata', 'date_trunc', 'text,timestamptz', ['year', '2024-07-01 00:00+00'], '2024-01-01 00:00:00+05:30'],
  ['Asia/Kolkata', 'extract', 'text,timestamptz', ['hour', '2024-07-01 00:00+00'], '5'],
  ['Asia/Kolkata', 'extract', 'text,timestamptz', ['timezone', '2024-07-01 00:00+00'], '19800'],
  ['Asia/Kolkata', 'extract', 'text,timestamptz', ['timezone_minute', '2024-01-01 00:00+00'], '30'],
  ['Asia/Kolkata', 'extract', 'text,timestamptz', ['day', '2024-06-30 23:30+00'], '1'],
  ['Asia/Kolkata', 'extract', 'text,timestamptz', ['epoch', '2024-06-30 23:30+00'], '1719790200.000000'],
  ['Asia/Kolkata', 'age', 'timestamptz,timestamptz', ['2024-04-01 00:00+00', '2024-03-30 23:30+00'], '1 day 00:30:00'],
  [
    'Asia/Kolkata',
    'to_char',
    'timestamptz,text',
    ['2024-07-01 00:00+00', 'YYYY-MM-DD HH24:MI TZ tz OF TZH:TZM'],
    '2024-07-01 05:30 IST ist +05:30 +05:30',
  ],
  ['Asia/Kolkata', 'to_char', 'timestamptz,text', ['2024-01-01 00:00+00', 'YYYY-MM-DD HH24:MI TZ OF'], '2024-01-01 05:30 IST +05:30'],
  ['Asia/Kolkata', 'to_timestamp', 'text,text', ['2024-03-31 02:30', 'YYYY-MM-DD HH24:MI'], '2024-03-31 02:30:00+05:30'],
  ['Asia/Kolkata', 'to_timestamp', 'text,text', ['2024-07-01', 'YYYY-MM-DD'], '2024-07-01 00:00:00+05:30'],
  ['Asia/Kolkata', 'to_timestamp', 'text,text', ['2024-07-01 +02', 'YYYY-MM-DD TZH'], '2024-07-01 03:30:00+05:30'],
  ['Asia/Kolkata', 'make_timestamptz', 'int4,int4,int4,int4,int4,float8', ['2024', '7', '1', '12', '0', '0'], '2024-07-01 12:00:00+05:30'],
  ['Asia/Kolkata', 'to_json', 'timestamptz', ['2024-07-01 00:00+00'], '"2024-07-01T05:30:00+05:30"'],
  ['Asia/Kolkata', 'timestamptz_eq_date', 'timestamptz,date', ['2024-06-30 22:00+00', '2024-07-01'], 'false'],
];

it.each(answers)('in %s %s(%s) of %j is %s', (zone, name, typeNames, texts, expected) => {
  const context = fixedContext({ settings: { ...defaultSettings, timeZone: zone } });
  const types = typeNames.split(',').map((typeName) => {
    const type = typeByName(typeName);
    if (type === undefined) throw new Error(`no type ${typeName}`);
    return type;
  });
  const proc = procsByName(name).find(
    ({ argTypes }) =>
      argTypes.length === types.length && argTypes.every((argType, at) => argType === types[at].oid || typeByOid(argType).category === 'P'),
  );
  if (proc === undefined) throw new Error(`no function ${name}`);
  const implementation = implementationOf(proc.oid);
  if (implementation.kind !== 'scalar') throw new Error('not a function of one row');
  const call = implementation.forTypes({ args: types.map((type) => type.oid), result: proc.returnType });
  const value = call(...texts.map((text, at) => types[at].input(text, -1, context)), context);
  if (value === null) throw new Error('no answer');
  const text = typeByOid(proc.returnType).output(value, context);
  expect({ t: 'true', f: 'false' }[text] ?? text).toBe(expected);
});
