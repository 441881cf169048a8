/**
 * Setting definitions: which run-time settings exist, who may change them, and how a value is checked and written.
 *
 * The names, bounds and defaults are PostgreSQL's (`sql/postgres/pg-setting.ts`); what DSQL and Borealis add or answer otherwise is here.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type PgSetting, pgSettings } from '#sql/postgres/pg-setting.ts';
import { defaultSettings, type Profile } from '#sql/settings.ts';
import { injectionSetting, parseInjection } from '../activity/conflict-injection.ts';
import { newestDsqlProfile } from '../dialect/check-statement.ts';
import { settableInDsql } from '../dialect/setting-rules.ts';
import { asOfSetting, asOfValue } from './as-of.ts';
import { formatDateStyle, parseDateStyle, parseTimeZone } from './time-settings.ts';

export type SettingDefinition = {
  /** As SHOW prints it: DateStyle, TimeZone, search_path. */
  readonly name: string;
  readonly description: string;
  readonly defaultValue: string;
  readonly pg: PgSetting | undefined;
  readonly context: PgSetting['context'];
};

const serverVersion = '16.15';

/** Answers that differ from PostgreSQL's built-in values. Source: dsql-behaviour 1.6; isolation is what we give, always. */
const ourDefaults: Readonly<Record<string, string>> = {
  server_version: serverVersion,
  server_version_num: '160015',
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  timezone: 'UTC',
  log_timezone: 'UTC',
  datestyle: 'ISO, MDY',
  search_path: '"$user", public',
  transaction_isolation: 'repeatable read',
  default_transaction_isolation: 'repeatable read',
  default_table_access_method: 'btree_table',
  max_connections: '10000',
  lc_messages: 'C',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  default_text_search_config: 'pg_catalog.simple',
  extra_float_digits: '1',
  // Ours: a sort in memory is several times faster than one through files, and a statement's limit is 128 MiB.
  work_mem: '64MB',
};

/** How long a commit is held, in milliseconds. */
export const holdSetting = 'borealis.hold_commit';
/** What only admin may set. */
const adminSettings: ReadonlySet<string> = new Set([injectionSetting, holdSetting]);

const added: readonly SettingDefinition[] = [
  custom('is_superuser', 'off', 'Shows whether the current user is a superuser.', 'internal'),
  custom('session_authorization', '', 'Sets the session user name.', 'user'),
  custom('role', 'none', 'Sets the current role.', 'user'),
  custom('disable_sync_create_index', 'on', 'Refuses CREATE INDEX without ASYNC.', 'user'),
  custom('dsql.enable_batched_nestloop', 'on', "Enables the planner's use of batched nested-loop joins.", 'user'),
  custom(injectionSetting, 'off', 'Lets commits fail with a conflict, for tests of retry loops.', 'user'),
  custom(holdSetting, '0', 'Milliseconds for which a commit is held before it is decided, for tests.', 'user'),
  custom(asOfSetting, '', 'Lets transactions see a moment of the past, and change nothing.', 'user'),
  custom('borealis.profile', 'open', "How close the session is to Aurora DSQL's restrictions: open or dsql.", 'user'),
];

/** Settings that a user may change here, but not in PostgreSQL: there are no superusers, and a limit on files harms nobody else. */
const openToAll: ReadonlySet<string> = new Set(['transaction_isolation', 'transaction_read_only', 'temp_file_limit']);

const booleans = new Set(['disable_sync_create_index', 'dsql.enable_batched_nestloop']);

function custom(name: string, defaultValue: string, description: string, context: PgSetting['context']): SettingDefinition {
  return { name, defaultValue, description, pg: undefined, context };
}

let made: ReadonlyMap<string, SettingDefinition> | undefined;

/** By name in lower case. */
export function settingDefinitions(): ReadonlyMap<string, SettingDefinition> {
  if (made !== undefined) return made;
  const definitions = new Map<string, SettingDefinition>();
  for (const pg of pgSettings) {
    const key = pg.name.toLowerCase();
    const context = openToAll.has(key) ? 'user' : pg.context;
    const raw = ourDefaults[key] ?? pg.setting ?? '';
    const definition = { name: pg.name, description: pg.description, defaultValue: raw, pg, context };
    definitions.set(key, { ...definition, defaultValue: ourDefaults[key] ?? displayed(definition, raw) });
  }
  for (const definition of added) definitions.set(definition.name, definition);
  made = definitions;
  return definitions;
}

/** Throws when a session of the profile and user may not set it. */
export function checkSettable(name: string, profile: Profile, user: string): void {
  const key = name.toLowerCase();
  if (adminSettings.has(key) && user !== 'admin')
    throw new SqlError(sqlstate.insufficientPrivilege, `permission denied to set parameter "${name}"`);
  if (key.startsWith('borealis.')) {
    if (settingDefinitions().has(key)) return;
    throw unrecognized(name);
  }
  if (profile === 'dsql') {
    if (settableInDsql.has(key)) return;
    throw new SqlError(sqlstate.featureNotSupported, `setting configuration parameter "${name}" not supported`);
  }
  const definition = settingDefinitions().get(key);
  if (definition === undefined) {
    if (isCustomName(key)) return;
    throw unrecognized(name);
  }
  const refuse = (code: string, message: string): SqlError => new SqlError(code, message);
  switch (definition.context) {
    case 'internal':
      throw refuse(sqlstate.cantChangeRuntimeParam, `parameter "${name}" cannot be changed`);
    case 'postmaster':
      throw refuse(sqlstate.cantChangeRuntimeParam, `parameter "${name}" cannot be changed without restarting the server`);
    case 'sighup':
      throw refuse(sqlstate.cantChangeRuntimeParam, `parameter "${name}" cannot be changed now`);
    case 'backend':
    case 'superuser-backend':
      throw refuse(sqlstate.cantChangeRuntimeParam, `parameter "${name}" cannot be set after connection start`);
    case 'superuser':
      throw refuse(sqlstate.insufficientPrivilege, `permission denied to set parameter "${name}"`);
    case 'user':
      return;
  }
}

export const unrecognized = (name: string): SqlError =>
  new SqlError(sqlstate.undefinedObject, `unrecognized configuration parameter "${name}"`);

/** Names with a dot are the application's own. */
export const isCustomName = (key: string): boolean => /^[a-z_\u0080-\uffff][\w$]*(\.[a-z_\u0080-\uffff][\w$]*)+$/i.test(key);

/** The value as it is kept and shown. Throws 22023. `before` is the value now (DateStyle keeps the half that is not named). */
export function checkedValue(key: string, value: string, before: string): string {
  switch (key) {
    case asOfSetting:
      return asOfValue(value, { settings: defaultSettings, transactionTimestamp: 0, names: undefined });
    case 'timezone':
      return parseTimeZone(value);
    case 'datestyle':
      return formatDateStyle(parseDateStyle(value, before));
    case 'client_encoding':
      return clientEncoding(value);
    case 'transaction_isolation':
    case 'default_transaction_isolation':
      return isolation(key, value);
    case 'borealis.profile':
      // A profile of DSQL may be named with its date.
      if (value === newestDsqlProfile) return 'dsql';
      if (value !== 'open' && value !== 'dsql') throw invalidValue(key, value, 'Available values: open, dsql.');
      return value;
    case injectionSetting:
      parseInjection(value);
      return value;
    case holdSetting:
      if (!/^\d{1,6}$/.test(value)) throw invalidValue(key, value, 'A number of milliseconds, at most 999999.');
      return value;
    case 'application_name':
      return value.replace(/[^\x20-\x7e]/gu, (letter) =>
        [...Buffer.from(letter)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
      );
    default:
      break;
  }
  if (booleans.has(key)) return booleanValue(key, value);
  const pg = settingDefinitions().get(key)?.pg;
  if (pg === undefined) return value;
  switch (pg.vartype) {
    case 'bool':
      return booleanValue(pg.name, value);
    case 'integer':
      return integerValue(pg, value);
    case 'real':
      return realValue(pg, value);
    case 'enum':
      return enumValue(pg, value);
    case 'string':
      return value;
  }
}

const invalidValue = (name: string, value: string, hint?: string): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, `invalid value for parameter "${name}": "${value}"`, hint === undefined ? {} : { hint });

function isolation(key: string, value: string): string {
  const level = value.toLowerCase();
  if (level === 'repeatable read') return level;
  if (['serializable', 'read committed', 'read uncommitted'].includes(level))
    throw new SqlError(sqlstate.featureNotSupported, `Unsupported isolation level: ${level.toUpperCase()}`);
  throw invalidValue(key, value, 'Available values: serializable, repeatable read, read committed, read uncommitted.');
}

function clientEncoding(value: string): string {
  const name = value.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (name === 'utf8' || name === 'unicode') return 'UTF8';
  if (
    /^(latin\d+|iso8859\d+|win\d+|koi8[ru]?|sqlascii|eucjp|euckr|eucjis2004|euctw|euccn|sjis|big5|gbk|gb18030|johab|uhc|mulinternal)$/.test(
      name,
    )
  )
    throw new SqlError(sqlstate.featureNotSupported, `client encoding "${value}" is not supported`, { hint: 'The only encoding is UTF8.' });
  throw invalidValue('client_encoding', value);
}

function booleanValue(name: string, value: string): string {
  const text = value.toLowerCase();
  const isPrefixOf = (word: string, least: number): boolean => text.length >= least && word.startsWith(text);
  if (text === '1' || isPrefixOf('true', 1) || isPrefixOf('yes', 1) || isPrefixOf('on', 2)) return 'on';
  if (text === '0' || isPrefixOf('false', 1) || isPrefixOf('no', 1) || isPrefixOf('off', 2)) return 'off';
  throw new SqlError(sqlstate.invalidParameterValue, `parameter "${name}" requires a Boolean value`);
}

function enumValue(pg: PgSetting, value: string): string {
  const values = pg.enumvals ?? [];
  const found = values.find((name) => name.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  // Enums that are switches too take the usual words for on and off.
  if (values.includes('on') && values.includes('off')) {
    try {
      return booleanValue(pg.name, value);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }
  throw invalidValue(
    pg.name.toLowerCase() === 'intervalstyle' ? 'intervalstyle' : pg.name,
    value,
    `Available values: ${values.join(', ')}.`,
  );
}

type Unit = { readonly name: string; readonly factor: number };
const timeUnits: readonly Unit[] = [
  { name: 'd', factor: 86_400_000 },
  { name: 'h', factor: 3_600_000 },
  { name: 'min', factor: 60_000 },
  { name: 's', factor: 1000 },
  { name: 'ms', factor: 1 },
  { name: 'us', factor: 0.001 },
];
const memoryUnits: readonly Unit[] = [
  { name: 'TB', factor: 1024 ** 4 },
  { name: 'GB', factor: 1024 ** 3 },
  { name: 'MB', factor: 1024 ** 2 },
  { name: 'kB', factor: 1024 },
  { name: 'B', factor: 1 },
];
const timeHint = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".';
const memoryHint = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".';

/** What a unitless number of the setting means: '8kB' is 8 192 bytes, 'ms' one millisecond. */
function baseFactor(unit: string): { readonly units: readonly Unit[]; readonly factor: number } {
  const match = /^(\d*)(\D+)$/.exec(unit);
  const count = Number(match?.[1] || 1);
  const name = match?.[2] ?? unit;
  const units = timeUnits.some((entry) => entry.name === name) ? timeUnits : memoryUnits;
  return { units, factor: count * (units.find((entry) => entry.name === name)?.factor ?? 1) };
}

function numberWithUnit(pg: PgSetting, value: string): number {
  const match = /^\s*([+-]?(?:0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))\s*([a-z]*)\s*$/i.exec(value);
  if (match === null) throw invalidValue(pg.name, value);
  const number = Number(match[1]);
  if (match[2] === '') return number;
  if (pg.unit === undefined) throw invalidValue(pg.name, value);
  const { units, factor } = baseFactor(pg.unit);
  const unit = units.find((entry) => entry.name === match[2]);
  if (unit === undefined) throw invalidValue(pg.name, value, units === timeUnits ? timeHint : memoryHint);
  return (number * unit.factor) / factor;
}

function checkRange(pg: PgSetting, number: number, written: string): void {
  if (number >= Number(pg.min ?? Number.NEGATIVE_INFINITY) && number <= Number(pg.max ?? Number.POSITIVE_INFINITY)) return;
  const unit = pg.unit === undefined ? '' : ` ${pg.unit}`;
  throw new SqlError(
    sqlstate.invalidParameterValue,
    `${written}${unit} is outside the valid range for parameter "${pg.name}" (${pg.min} .. ${pg.max})`,
  );
}

function integerValue(pg: PgSetting, value: string): string {
  const number = Math.round(numberWithUnit(pg, value));
  checkRange(pg, number, String(number));
  return withUnit(pg, number);
}

function realValue(pg: PgSetting, value: string): string {
  const number = numberWithUnit(pg, value);
  checkRange(pg, number, String(number));
  return withUnit(pg, number);
}

/** As SHOW prints it: in the greatest unit that leaves a whole number. Zero and negative numbers stand alone. */
function withUnit(pg: PgSetting, number: number): string {
  if (pg.unit === undefined || number <= 0) return String(number);
  const { units, factor } = baseFactor(pg.unit);
  const total = number * factor;
  for (const unit of units) if (total % unit.factor === 0 && total >= unit.factor) return `${total / unit.factor}${unit.name}`;
  return `${number}${pg.unit}`;
}

function displayed(definition: { readonly pg: PgSetting | undefined }, raw: string): string {
  const { pg } = definition;
  if (pg === undefined || raw === '' || (pg.vartype !== 'integer' && pg.vartype !== 'real')) return raw;
  const number = Number(raw);
  return Number.isNaN(number) ? raw : pg.name === 'unix_socket_permissions' || pg.name.endsWith('_mode') ? raw : withUnit(pg, number);
}

/** The number of base units in a shown value: milliseconds of statement_timeout. */
export function settingNumber(name: string, value: string): number {
  const pg = settingDefinitions().get(name)?.pg;
  return pg === undefined ? Number(value) : numberWithUnit(pg, value);
}
