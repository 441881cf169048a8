/**
 * Functions about the session, the server and its objects. What only the catalog knows is asked of the query processor by name
 * (SessionFacts.catalogFunction); sequences too (SessionFacts.sequence).
 *
 * pg_sleep() and its kin wait in an operator before they are evaluated (planner/physical-plan.ts, `await`); here they only answer.
 */

import { InvariantError } from '#base/assert.ts';
import { ByteWriter } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import {
  type CallTypes,
  type EvaluationContext,
  type Implementation,
  type Implementations,
  polymorphic,
  type ScalarFunction,
  scalar,
  setReturning,
} from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull, RegKind } from '../type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { isCatalogType } from '../types/catalog-types.ts';
import {
  dateOfDays,
  dayOfWeek,
  microsecondsPerSecond,
  splitTimestamp,
  timestampOfUnixMicroseconds,
  unixSecondsOf,
} from '../types/date-time/calendar.ts';
import { twoDigits } from '../types/date-time/format-date-time.ts';
import { monthNames, weekdayNames } from '../types/date-time/keywords.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import { toLocal } from '../types/date-time/timestamp.ts';
import { displayNameOf, pgTypeByOid } from '../types/format-type.ts';
import { RecordValue } from '../types/record-value.ts';
import { formatType, typeByOid } from '../types/registry.ts';
import { signatureOf } from './signature.ts';

type Args = readonly (Datum | EvaluationContext)[];

/** What the query processor answers or refuses: every overload of these names, all arguments handed over as they are. */
const catalogNames = [
  'col_description',
  'obj_description',
  'shobj_description',
  'pg_get_constraintdef',
  'pg_get_expr',
  'pg_get_function_arg_default',
  'pg_get_function_arguments',
  'pg_get_function_identity_arguments',
  'pg_get_function_result',
  'pg_get_function_sqlbody',
  'pg_get_functiondef',
  'pg_get_indexdef',
  'pg_get_partkeydef',
  'pg_get_partition_constraintdef',
  'pg_get_replica_identity_index',
  'pg_get_ruledef',
  'pg_get_serial_sequence',
  'pg_get_statisticsobjdef',
  'pg_get_statisticsobjdef_columns',
  'pg_get_triggerdef',
  'pg_get_userbyid',
  'pg_get_viewdef',
  'pg_collation_is_visible',
  'pg_conversion_is_visible',
  'pg_function_is_visible',
  'pg_opclass_is_visible',
  'pg_operator_is_visible',
  'pg_opfamily_is_visible',
  'pg_statistics_obj_is_visible',
  'pg_table_is_visible',
  'pg_ts_config_is_visible',
  'pg_ts_dict_is_visible',
  'pg_ts_parser_is_visible',
  'pg_ts_template_is_visible',
  'pg_type_is_visible',
  'has_any_column_privilege',
  'has_column_privilege',
  'has_database_privilege',
  'has_foreign_data_wrapper_privilege',
  'has_function_privilege',
  'has_language_privilege',
  'has_parameter_privilege',
  'has_schema_privilege',
  'has_sequence_privilege',
  'has_server_privilege',
  'has_table_privilege',
  'has_tablespace_privilege',
  'has_type_privilege',
  'pg_has_role',
  'pg_database_size',
  'pg_indexes_size',
  'pg_relation_filenode',
  'pg_relation_filepath',
  'pg_relation_size',
  'pg_table_size',
  'pg_tablespace_size',
  'pg_tablespace_location',
  'pg_total_relation_size',
  'pg_column_is_updatable',
  'pg_relation_is_updatable',
  'pg_relation_is_publishable',
  'pg_describe_object',
  'pg_index_column_has_property',
  'pg_index_has_property',
  'pg_indexam_has_property',
  'pg_sequence_last_value',
  'pg_partition_root',
  'pg_filenode_relation',
  'pg_settings_get_flags',
  'pg_stat_get_numscans',
  'row_security_active',
  'current_query',
  'pg_cancel_backend',
  'pg_terminate_backend',
  'pg_reload_conf',
  'pg_postmaster_start_time',
  'pg_conf_load_time',
  'pg_notify',
  'pg_current_xact_id',
  'pg_current_xact_id_if_assigned',
  'txid_current',
  'txid_current_if_assigned',
  'inet_client_addr',
  'inet_client_port',
  'inet_server_addr',
  'inet_server_port',
  'pg_advisory_lock',
  'pg_advisory_lock_shared',
  'pg_advisory_unlock',
  'pg_advisory_unlock_all',
  'pg_advisory_unlock_shared',
  'pg_advisory_xact_lock',
  'pg_advisory_xact_lock_shared',
  'pg_try_advisory_lock',
  'pg_try_advisory_lock_shared',
  'pg_try_advisory_xact_lock',
  'pg_try_advisory_xact_lock_shared',
  '_pg_index_position',
  '_pg_truetypid',
  '_pg_truetypmod',
] as const;

const withoutContext = (args: Args): readonly Datum[] => args.slice(0, -1) as readonly Datum[];
const contextOf = (args: Args): EvaluationContext => args[args.length - 1] as EvaluationContext;

function catalogFunctions(): Implementations {
  const table: Record<string, Implementation> = {};
  for (const name of catalogNames) {
    const implementation = scalar((...args: Args) => contextOf(args).session.catalogFunction(name, withoutContext(args)));
    for (const proc of procsByName(name)) if (!proc.returnsSet) table[signatureOf(proc)] = implementation;
  }
  return table;
}

function sequenceFunctions(): Implementations {
  const table: Record<string, Implementation> = {};
  for (const name of ['nextval', 'currval', 'lastval', 'setval'] as const) {
    const implementation = scalar((...args: Args) => contextOf(args).session.sequence(name, withoutContext(args)));
    for (const proc of procsByName(name)) table[signatureOf(proc)] = implementation;
  }
  return table;
}

/** to_regclass() and the like: NULL where a cast would say that there is no such thing. */
const toReg = (kind: RegKind): Implementation =>
  scalar((text: string, context: EvaluationContext) => {
    if (/^[0-9]+$/.test(text)) return null;
    try {
      return context.names?.oidOf(kind, text) ?? null;
    } catch (error) {
      if (error instanceof SqlError && (missingObject.has(error.sqlstate) || error.message.startsWith('invalid type name'))) return null;
      throw error;
    }
  });
const missingObject: ReadonlySet<string> = new Set([
  sqlstate.undefinedTable,
  sqlstate.undefinedObject,
  sqlstate.undefinedFunction,
  sqlstate.ambiguousFunction,
  sqlstate.invalidSchemaName,
]);

function currentSetting(name: string, missingOk: boolean, context: EvaluationContext): Datum {
  const value = context.session.setting(name);
  if (value !== undefined) return value;
  if (missingOk) return null;
  throw new SqlError(sqlstate.undefinedObject, `unrecognized configuration parameter "${name}"`);
}

function setConfig(name: string | null, value: string | null, isLocal: boolean | null, context: EvaluationContext): Datum {
  if (name === null) throw new SqlError(sqlstate.nullValueNotAllowed, 'SET requires parameter name');
  return context.session.setSetting(name, value ?? '', isLocal ?? false);
}

const transactionTime = scalar((context: EvaluationContext) => timestampOfUnixMicroseconds(context.transactionTimestamp));

/** Like `Thu Feb 29 12:34:56.789000 2024 UTC`. */
function timeOfDay(context: EvaluationContext): string {
  const now = timestampOfUnixMicroseconds(context.clock());
  const zone = sessionZone(context);
  const { days, microseconds } = splitTimestamp(toLocal(now, zone));
  const { year, month, day } = dateOfDays(days);
  const second = Math.floor(microseconds / microsecondsPerSecond);
  const fraction = String(microseconds % microsecondsPerSecond).padStart(6, '0');
  const time = `${twoDigits(Math.floor(second / 3600))}:${twoDigits(Math.floor(second / 60) % 60)}:${twoDigits(second % 60)}.${fraction}`;
  const weekday = weekdayNames[dayOfWeek(days)].slice(0, 3);
  const monthName = monthNames[month - 1].slice(0, 3);
  return `${weekday} ${monthName} ${twoDigits(day)} ${time} ${String(year).padStart(4, '0')} ${zone.abbreviationAt(unixSecondsOf(now))}`;
}

/** PostgreSQL prints the type of an argument as written, a bare literal's as unknown. */
const typeOf = ({ args }: CallTypes): ScalarFunction => {
  const [type] = args;
  return () => type;
};

function typeName(type: number | null, typmod: number | null, context?: EvaluationContext): Datum {
  if (type === null) return null;
  if (type === 0) return '-';
  const known = pgTypeByOid(type);
  // Domains and row types are known to the catalog alone.
  if (known === undefined || isCatalogType(type)) return context?.names?.nameOf('type', type) ?? '???';
  return typmod === null ? displayNameOf(known) : formatType({ oid: type, typmod });
}

/** Bytes that PostgreSQL's own format takes: the fixed length, or a header of four bytes and the contents. */
const columnSize = ({ args }: CallTypes): ScalarFunction => {
  const type = typeByOid(args[0] === oid.unknown ? oid.text : args[0]);
  return (value: NonNull) => {
    if (type.length > 0) return type.length;
    if (typeof value === 'string') return Buffer.byteLength(value) + 4;
    if (value instanceof Uint8Array) return value.length + 4;
    const writer = new ByteWriter();
    type.encodeRow(value, writer);
    return writer.length + 4;
  };
};

/** PostgreSQL's encodings, each at its number. Text is UTF-8 here whatever they are. */
const encodings = [
  ...['SQL_ASCII', 'EUC_JP', 'EUC_CN', 'EUC_KR', 'EUC_TW', 'EUC_JIS_2004', 'UTF8', 'MULE_INTERNAL', 'LATIN1', 'LATIN2', 'LATIN3', 'LATIN4'],
  ...['LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10', 'WIN1256', 'WIN1258', 'WIN866', 'WIN874', 'KOI8R', 'WIN1251', 'WIN1252'],
  ...[
    'ISO_8859_5',
    'ISO_8859_6',
    'ISO_8859_7',
    'ISO_8859_8',
    'WIN1250',
    'WIN1253',
    'WIN1254',
    'WIN1255',
    'WIN1257',
    'KOI8U',
    'SJIS',
    'BIG5',
  ],
  ...['GBK', 'UHC', 'GB18030', 'JOHAB', 'SHIFT_JIS_2004'],
];
const encodingAliases: Readonly<Record<string, string>> = {
  ...{ unicode: 'utf8', iso88591: 'latin1', iso88592: 'latin2', iso88593: 'latin3', iso88594: 'latin4', iso88599: 'latin5' },
  ...{ iso885910: 'latin6', iso885913: 'latin7', iso885914: 'latin8', iso885915: 'latin9', iso885916: 'latin10', koi8: 'koi8r' },
  ...{ abc: 'win1258', tcvn: 'win1258', tcvn5712: 'win1258', vscii: 'win1258', alt: 'win866', win: 'win1251', mskanji: 'sjis' },
  ...{ shiftjis: 'sjis', win932: 'sjis', windows932: 'sjis', win936: 'gbk', windows936: 'gbk', win949: 'uhc', windows949: 'uhc' },
  ...{ win950: 'big5', windows950: 'big5' },
};

const plainEncodingName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The longest character of each of PostgreSQL's encodings, by its number, in bytes. */
const encodingWidths = [
  ...[1, 3, 3, 3, 4, 3, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  ...[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 3, 2],
];

function encodingNumber(name: string): number {
  const given = plainEncodingName(name);
  const windows = /^windows(\d+)$/.exec(given);
  const plain = encodingAliases[given] ?? (windows === null ? given : `win${windows[1]}`);
  return encodings.findIndex((own) => plainEncodingName(own) === plain);
}

/** What the type's input says against the text; a type that is not there is no answer but an error. */
function inputError(text: string, typeText: string, context: EvaluationContext): SqlError | undefined {
  if (context.names === undefined) throw new InvariantError('a type is named where there is no catalog');
  const type = context.names.typeOf(typeText, context.remark);
  try {
    typeByOid(type.oid).input(text, type.typmod, context);
    return undefined;
  } catch (error) {
    if (error instanceof SqlError && error.sqlstate !== sqlstate.featureNotSupported) return error;
    throw error;
  }
}

export const sessionFunctions: Implementations = {
  ...catalogFunctions(),
  ...sequenceFunctions(),
  'version()': scalar(() => 'PostgreSQL 16'),
  'current_database()': scalar((context: EvaluationContext) => context.session.database),
  'current_schema()': scalar((context: EvaluationContext) => context.session.schemas(false)[0] ?? null),
  'current_schemas(bool)': scalar(
    (includeImplicit: boolean, context: EvaluationContext) => new ArrayValue(oid.name, context.session.schemas(includeImplicit)),
  ),
  'current_user()': scalar((context: EvaluationContext) => context.session.currentUser),
  'session_user()': scalar((context: EvaluationContext) => context.session.sessionUser),
  'getpgusername()': scalar((context: EvaluationContext) => context.session.currentUser),
  'system_user()': scalar(() => null),
  'pg_backend_pid()': scalar((context: EvaluationContext) => context.session.backendPid),
  'current_setting(text)': scalar((name: string, context: EvaluationContext) => currentSetting(name, false, context)),
  'current_setting(text,bool)': scalar(currentSetting),
  'set_config(text,text,bool)': scalar(setConfig),
  'pg_client_encoding()': scalar(() => 'UTF8'),
  'getdatabaseencoding()': scalar(() => 'UTF8'),
  'pg_encoding_to_char(int4)': scalar((encoding: number) => encodings[encoding] ?? ''),
  'pg_char_to_encoding(name)': scalar(encodingNumber),
  'pg_encoding_max_length(int4)': scalar((encoding: number) => encodingWidths[encoding] ?? null),
  'pg_typeof(any)': polymorphic(typeOf),
  'format_type(oid,int4)': scalar(typeName),
  'pg_input_is_valid(text,text)': scalar(
    (text: string, typeText: string, context: EvaluationContext) => inputError(text, typeText, context) === undefined,
  ),

  'to_regclass(text)': toReg('class'),
  'to_regcollation(text)': toReg('collation'),
  'to_regnamespace(text)': toReg('namespace'),
  'to_regoper(text)': toReg('oper'),
  'to_regoperator(text)': toReg('operator'),
  'to_regproc(text)': toReg('proc'),
  'to_regprocedure(text)': toReg('procedure'),
  'to_regrole(text)': toReg('role'),
  'to_regtype(text)': toReg('type'),

  'now()': transactionTime,
  'transaction_timestamp()': transactionTime,
  'statement_timestamp()': scalar((context: EvaluationContext) => timestampOfUnixMicroseconds(context.statementTimestamp)),
  'clock_timestamp()': scalar((context: EvaluationContext) => timestampOfUnixMicroseconds(context.clock())),
  'timeofday()': scalar(timeOfDay),

  'pg_sleep(float8)': scalar(() => ''),
  'pg_sleep_for(interval)': scalar(() => ''),
  'pg_sleep_until(timestamptz)': scalar(() => ''),

  'pg_input_error_info(text,text)': scalar((text: string, typeText: string, context: EvaluationContext) => {
    const error = inputError(text, typeText, context);
    return new RecordValue(
      [oid.text, oid.text, oid.text, oid.text],
      ['message', 'detail', 'hint', 'sql_error_code'],
      [error?.message ?? null, error?.fields.detail ?? null, error?.fields.hint ?? null, error?.sqlstate ?? null],
    );
  }),
  'oidvectortypes(oidvector)': scalar((types: ArrayValue) => types.items.map((type) => typeName(Number(type), null)).join(', ')),
  'pg_options_to_table(_text)': setReturning((options: ArrayValue) =>
    options.items.flatMap((option) => {
      if (typeof option !== 'string') return [];
      const equals = option.indexOf('=');
      return equals < 0 ? [[option, null]] : [[option.slice(0, equals), option.slice(equals + 1)]];
    }),
  ),
  'pg_column_size(any)': polymorphic(columnSize),

  'pg_is_in_recovery()': scalar(() => false),
  'pg_my_temp_schema()': scalar(() => 0),
  'pg_is_other_temp_schema(oid)': scalar(() => false),
  'pg_trigger_depth()': scalar(() => 0),
  'pg_jit_available()': scalar(() => false),
  'pg_blocking_pids(int4)': scalar(() => new ArrayValue(oid.int4, [])),
  'pg_listening_channels()': setReturning(() => []),
  'pg_collation_for(any)': polymorphic(({ args }) => {
    const isText = [oid.text, oid.varchar, oid.bpchar, oid.name].some((type) => type === args[0]);
    return () => (isText ? '"default"' : null);
  }),
};
