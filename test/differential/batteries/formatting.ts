/** to_char, to_date, to_timestamp and to_number over random templates. */
import type { Random } from '../random.ts';
import { type Battery, quoted } from './battery.ts';

const datePatterns = [
  ...[
    'HH',
    'HH12',
    'HH24',
    'MI',
    'SS',
    'MS',
    'US',
    'FF1',
    'FF3',
    'FF6',
    'SSSS',
    'SSSSS',
    'AM',
    'pm',
    'A.M.',
    'p.m.',
    'Y,YYY',
    'YYYY',
    'YYY',
    'YY',
    'Y',
    'IYYY',
    'IY',
    'I',
  ],
  ...[
    'BC',
    'ad',
    'B.C.',
    'MONTH',
    'Month',
    'month',
    'MON',
    'Mon',
    'mon',
    'MM',
    'DAY',
    'Day',
    'day',
    'DY',
    'Dy',
    'dy',
    'DDD',
    'IDDD',
    'DD',
    'D',
    'ID',
    'W',
    'WW',
    'IW',
    'CC',
  ],
  ...[
    'J',
    'Q',
    'RM',
    'rm',
    'TZ',
    'tz',
    'TZH',
    'TZM',
    'OF',
    'YYYYTH',
    'DDth',
    'DDTH',
    'FMDD',
    'FMMonth',
    'FMDay',
    'TMMonth',
    'FX',
    'SP',
    '"text"',
    '\\"',
    '"a\\"b"',
    'FMYYYY',
    'FF9',
  ],
];
const separators = ['', ' ', '-', '/', ':', '.', ',', ' - ', 'T', '"T"', 'x'];

const template = (random: Random, most: number): string =>
  random.times(random.int(1, most), () => random.pick(datePatterns) + random.pick(separators)).join('') +
  (random.chance(0.05) ? random.pick(['"', '\\', 'é']) : '');

const stamps = [
  ...[
    '2024-02-29 23:59:59.999999',
    '1999-01-01 00:00:00',
    '0044-03-15 12:00:00 BC',
    '2023-12-31 11:05:09.5',
    '12345-06-07 08:09:10',
    'infinity',
    '-infinity',
    '0001-01-01 13:14:15',
  ],
];

const inputPairs: readonly (readonly [string, readonly string[]])[] = [
  ['YYYY', ['2024', '99', '12345', '-44', '1', '0']],
  ['YYY', ['024', '999', '24', '1999']],
  ['YY', ['24', '70', '69', '5', '1999']],
  ['Y', ['4', '9', '2024']],
  ['Y,YYY', ['2,024', '1,999', '12,345', '2024']],
  ['MM', ['02', '12', '2', '13', '0', 'xx']],
  ['DD', ['29', '01', '7', '31', '32', '-1']],
  ['DDD', ['060', '366', '1', '367']],
  ['Month', ['February', 'MARCH', 'may', 'Foo', 'Sept']],
  ['Mon', ['Feb', 'MAR', 'may', 'Foo']],
  ['Day', ['Monday', 'TUESDAY', 'foo']],
  ['Dy', ['Mon', 'sun', 'foo']],
  ['HH24', ['23', '0', '24', '7']],
  ['HH12', ['12', '1', '13', '0']],
  ['HH', ['11', '12']],
  ['MI', ['59', '00', '60', '5']],
  ['SS', ['59', '00', '60', '5']],
  ['MS', ['5', '50', '500', '123', '1234']],
  ['US', ['5', '123456', '1234567', '000001']],
  ['FF3', ['123', '1', '1239']],
  ['SSSS', ['0', '86399', '86400', '3600']],
  ['AM', ['AM', 'pm', 'p.m.', 'xx']],
  ['P.M.', ['a.m.', 'P.M.', 'am']],
  ['BC', ['BC', 'ad', 'B.C.', 'xx']],
  ['IYYY', ['2024', '1999']],
  ['IW', ['01', '53', '54', '9']],
  ['ID', ['1', '7', '8']],
  ['IDDD', ['001', '371']],
  ['CC', ['20', '21', '1']],
  ['J', ['2451545', '0', '1']],
  ['Q', ['1', '4', '5']],
  ['WW', ['01', '53', '54']],
  ['W', ['1', '5', '6']],
  ['D', ['1', '7']],
  ['RM', ['IV', 'xii', 'XIII', 'i']],
  ['TZH', ['+05', '-08', '5', '+16']],
  ['TZM', ['30', '00']],
  ['TZ', ['PST', 'utc', '+05', 'America/New_York', 'FOO', 'EDT']],
  ['OF', ['+05:30', '-08', '+1']],
  ['DDth', ['29th', '1st', '2ND']],
  ['"year"', ['year', 'yeer', '']],
  ['FX', ['']],
  ['TMMonth', ['February', 'march']],
];

/** A template, and a text that (nearly) follows it. */
function inputs(random: Random): readonly [string, string] {
  let [text, pattern] = ['', ''];
  for (const [name, samples] of random.times(random.int(1, 5), () =>
    random.pick(random.chance(0.4) ? inputPairs.slice(0, 20) : inputPairs),
  )) {
    const separator = random.pick(['', '-', '/', ' ', ':', '.', ',']);
    pattern += name + separator;
    text +=
      random.pick(random.chance(0.8) ? samples.slice(0, 2) : samples) +
      (random.chance(0.85) ? separator : random.pick(['', ' ', '  ', '-', 'x']));
  }
  return [text, pattern];
}

/** Templates that hang together: a value is formatted and read back. */
const wholeTemplates = [
  ...[
    'YYYY-MM-DD HH24:MI:SS.US',
    'DD Mon YYYY HH12:MI:SS AM',
    'IYYY-IW-ID',
    'YYYYMMDD',
    'YYYY DDD',
    'CC YY MM DD',
    'J',
    'Month DD, YYYY',
    'DDth Month YYYY BC',
  ],
  ...[
    'FMMonth FMDD, YYYY',
    'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM',
    'RM/DD/YYYY',
    'Day, DD Month YYYY',
    'IYYY IDDD',
    'YYYY-MM-DD HH24:MI:SS.FF3',
    'Q YYYY',
    'YYYY WW',
    'MM/W/YYYY',
  ],
];

export const dateTimeFormatting: Battery = {
  name: 'formatting of dates and times',
  settings: {
    timezone: ['UTC', 'America/New_York', 'Asia/Kolkata', 'Europe/Berlin'],
    intervalstyle: ['postgres', 'sql_standard'],
  },
  statement(random) {
    const stamp = () => `${random.pick(['timestamp', 'timestamptz', 'date'])} ${quoted(random.pick(stamps))}`;
    const some = () =>
      `interval ${quoted(random.pick(['1 year 2 mons 3 days 04:05:06.789', '-1 year -2 days -04:05', '36:00:00', '0', '100 years', '-13 mons 400 days']))}`;
    const read = (): string => {
      const [text, pattern] = inputs(random);
      return `to_${random.pick(['timestamp', 'date'])}(${quoted(text)}, ${quoted(pattern)})`;
    };
    const forms: readonly (() => string)[] = [
      () => `to_char(${stamp()}, ${quoted(template(random, 5))})`,
      () => `to_char(${stamp()}, ${quoted(template(random, 2))})`,
      // The ISO year of an interval is that of a date which there is not.
      () => `to_char(${some()}, ${quoted(template(random, 4).replaceAll('I', ''))})`,
      read,
      read,
      read,
      () => {
        const pattern = quoted(random.pick(wholeTemplates));
        return `to_timestamp(to_char(${stamp()}, ${pattern}), ${random.chance(0.9) ? pattern : quoted(random.pick(wholeTemplates))})`;
      },
    ];
    return `SELECT ${random.pick(forms)()} AS v`;
  },
};

const numberPatterns = [
  '9',
  '0',
  '.',
  'D',
  ',',
  'G',
  'FM',
  'S',
  'MI',
  'PL',
  'SG',
  'PR',
  'L',
  'RN',
  'rn',
  'TH',
  'th',
  'V',
  'EEEE',
  '"x"',
  ' ',
  '-',
  '9',
  '9',
  '99',
  '09',
  '$',
  'FX',
  'TM',
  '\\',
];
const numbers = [
  '0',
  '1',
  '-1',
  '12',
  '-485',
  '0.1',
  '-0.1',
  '148.5',
  '12454',
  '1234567.891',
  '0.00001',
  '3999',
  '4000',
  '999.99',
  '-12345678901234567890',
  '1e15',
  '0.5',
  '1.5',
];
const numberTemplates = [
  ...[
    '999',
    '9999',
    '000',
    '99.99',
    '00.00',
    'FM999.999',
    '9,999',
    '9G999D99',
    'S999',
    '999S',
    '999MI',
    'MI999',
    'SG999',
    '999PR',
    'L999',
    'RN',
    'FMRN',
    '999th',
    '99V9',
    '9.99EEEE',
  ],
  ...[
    'FM9.99EEEE',
    'PL999',
    '999PL',
    'FM0000.00',
    '9,9,9',
    'B999',
    '"n:"999',
    '0.9',
    'FM0.9',
    '.99',
    '999.',
    'FM999.',
    '09.90',
    '999D99S',
    'FM9,999,999.999',
    'S0',
    '9',
  ],
];

export const numberFormatting: Battery = {
  name: 'formatting of numbers',
  statement(random) {
    const pattern = () =>
      quoted(
        random.chance(0.6) ? random.pick(numberTemplates) : random.times(random.int(1, 8), () => random.pick(numberPatterns)).join(''),
      );
    const number = () => {
      const text = random.chance(0.9) ? random.pick(numbers) : random.pick(['NaN', 'Infinity', '-Infinity']);
      const type = random.pick(['numeric', 'numeric', 'float8', 'float4', 'int4', 'int8']);
      return `${quoted(type.startsWith('int') && !/^-?\d{1,8}$/.test(text) ? '485' : text)}::${type}`;
    };
    const text = () =>
      quoted(
        random.chance(0.5)
          ? random.pick([
              '485',
              '-12.5',
              '1,234.56',
              '$5',
              '12-',
              '<7>',
              ' 12 ',
              '+3',
              '4.5.6',
              'abc',
              '',
              '1st',
              'XII',
              '1e3',
              '.5',
              '12.',
              '- 12',
            ])
          : random.times(random.int(1, 6), () => random.pick(['1', '2', '0', '9', '.', ',', '-', '+', ' ', '<', '>', '$', 'x'])).join(''),
      );
    return random.chance(0.6) ? `SELECT to_char(${number()}, ${pattern()}) AS v` : `SELECT to_number(${text()}, ${pattern()}) AS v`;
  },
};
