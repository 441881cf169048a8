/** Numbers: exact arithmetic and logarithms at random scales, rounding, integers at their edges, and floating-point text. */
import type { Random } from '../random.ts';
import { type Battery, quoted } from './battery.ts';

const digits = (random: Random, most: number): string =>
  random.times(random.int(1, most), () => String(random.pick([0, 0, 1, 4, 5, 5, 9, 9, 2, 7]))).join('');

function numeric(random: Random, most = 20): string {
  const special = random.int(0, 99);
  if (special < 4) return random.pick(['NaN', 'Infinity', '-Infinity', '0', '1', '-1', '0.0000']);
  const exponent = random.chance(0.1) ? `e${random.int(-30, 30)}` : '';
  return (
    random.pick(['', '', '-']) +
    (random.chance(0.9) ? digits(random, most) : '') +
    (random.chance(0.6) ? `.${digits(random, most)}` : '') +
    exponent
  );
}
const exact = (random: Random, most?: number): string => `${quoted(padded(numeric(random, most)))}::numeric`;
const padded = (text: string): string => (/^-?$/.test(text) ? `${text}0` : text);

export const exactNumbers: Battery = {
  name: 'exact numbers',
  statement(random) {
    const small = () => random.pick(['0', '1', '2', '3', '-1', '-3', '10', '0.5', '-0.5', '1.5', '2.0000', '33', '0.001', '-7.25']);
    const forms: readonly (() => string)[] = [
      () => `${exact(random)} ${random.pick(['+', '-', '*', '/', '%', '=', '<'])} ${exact(random)}`,
      () => `${exact(random)} ${random.pick(['/', '%'])} ${exact(random, 8)}`,
      () =>
        `${random.pick(['sqrt', 'exp', 'ln', 'log', 'abs', 'ceil', 'floor', 'sign', 'round', 'trunc', 'scale', 'min_scale', 'trim_scale', 'factorial'])}(${exact(random, 6)})`,
      () =>
        `${random.pick(['exp', 'ln', 'sqrt', 'log'])}(${quoted(`${random.pick(['', '-'])}${digits(random, 3)}.${digits(random, 12)}`)}::numeric)`,
      () => `power(${exact(random, 4)}, ${small()})`,
      () => `power(${exact(random, 3)}, ${exact(random, 2)})`,
      () => `log(${exact(random, 5)}, ${exact(random, 8)})`,
      () => `${random.pick(['round', 'trunc'])}(${exact(random)}, ${random.int(-12, 25)})`,
      () => `${random.pick(['div', 'mod', 'gcd', 'lcm'])}(${exact(random, 9)}, ${exact(random, 6)})`,
      () => `width_bucket(${exact(random, 3)}, ${exact(random, 2)}, ${exact(random, 3)}, ${random.int(0, 20)})`,
      () => `(${exact(random, 9)})::numeric(${random.int(1, 12)},${random.int(-5, 8)})`,
      () => `(${exact(random, 9)})::${random.pick(['int2', 'int4', 'int8', 'float4', 'float8', 'text', 'bool'])}`,
      () =>
        `${random.pick(['sum', 'avg', 'stddev', 'variance', 'stddev_pop', 'var_pop', 'min', 'max'])}(v) FROM (VALUES ${random.times(random.int(1, 5), () => `(${exact(random, 8)})`).join(', ')}) AS t(v)`,
      () =>
        `${quoted(random.pick([numeric(random), ` ${numeric(random)} `, `${numeric(random)}x`, '1_000.5_5', '0x1F', '0b11', '0o17', '1__0', '_1', '1e', '.', '1e1000', '+5', '--5', '1e-20000', '0x', '1_']))}::numeric`,
      () => `- ${exact(random)}`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};

const integers: Readonly<Record<string, readonly string[]>> = {
  int2: ['0', '1', '-1', '7', '-7', '32767', '-32768', '181', '255'],
  int4: ['0', '1', '-1', '7', '-7', '2147483647', '-2147483648', '46341', '65536', '31', '33'],
  int8: ['0', '1', '-1', '7', '-7', '9223372036854775807', '-9223372036854775808', '3037000500', '4294967296', '63', '65'],
};
const integerNames = Object.keys(integers);

export const integerNumbers: Battery = {
  name: 'integers',
  digits: 14,
  statement(random) {
    const integer = (type = random.pick(integerNames)) => `${quoted(random.pick(integers[type]))}::${type}`;
    const spelled = () =>
      quoted(
        random.pick(['', ' ', '-', '+']) +
          random.pick([
            '12',
            '0x1F',
            '0b101',
            '0o17',
            '1_000',
            '1__0',
            '_1',
            '1_',
            '0x_1',
            '0b2',
            '0o8',
            '99999',
            '9999999999',
            '99999999999999999999',
            '1.5',
            '',
            'abc',
            '1e3',
            '0x',
            '--1',
            '0xFFFFFFFF',
            '- 1',
          ]) +
          random.pick(['', '', ' ', 'x']),
      );
    const forms: readonly (() => string)[] = [
      () => `${integer()} ${random.pick(['+', '-', '*', '/', '%', '=', '<', '>='])} ${integer()}`,
      () => {
        const type = random.pick(integerNames);
        return `${integer(type)} ${random.pick(['&', '|', '#'])} ${integer(type)}`;
      },
      () => `${integer()} ${random.pick(['<<', '>>'])} ${random.pick(['0', '1', '5', '31', '32', '33', '63', '64', '-1', '15', '16'])}`,
      () => `${random.pick(['-', '~', '@', '+', '|/', '||/'])} ${integer()}`,
      () => `${random.pick(['abs', 'sign', 'to_hex', 'factorial', 'sqrt', 'cbrt', 'ceil', 'round', 'chr'])}(${integer()})`,
      () => `${random.pick(['gcd', 'lcm', 'mod', 'div', 'power', 'round', 'trunc'])}(${integer()}, ${integer()})`,
      () =>
        `(${integer()})::${random.pick(['int2', 'int4', 'int8', 'numeric(5,2)', 'float4', 'float8', 'text', 'bool', '"char"', 'oid', 'bytea', 'varchar(2)', 'char(3)'])}`,
      () => `${spelled()}::${random.pick(integerNames)}`,
      () =>
        `${random.pick(['sum', 'avg', 'bit_and', 'bit_or', 'bit_xor', 'max', 'stddev'])}(v) FROM (VALUES (${integer('int8')}), (${integer('int8')})) AS t(v)`,
      () =>
        `${random.pick(['0x1F', '0b101', '0o17', '1_000', '1__0', '1_', '2147483648', '-2147483648', '9223372036854775808', '1e3', '1.', '.5', '0x', '1_000.5', '0xFFFFFFFFFFFFFFFFF', '12abc', '1e', '.5e-3'])}`,
      () => `array(SELECT generate_series(${integer('int4')} / 1000000000, 3, ${random.pick(['1', '2', '-1', '0'])}))`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};

function float(random: Random): string {
  if (random.chance(0.15))
    return random.pick([
      'NaN',
      'Infinity',
      '-inf',
      '0',
      '-0',
      '1e308',
      '1e-308',
      '5e-324',
      '4.9e-324',
      '2e-324',
      '1.7976931348623157e308',
      '1e309',
      '3.4028235e38',
      '3.4028236e38',
      '1e-45',
      '7e-46',
      '1.17549435e-38',
      '9007199254740993',
      '0.1',
      '16777217',
      '',
      ' 1 ',
      '1x',
      '1e',
      '0x1p3',
      'nan',
      '1_000',
      'infinit',
    ]);
  return `${random.pick(['', '-'])}${digits(random, 6)}${random.chance(0.7) ? `.${digits(random, 12)}` : ''}${random.chance(0.5) ? `e${random.int(-40, 40)}` : ''}`;
}

export const floats: Battery = {
  name: 'floating-point numbers',
  settings: { extra_float_digits: ['1', '1', '0', '-3', '-15', '3'] },
  digits: 12,
  statement(random) {
    const type = () => random.pick(['float4', 'float8']);
    const value = (of = type()) => `${quoted(float(random))}::${of}`;
    const forms: readonly (() => string)[] = [
      () => value(),
      () => value(),
      () => `${value()} ${random.pick(['+', '-', '*', '/', '=', '<', '>='])} ${value()}`,
      () =>
        `${random.pick(['sqrt', 'abs', 'ceil', 'floor', 'round', 'trunc', 'sign', 'radians', 'degrees', 'cbrt', 'sind', 'cosd', 'tand', 'asind', 'acosd', 'atand', 'erf'])}(${value()})`,
      () => `(${value()})::${random.pick(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'text', 'numeric(6,2)'])}`,
      () => `power(${value('float8')}, ${random.pick(['2', '0.5', '-1', '0', '3', "'NaN'", "'inf'"])})`,
      () => `${random.pick(['atan2', 'mod', 'div', 'atan2d'])}(${value('float8')}, ${value('float8')})`,
      () => `${random.pick(['sum', 'avg', 'min', 'max', 'count'])}(v) FROM (VALUES (${value('float8')}), (${value('float8')})) AS t(v)`,
      () => `width_bucket(${value('float8')}, 0, 10, ${random.int(0, 5)})`,
      () => `ARRAY[${value('float4')}, ${value('float4')}]`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};
