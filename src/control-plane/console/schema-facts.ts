/**
 * What exists in a cluster, as the schema browser shows it and the editor completes it: asked of the catalogs in a session of the user, so that nobody is
 * told of what his role cannot see in psql.
 */
import { SqlError } from '#base/sql-error.ts';
import { quoteIdentifier } from '#query-processor/catalog/identifiers.ts';
import type { QuerySession } from './query-session.ts';

export type ColumnFacts = {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
  readonly defaultText: string | null;
  /** GENERATED … AS IDENTITY. */
  readonly identity: 'always' | 'by default' | undefined;
};

export type RelationFacts = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  /** As ANALYZE has found it; undefined: not yet. */
  readonly rows: number | undefined;
  readonly columns: readonly ColumnFacts[];
};

export type SequenceFacts = {
  readonly schema: string;
  readonly name: string;
  readonly lastValue: string | null;
  readonly increment: string;
  readonly cache: string;
};

export type FunctionFacts = { readonly schema: string; readonly name: string; readonly arguments: string; readonly result: string };

export type SchemaFacts = {
  readonly schemas: readonly string[];
  readonly relations: readonly RelationFacts[];
  /** More tables and views exist than are shown. */
  readonly isCut: boolean;
  readonly sequences: readonly SequenceFacts[];
  readonly functions: readonly FunctionFacts[];
};

export type IndexFacts = {
  readonly name: string;
  readonly definition: string;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
  readonly isValid: boolean;
  readonly bytes: number;
  /** Of the job that builds it, or has. */
  readonly job: { readonly id: string; readonly status: string; readonly details: string | null } | undefined;
};

export type RelationDetails = {
  /** Counted, where that does not take long. */
  readonly rows: number | undefined;
  readonly bytes: number;
  readonly indexBytes: number;
  readonly indexes: readonly IndexFacts[];
  readonly constraints: readonly { readonly name: string; readonly definition: string }[];
  readonly viewText: string | undefined;
};

/** A page with more would help nobody. */
const relationsMaximum = 2_000;
const functionsMaximum = 500;
const countingMs = 500;

const isForUsers = `n.nspname not in ('pg_catalog', 'information_schema', 'sys') and n.nspname not like 'pg\\_%'`;

export async function schemaFacts(session: QuerySession): Promise<SchemaFacts> {
  const schemas = await session.rows(`select nspname from pg_catalog.pg_namespace n where ${isForUsers} order by 1`);
  const relations = await session.rows(
    `select c.oid, n.nspname, c.relname, c.relkind, c.reltuples from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${isForUsers} and c.relkind in ('r', 'p', 'v', 'm') order by 2, 3 limit ${relationsMaximum + 1}`,
  );
  const columns = await session.rows(
    `select a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity
     from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where ${isForUsers} and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum`,
  );
  const sequences = await session.rows(
    `select schemaname, sequencename, last_value, increment_by, cache_size from pg_catalog.pg_sequences order by 1, 2 limit ${relationsMaximum}`,
  );
  const functions = await session.rows(
    `select n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.format_type(p.prorettype, null)
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${isForUsers} order by 1, 2 limit ${functionsMaximum}`,
  );
  const columnsOf = new Map<string, ColumnFacts[]>();
  for (const [relation, name, type, isNotNull, defaultText, identity] of columns) {
    const own = columnsOf.get(text(relation)) ?? [];
    own.push({
      name: text(name),
      type: text(type),
      isNullable: isNotNull !== 't',
      defaultText,
      identity: identity === 'a' ? 'always' : identity === 'd' ? 'by default' : undefined,
    });
    columnsOf.set(text(relation), own);
  }
  return {
    schemas: schemas.map(([name]) => text(name)),
    relations: relations.slice(0, relationsMaximum).map(([oid, schema, name, kind, rows]) => ({
      oid: Number(oid),
      schema: text(schema),
      name: text(name),
      kind: kind === 'v' || kind === 'm' ? 'view' : 'table',
      rows: Number(rows) < 0 ? undefined : Number(rows),
      columns: columnsOf.get(text(oid)) ?? [],
    })),
    isCut: relations.length > relationsMaximum,
    sequences: sequences.map(([schema, name, lastValue, increment, cache]) => ({
      schema: text(schema),
      name: text(name),
      lastValue,
      increment: text(increment),
      cache: text(cache),
    })),
    functions: functions.map(([schema, name, args, result]) => ({
      schema: text(schema),
      name: text(name),
      arguments: text(args),
      result: text(result),
    })),
  };
}

/** undefined: there is no such table or view. */
export async function relationDetails(session: QuerySession, oid: number): Promise<RelationDetails | undefined> {
  const [found] = await session.rows(
    `select c.relkind, pg_catalog.pg_table_size(c.oid), pg_catalog.pg_indexes_size(c.oid), n.nspname, c.relname from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${oid} and c.relkind in ('r', 'p', 'v', 'm')`,
  );
  if (found === undefined) return undefined;
  const [kind, bytes, indexBytes, schema, name] = found;
  const isView = kind === 'v' || kind === 'm';
  const indexes = await session.rows(
    `select c.relname, pg_catalog.pg_get_indexdef(i.indexrelid), i.indisprimary, i.indisunique, i.indisvalid, pg_catalog.pg_table_size(c.oid), c.oid
     from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indrelid = ${oid} order by i.indisprimary desc, 1`,
  );
  const jobs = await session.rows('select object_id, job_id, status, details from sys.jobs order by start_time');
  const constraints = await session.rows(
    `select conname, pg_catalog.pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conrelid = ${oid} order by contype desc, 1`,
  );
  const [view] = isView ? await session.rows(`select pg_catalog.pg_get_viewdef(${oid}::oid, true)`) : [];
  const jobOf = new Map(jobs.map(([object, id, status, details]) => [text(object), { id: text(id), status: text(status), details }]));
  return {
    rows: isView ? undefined : await countedRows(session, text(schema), text(name)),
    bytes: Number(bytes),
    indexBytes: Number(indexBytes),
    indexes: indexes.map(([name, definition, isPrimary, isUnique, isValid, size, indexOid]) => ({
      name: text(name),
      definition: text(definition),
      isPrimary: isPrimary === 't',
      isUnique: isUnique === 't',
      isValid: isValid === 't',
      bytes: Number(size),
      job: jobOf.get(text(indexOid)),
    })),
    constraints: constraints.map(([name, definition]) => ({ name: text(name), definition: text(definition) })),
    viewText: view === undefined ? undefined : text(view[0]),
  };
}

/** undefined: it takes too long, or the user may not read the table. */
async function countedRows(session: QuerySession, schema: string, name: string): Promise<number | undefined> {
  try {
    await session.execute(`set statement_timeout = ${countingMs}`);
    const [[count]] = await session.rows(`select count(*) from ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
    return Number(count);
  } catch (error) {
    if (error instanceof SqlError) return undefined;
    throw error;
  }
}

const text = (value: string | null | undefined): string => value ?? '';
