/** Which chapter of PostgreSQL's manual tells of a function or operator, and why one that is not here is not. */
import { castBetween } from '../builtins.ts';
import { oid } from '../oids.ts';
import type { PgProc } from '../postgres/pg-proc.ts';
import { pgTypes } from '../postgres/pg-type.ts';

export type Chapter = { readonly title: string; readonly isIn: (facts: Facts) => boolean };

/** What a function or operator is told by: its name, its arguments' types by name, its kind. */
export type Facts = {
  readonly name: string;
  readonly args: readonly string[];
  readonly result: string;
  readonly kind: 'function' | 'set' | 'aggregate' | 'window' | 'operator';
};

const typeNames = new Map(pgTypes.map((type) => [type.oid, type.name]));
export const nameOfType = (type: number): string => typeNames.get(type) ?? 'none';

export const factsOf = (proc: PgProc): Facts => ({
  name: proc.name,
  args: proc.argTypes.map(nameOfType),
  result: nameOfType(proc.returnType),
  kind: proc.kind === 'a' ? 'aggregate' : proc.kind === 'w' ? 'window' : proc.returnsSet ? 'set' : 'function',
});

const base = (type: string): string => type.replace(/^_/, '');
const takes =
  (...types: readonly string[]) =>
  ({ args, result }: Facts): boolean =>
    args.some((type) => types.includes(base(type))) || (args.length === 0 && types.includes(base(result)));
const named =
  (pattern: RegExp) =>
  ({ name }: Facts): boolean =>
    pattern.test(name);
const either =
  (...tests: readonly ((facts: Facts) => boolean)[]) =>
  (facts: Facts): boolean =>
    tests.some((test) => test(facts));

const geometric = ['point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle'];
const isRange = ({ args, result }: Facts): boolean => [...args, result].some((type) => /range/.test(type));
const comparisons = new Set(['=', '<>', '<', '<=', '>', '>=', '*=', '*<>', '*<', '*<=', '*>', '*>=', '~<~', '~<=~', '~>~', '~>=~']);

/** In the manual's order, but for those that must come first to have what is theirs. */
export const chapters: readonly Chapter[] = [
  { title: '9.21 Aggregate functions', isIn: ({ kind }) => kind === 'aggregate' },
  { title: '9.22 Window functions', isIn: ({ kind }) => kind === 'window' },
  { title: '9.11 Geometric functions and operators', isIn: either(takes(...geometric), ({ result }) => geometric.includes(result)) },
  {
    title: '9.13 Text search',
    isIn: either(
      takes('tsvector', 'tsquery', 'regconfig', 'regdictionary'),
      named(/^ts_|tsquery|tsvector|^get_current_ts|^@@@?$/),
      ({ result }) => /^ts(vector|query)$/.test(result),
    ),
  },
  { title: '9.15 XML functions', isIn: either(takes('xml'), named(/xml/), ({ result }) => result === 'xml') },
  { title: '9.20 Range functions and operators', isIn: isRange },
  { title: '9.10 Enum support functions', isIn: takes('anyenum') },
  { title: '9.12 Network address functions and operators', isIn: either(takes('inet', 'cidr', 'macaddr', 'macaddr8'), named(/^inet_/)) },
  { title: '9.6 Bit string functions and operators', isIn: takes('bit', 'varbit') },
  { title: '8.2 Monetary types', isIn: either(takes('money'), ({ result }) => result === 'money') },
  { title: '9.17 Sequence manipulation functions', isIn: named(/^(nextval|currval|lastval|setval)$/) },
  { title: '9.8 Data type formatting functions', isIn: named(/^to_(char|date|number|timestamp)$/) },
  {
    title: '9.7 Pattern matching',
    isIn: either(named(/^(regexp_|similar|like|notlike|!?~~?\*?$)/), ({ name, args }) => name === 'substring' && args[1] === 'text'),
  },
  {
    title: '9.16 JSON functions and operators',
    isIn: either(takes('json', 'jsonb', 'jsonpath'), named(/^(jsonb?_|to_jsonb?$|array_to_json|row_to_json)/)),
  },
  { title: '9.14 UUID functions', isIn: either(takes('uuid'), named(/uuid/)) },
  {
    title: '9.19 Array functions and operators',
    isIn: either(
      named(/^(array_|unnest|cardinality|string_to_|trim_array|generate_subscripts)/),
      ({ args, kind, name }) => kind === 'operator' && !comparisons.has(name) && args.some((type) => /^any.*array$/.test(type)),
    ),
  },
  { title: '9.25 Set returning functions', isIn: ({ name }) => name === 'generate_series' },
  {
    title: '9.26 System information functions',
    isIn: either(
      named(
        /^(has_|row_security|current_|session_user|system_user|version|getpgusername|pg_.*_is_visible|pg_get_|pg_index|pg_typeof|pg_input|pg_collation_for|pg_options|format_type|to_reg|col_description|obj_description|shobj_description|pg_current_xact|pg_current_snapshot|pg_snapshot|pg_visible|pg_xact|txid|age$|mxid_age|pg_has_role|pg_backend_pid|pg_blocking|pg_conf_load|pg_is_other|pg_jit|pg_listening|pg_my_temp|pg_notification|pg_postmaster|pg_safe_snap|pg_trigger_depth|pg_describe|pg_identify|pg_settings|pg_control|pg_last_committed|pg_char_to_enc|pg_encoding|pg_client_enc|getdatabaseencoding|makeaclitem|acl|pg_tablespace_loc|pg_tablespace_data|inet_|oidvectortypes|regclass|pg_cursor|pg_prepared|pg_relation_is|pg_column_is|pg_function_is|pg_available|pg_config|pg_show|pg_lock|pg_timezone|pg_stat|pg_sequence|pg_mcv|pg_hba|pg_ident|pg_current_logfile)/,
      ),
      takes('aclitem', 'xid', 'xid8', 'pg_snapshot', 'txid_snapshot', 'tid', 'cid'),
    ),
  },
  {
    title: '9.27 System administration functions',
    isIn: either(
      named(
        /^(set_config|pg_cancel|pg_reload|pg_rotate|pg_terminate|pg_log_|pg_.*wal|pg_backup|pg_create_|pg_is_|pg_promote|pg_export|pg_.*replication|pg_logical|pg_column_|pg_database|pg_.*size|pg_partition|pg_ls_|pg_read|pg_.*advisory|pg_sleep|pg_notify|pg_import|pg_extension|brin_|gin_|lo_|loread|lowrite|pg_event|pg_filenode|pg_relation_file|pg_nextoid|pg_isolation|pg_split|pg_stop|pg_collation_actual|binary_|pg_tablespace|currtid|pg_drop|pg_copy|pg_log|pg_replication|pg_)/,
      ),
      takes('pg_lsn', 'refcursor'),
    ),
  },
  {
    title: '9.9 Date/time functions and operators',
    isIn: either(
      takes('date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'),
      named(/^(make_(date|time|interval)|now|timeofday|clock_|statement_|transaction_|age|isfinite|date_|justify|extract|overlaps)/),
    ),
  },
  { title: '9.5 Binary string functions and operators', isIn: either(takes('bytea'), named(/^(decode|convert|convert_to)$/)) },
  {
    title: '9.2 Comparison functions and operators',
    isIn: either(named(/^num_n/), ({ kind, name }) => kind === 'operator' && comparisons.has(name)),
  },
  {
    title: '9.3 Mathematical functions and operators',
    isIn: either(
      takes('int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid'),
      named(/^(pi|random|setseed|width_bucket|int|float|numeric|log|hash)/),
    ),
  },
  {
    title: '9.4 String functions and operators',
    isIn: takes(
      'text',
      'varchar',
      'bpchar',
      'name',
      'char',
      'unknown',
      'any',
      'anyelement',
      'anynonarray',
      'anyarray',
      'record',
      'anycompatible',
      'bool',
      'oidvector',
    ),
  },
  { title: 'Others', isIn: () => true },
];

/** The chapters in the order in which the manual has them. */
export const inManualOrder = (titles: Iterable<string>): readonly string[] => {
  const place = (title: string): number =>
    /^\d/.test(title) ? Number(title.split(' ')[0].split('.')[0]) * 100 + Number(title.split(' ')[0].split('.')[1]) : 1e6;
  return [...titles].sort((a, b) => place(a) - place(b));
};

export const chapterOf = (facts: Facts): string => chapters.find(({ isIn }) => isIn(facts))?.title ?? 'Others';

const internalTypes: ReadonlySet<number> = new Set([
  ...[oid.internal, oid.cstring, oid.trigger],
  ...pgTypes.filter(({ name }) => /_handler$|^event_trigger$|^pg_ddl_command$/.test(name)).map((type) => type.oid),
]);
const textFunctions: ReadonlySet<string> = new Set(pgTypes.flatMap(({ input, output, receive, send }) => [input, output, receive, send]));

/** Functions that the manual does not tell of: what types, operators, aggregates and indexes are made of. */
export function isInternal(proc: PgProc): boolean {
  if ([...proc.argTypes, proc.returnType].some((type) => internalTypes.has(type)) || textFunctions.has(proc.name)) return true;
  if (proc.kind === 'f' && proc.argTypes.length > 0 && castBetween(proc.argTypes[0], proc.returnType)?.function === proc.oid) return true;
  return internalNames.test(proc.name);
}
const internalNames =
  /typmod(in|out)$|_(accum|accum_inv|avg|combine|transfn|sum|corr|covar_pop|covar_samp|avgx|avgy|intercept|r2|slope|sxx|sxy|syy|stddev_pop|stddev_samp|var_pop|var_samp|validator|larger|smaller|statefunc|eqimage|cmp|cmp_.*|hash|hash_extended|send|recv|subdiff)$|(larger|smaller)$|^(hash|bt|in_range|binary_upgrade|btequal|btvarstr|gin_c|gin_cmp|fmgr|amvalidate|plpgsql|satisfies_hash|postgresql_fdw|int2int4_sum|int8dec_any|int8inc|int4inc|.*_subdiff|elem_contained|.*cmp$|range_sort|multirange_sort|xideq|xidneq|cideq|_pg_)|^pg_event_trigger|_pattern_/;

type Absence = { readonly when: (facts: Facts) => boolean; readonly reason: string };

/** Why what is absent is absent; the first that holds. */
const absences: readonly Absence[] = [
  {
    when: either(takes(...geometric), ({ result }) => geometric.includes(result)),
    reason: 'geometric types: Aurora DSQL refuses them too',
  },
  {
    when: either(
      takes('tsvector', 'tsquery', 'regconfig', 'regdictionary'),
      named(/^ts_|tsquery|tsvector|^get_current_ts|^@@@?$/),
      ({ result }) => /^ts(vector|query)$/.test(result),
    ),
    reason: 'text search: no type tsvector or tsquery, as columns of Aurora DSQL have none',
  },
  { when: either(takes('xml'), named(/xml/), ({ result }) => result === 'xml'), reason: 'XML: no type xml' },
  { when: isRange, reason: 'range types are not there' },
  { when: takes('anyenum'), reason: 'enumerated types: Aurora DSQL refuses CREATE TYPE' },
  { when: takes('macaddr', 'macaddr8'), reason: 'no types macaddr and macaddr8' },
  { when: takes('bit', 'varbit'), reason: 'no types bit and bit varying' },
  { when: either(takes('money'), ({ result }) => result === 'money'), reason: 'no type money' },
  {
    when: either(takes('pg_lsn'), ({ result }) => result === 'pg_lsn'),
    reason: "no type pg_lsn: there is no write-ahead log of PostgreSQL's kind",
  },
  { when: either(takes('aclitem'), ({ result }) => /aclitem/.test(result)), reason: 'privileges are no array of aclitem here' },
  {
    when: either(
      takes('tid', 'pg_snapshot', 'txid_snapshot', 'xid', 'xid8'),
      named(
        /^(pg_xact|txid_status|pg_current_snapshot|txid_current_snapshot|pg_last_committed|pg_export_snapshot|mxid|currtid|pg_get_multixact)/,
      ),
    ),
    reason: 'rows have no place on a page and transactions no numbers that others see',
  },
  { when: named(/^(lo_|loread|lowrite)/), reason: 'large objects: Aurora DSQL has none' },
  { when: named(/^(pg_stat|pg_mcv)/), reason: 'these statistics are not kept' },
  {
    when: named(/wal|xact_replay|restore_point|replication|logical|standby|backup|promote|recovery|publication|archive/),
    reason: "no write-ahead log, replication slots or standby servers of PostgreSQL's kind",
  },
  {
    when: named(
      /^(pg_ls_|pg_read_|pg_rotate|pg_current_logfile|pg_hba|pg_ident|pg_show_all_file|pg_config|pg_control|pg_log_backend|pg_get_backend|pg_get_shmem)/,
    ),
    reason: 'files and memory of a PostgreSQL server',
  },
  {
    when: named(
      /^(brin_|gin_|pg_indexam|pg_import|pg_extension|pg_available|pg_event|pg_stop|pg_nextoid|pg_tablespace|pg_partition|pg_isolation|pg_collation_act|pg_database_collation|pg_column_compression)/,
    ),
    reason: 'what it asks about is not there: access methods, extensions, event triggers, tablespaces, partitions, collation versions',
  },
  { when: named(/^(pg_cursor|pg_prepared|pg_lock_status|pg_show_all_settings)/), reason: 'stands behind a system view, which is there' },
  { when: named(/^(pg_notification|pg_safe_snapshot)/), reason: 'LISTEN and predicate locks are not there' },
  {
    when: named(/^(pg_get_object_address|pg_identify|pg_get_catalog_foreign|pg_get_statistics|pg_sequence_parameters)/),
    reason: 'not made yet',
  },
  { when: named(/^to_ascii$/), reason: 'PostgreSQL refuses it for UTF-8, the one encoding here' },
  { when: named(/^binary_upgrade|^currtid/), reason: "for PostgreSQL's own upgrades" },
];

/** undefined: nobody has said why; the document is not made then. */
export const reasonOf = (facts: Facts): string | undefined => absences.find(({ when }) => when(facts))?.reason;
