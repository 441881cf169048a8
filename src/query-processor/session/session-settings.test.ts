import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { splitSearchPath } from '../catalog/identifiers.ts';
import { SessionSettings } from './session-settings.ts';

const open = (): SessionSettings => new SessionSettings('admin', 'open', new Map());
const failure = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof SqlError) return `${error.sqlstate} ${error.message}`;
    throw error;
  }
  return 'no error';
};

describe('values', () => {
  // Each pair as a real PostgreSQL 16 shows it.
  it.each([
    ['timezone', '-7', '<-07>+07'],
    ['timezone', '+05:30', '+05:30'],
    ['timezone', '5.5', '<+05:30>-05:30'],
    ['timezone', 'america/new_york', 'America/New_York'],
    ['timezone', 'UTC+3', 'UTC+3'],
    ['timezone', 'gmt', 'GMT'],
    ['timezone', 'EST5EDT', 'EST5EDT'],
    ['datestyle', 'german', 'German, DMY'],
    ['datestyle', 'ymd', 'ISO, YMD'],
    ['statement_timeout', '5s', '5s'],
    ['statement_timeout', '65000', '65s'],
    ['statement_timeout', '0', '0'],
    ['work_mem', '65536', '64MB'],
    ['random_page_cost', '1.5', '1.5'],
    ['enable_seqscan', 'of', 'off'],
    ['intervalstyle', 'ISO_8601', 'iso_8601'],
    ['foo.bar', 'x', 'x'],
    ['application_name', 'é x', '\\xc3\\xa9 x'],
  ])('%s = %s shows %s', (name, value, shown) => {
    const settings = open();
    settings.set(name, value, false);
    expect(settings.show(name).value).toBe(shown);
  });

  it.each([
    ['timezone', 'bla', '22023 invalid value for parameter "TimeZone": "bla"'],
    ['datestyle', 'sql, german', '22023 invalid value for parameter "DateStyle": "sql, german"'],
    ['statement_timeout', '5x', '22023 invalid value for parameter "statement_timeout": "5x"'],
    ['statement_timeout', '-5', '22023 -5 ms is outside the valid range for parameter "statement_timeout" (0 .. 2147483647)'],
    ['work_mem', '10', '22023 10 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)'],
    ['enable_seqscan', 'maybe', '22023 parameter "enable_seqscan" requires a Boolean value'],
    ['intervalstyle', 'foo', '22023 invalid value for parameter "intervalstyle": "foo"'],
    ['extra_float_digits', '5', '22023 5 is outside the valid range for parameter "extra_float_digits" (-15 .. 3)'],
    ['foo', '1', '42704 unrecognized configuration parameter "foo"'],
    ['server_version', '1', '55P02 parameter "server_version" cannot be changed'],
    ['max_connections', '1', '55P02 parameter "max_connections" cannot be changed without restarting the server'],
    ['fsync', 'off', '55P02 parameter "fsync" cannot be changed now'],
    ['log_connections', 'on', '55P02 parameter "log_connections" cannot be set after connection start'],
  ])('%s = %s is refused', (name, value, message) => {
    expect(failure(() => open().set(name, value, false))).toBe(message);
  });

  it('are those of DSQL in its profile, and no others', () => {
    const settings = new SessionSettings('admin', 'dsql', new Map());
    settings.set('timezone', 'Europe/Berlin', false);
    expect(failure(() => settings.set('statement_timeout', '1', false))).toBe(
      '0A000 setting configuration parameter "statement_timeout" not supported',
    );
    expect(failure(() => settings.set('my.own', '1', false))).toBe('0A000 setting configuration parameter "my.own" not supported');
    expect(failure(() => new SessionSettings('admin', 'dsql', new Map([['work_mem', '1MB']])))).toBe(
      '0A000 setting configuration parameter "work_mem" not supported',
    );
    expect(failure(() => settings.show('lc_collate'))).toBe('42704 unrecognized configuration parameter "lc_collate"');
  });
});

describe('transactions', () => {
  it('take back what they set', () => {
    const settings = open();
    settings.set('timezone', 'Asia/Tokyo', false);
    settings.commit();
    settings.set('timezone', 'Europe/Paris', false);
    expect(settings.current.timeZone).toBe('Europe/Paris');
    settings.rollback();
    expect(settings.current.timeZone).toBe('Asia/Tokyo');
  });

  it('end what was set locally, and keep what was set besides', () => {
    const settings = open();
    settings.set('timezone', 'Asia/Tokyo', false);
    settings.set('timezone', 'Europe/Paris', true);
    expect(settings.current.timeZone).toBe('Europe/Paris');
    settings.commit();
    expect(settings.current.timeZone).toBe('Asia/Tokyo');
    settings.set('timezone', 'Europe/Paris', true);
    settings.set('timezone', 'UTC', false);
    expect(settings.current.timeZone).toBe('UTC');
  });

  it('reset to what the client began with', () => {
    const settings = new SessionSettings('admin', 'open', new Map([['timezone', 'Asia/Tokyo']]));
    settings.set('timezone', 'UTC', false);
    settings.commit();
    settings.reset('timezone', false);
    expect(settings.show('timezone').value).toBe('Asia/Tokyo');
    settings.rollback();
    expect(settings.show('timezone').value).toBe('UTC');
    settings.resetAll();
    settings.commit();
    expect(settings.show('timezone').value).toBe('Asia/Tokyo');
  });
});

it('reports the changes that clients are told of', () => {
  const settings = open();
  settings.set('timezone', 'Asia/Tokyo', false);
  settings.set('work_mem', '1MB', false);
  expect(settings.takeChanges()).toEqual([['TimeZone', 'Asia/Tokyo']]);
  expect(settings.takeChanges()).toEqual([]);
  expect(settings.parameters().get('server_version')).toBe('16.15');
  expect(settings.parameters().get('session_authorization')).toBe('admin');
});

it('splits search paths', () => {
  expect(splitSearchPath('"$user", public')).toEqual(['$user', 'public']);
  expect(splitSearchPath('A, "B ""c" ,d')).toEqual(['a', 'B "c', 'd']);
  expect(splitSearchPath('')).toEqual([]);
  expect(splitSearchPath('""')).toEqual([]);
});
