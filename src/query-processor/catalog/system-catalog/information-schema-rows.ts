/** information_schema: the standard's view of the catalog. Columns that PostgreSQL leaves NULL are not named here. */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { elementOfRowArray, isRowTypeOid } from '#sql/types/catalog-types.ts';
import { formatType } from '#sql/types/registry.ts';
import type { Run } from '../../executor/operator.ts';
import type { ColumnDescriptor, ForeignKeyDescriptor, RelationDescriptor, TableDescriptor } from '../descriptors.ts';
import { actionNames, constraintsOf } from './definitions.ts';
import { domainConstraintsOfSchema, domainsOfSchema, udtOf } from './domain-rows.ts';
import { integer } from './relation-rows.ts';
import { everyRelation, type RowMakers, roleName, type SystemRow, storedTables } from './row-maker.ts';
import { shownRelations, shownSchemas } from './shown-relations.ts';
import { isSystemView } from './system-tables.ts';
import { changesOf, isColumnUpdatable, isInsertable, isUpdatable } from './view-facts.ts';
import { sessionOf, viewText } from './view-text.ts';

const yesNo = (is: boolean): string => (is ? 'YES' : 'NO');

function* schemata(run: Run): Iterable<SystemRow> {
  for (const schema of shownSchemas(run))
    yield { catalog_name: run.context.session.database, schema_name: schema.name, schema_owner: roleName(run.catalog, schema.ownerOid) };
}

const isView = (relation: RelationDescriptor): boolean =>
  relation.kind === 'view' || (relation.kind === 'system' && isSystemView(relation.oid));

function* tables(run: Run): Iterable<SystemRow> {
  for (const relation of shownRelations(run)) {
    if (relation.kind === 'sequence') continue;
    yield {
      table_catalog: run.context.session.database,
      table_schema: relation.schemaName,
      table_name: relation.name,
      table_type: isView(relation) ? 'VIEW' : relation.oid >= firstTemporaryOid ? 'LOCAL TEMPORARY' : 'BASE TABLE',
      is_insertable_into: yesNo(isInsertable(changesOf(sessionOf(run), relation))),
      is_typed: 'NO',
    };
  }
}

function* views(run: Run): Iterable<SystemRow> {
  for (const relation of shownRelations(run))
    if (isView(relation)) {
      const changes = changesOf(sessionOf(run), relation);
      yield {
        table_catalog: run.context.session.database,
        table_schema: relation.schemaName,
        table_name: relation.name,
        view_definition: relation.kind === 'view' ? viewText(sessionOf(run), relation, false) : null,
        check_option: (relation.kind === 'view' ? relation.options.checkOption : undefined)?.toUpperCase() ?? 'NONE',
        is_updatable: yesNo(isUpdatable(changes)),
        is_insertable_into: yesNo(isInsertable(changes)),
        is_trigger_updatable: 'NO',
        is_trigger_deletable: 'NO',
        is_trigger_insertable_into: 'NO',
      };
    }
}

const typeNames = new Map<number, string>();
function udtName(typeOid: number): string {
  if (typeNames.size === 0) for (const type of pgTypes) typeNames.set(type.oid, type.name);
  return typeNames.get(typeOid) ?? '';
}

/** Numbers of binary types, and of text and timestamp types by their modifier. */
function typeFacts(type: TypeRef): SystemRow {
  const { oid: typeOid, typmod } = type;
  switch (typeOid) {
    case oid.int2:
      return { numeric_precision: 16, numeric_precision_radix: 2, numeric_scale: 0 };
    case oid.int4:
      return { numeric_precision: 32, numeric_precision_radix: 2, numeric_scale: 0 };
    case oid.int8:
      return { numeric_precision: 64, numeric_precision_radix: 2, numeric_scale: 0 };
    case oid.float4:
      return { numeric_precision: 24, numeric_precision_radix: 2 };
    case oid.float8:
      return { numeric_precision: 53, numeric_precision_radix: 2 };
    case oid.numeric:
      if (typmod < 0) return { numeric_precision_radix: 10 };
      return { numeric_precision: ((typmod - 4) >> 16) & 0xffff, numeric_precision_radix: 10, numeric_scale: (typmod - 4) & 0x7ff };
    case oid.varchar:
    case oid.bpchar: {
      const length = typmod < 0 ? null : typmod - 4;
      return { character_maximum_length: length, character_octet_length: length === null ? 1_073_741_824 : length * 4 };
    }
    case oid.text:
      return { character_octet_length: 1_073_741_824 };
    case oid.date:
      return { datetime_precision: 0 };
    case oid.time:
    case oid.timetz:
    case oid.timestamp:
    case oid.timestamptz:
      return { datetime_precision: typmod < 0 ? 6 : typmod };
    case oid.interval:
      return { datetime_precision: typmod < 0 || (typmod & 0xffff) === 0xffff ? 6 : typmod & 0xffff };
    default:
      return {};
  }
}

function dataType(type: TypeRef): string {
  if (isRowTypeOid(type.oid)) return 'USER-DEFINED';
  if (elementOfRowArray(type.oid) !== undefined) return 'ARRAY';
  const facts = udtName(type.oid);
  if (facts.startsWith('_')) return 'ARRAY';
  return formatType(typeRef(type.oid));
}

function columnRow(
  run: Run,
  relation: RelationDescriptor,
  number: number,
  name: string,
  type: TypeRef,
  column: ColumnDescriptor | undefined,
): SystemRow {
  const { database } = run.context.session;
  const identity = column?.identity;
  return {
    table_catalog: database,
    table_schema: relation.schemaName,
    table_name: relation.name,
    column_name: name,
    ordinal_position: number,
    column_default: column?.generated === undefined ? (column?.defaultText ?? null) : null,
    is_nullable: yesNo(column?.notNull !== true),
    data_type: dataType(type),
    ...typeFacts(type),
    udt_catalog: database,
    ...udtOf(run, typeRef(type.oid)),
    dtd_identifier: String(number),
    is_self_referencing: 'NO',
    is_identity: yesNo(identity !== undefined),
    identity_generation: identity === undefined ? null : identity === 'always' ? 'ALWAYS' : 'BY DEFAULT',
    identity_cycle: 'NO',
    is_generated: column?.generated === undefined ? 'NEVER' : 'ALWAYS',
    generation_expression: column?.generated === undefined ? null : (column.defaultText ?? null),
    is_updatable: yesNo(isColumnUpdatable(sessionOf(run), relation, number)),
  };
}

function* columns(run: Run): Iterable<SystemRow> {
  for (const relation of shownRelations(run)) {
    if (relation.kind === 'sequence') continue;
    if (relation.kind === 'view') {
      for (let at = 0; at < relation.columns.length; at++) {
        const { name, type } = relation.columns[at];
        yield columnRow(run, relation, at + 1, name, type, undefined);
      }
      continue;
    }
    for (const column of relation.columns)
      if (!column.isDropped) yield columnRow(run, relation, column.attributeNumber, column.name, column.type, column);
  }
}

const constraintTypes: Readonly<Record<string, string>> = { p: 'PRIMARY KEY', u: 'UNIQUE', c: 'CHECK', f: 'FOREIGN KEY' };

function* tableConstraints(run: Run): Iterable<SystemRow> {
  const { database } = run.context.session;
  for (const table of storedTables(run.catalog)) {
    const common = {
      constraint_catalog: database,
      constraint_schema: table.schemaName,
      table_catalog: database,
      table_schema: table.schemaName,
    };
    for (const constraint of constraintsOf(table))
      yield {
        ...common,
        constraint_name: constraint.name,
        table_name: table.name,
        constraint_type: constraintTypes[constraint.type],
        is_deferrable: yesNo(constraint.foreignKey?.isDeferrable === true),
        initially_deferred: yesNo(constraint.foreignKey?.isInitiallyDeferred === true),
        enforced: 'YES',
        nulls_distinct: constraint.type === 'u' ? 'YES' : null,
      };
    // The standard knows NOT NULL as a check.
    for (const column of table.columns)
      if (column.notNull)
        yield {
          ...common,
          constraint_name: notNullName(table.schemaOid, table.oid, column.attributeNumber),
          table_name: table.name,
          constraint_type: 'CHECK',
          is_deferrable: 'NO',
          initially_deferred: 'NO',
          enforced: 'YES',
        };
  }
}

const notNullName = (schemaOid: number, tableOid: number, attributeNumber: number): string =>
  `${schemaOid}_${tableOid}_${attributeNumber}_not_null`;

function* checkConstraints(run: Run): Iterable<SystemRow> {
  for (const table of storedTables(run.catalog)) {
    const common = { constraint_catalog: run.context.session.database, constraint_schema: table.schemaName };
    for (const check of table.checks) yield { ...common, constraint_name: check.name, check_clause: check.text };
    for (const column of table.columns)
      if (column.notNull)
        yield {
          ...common,
          constraint_name: notNullName(table.schemaOid, table.oid, column.attributeNumber),
          check_clause: `${column.name} IS NOT NULL`,
        };
  }
}

type KeyColumn = SystemRow & { readonly position: Datum; readonly parentPosition: Datum };

/** The columns of every key, in key order; of foreign keys those that refer, or those referred to. */
function* keyColumns(run: Run, side: 'own' | 'used'): Iterable<KeyColumn> {
  const { database } = run.context.session;
  for (const table of storedTables(run.catalog))
    for (const { name, type, attributeNumbers, foreignKey } of constraintsOf(table)) {
      if (type === 'c') continue;
      const parent = foreignKey === undefined ? undefined : parentOf(run, foreignKey);
      const [shown, numbers] =
        side === 'used' && foreignKey !== undefined && parent !== undefined
          ? [parent, foreignKey.parentAttributeNumbers]
          : [table, attributeNumbers];
      const parentKey = parent === undefined || foreignKey === undefined ? [] : indexAttributes(parent, foreignKey.parentIndexOid);
      for (let at = 0; at < numbers.length; at++)
        yield {
          constraint_catalog: database,
          constraint_schema: table.schemaName,
          constraint_name: name,
          table_catalog: database,
          table_schema: shown.schemaName,
          table_name: shown.name,
          column_name: shown.columns[numbers[at] - 1].name,
          position: at + 1,
          parentPosition: foreignKey === undefined ? null : parentKey.indexOf(foreignKey.parentAttributeNumbers[at]) + 1,
        };
    }
}

function parentOf(run: Run, foreignKey: ForeignKeyDescriptor): TableDescriptor | undefined {
  const parent = run.catalog.relationByOid(foreignKey.parentOid);
  return parent?.kind === 'table' ? parent : undefined;
}

function indexAttributes(table: TableDescriptor, indexOid: number): readonly number[] {
  if (table.primaryKey?.indexOid === indexOid) return table.primaryKey.attributeNumbers;
  return table.indexes.find((index) => index.oid === indexOid)?.keys.map((key) => key.attributeNumber) ?? [];
}

function* keyColumnUsage(run: Run): Iterable<SystemRow> {
  for (const row of keyColumns(run, 'own'))
    yield { ...row, ordinal_position: row.position, position_in_unique_constraint: row.parentPosition };
}

function* constraintColumnUsage(run: Run): Iterable<SystemRow> {
  yield* keyColumns(run, 'used');
}

function* constraintTableUsage(run: Run): Iterable<SystemRow> {
  for (const { position, ...row } of keyColumns(run, 'used')) if (position === 1) yield row;
}

function* referentialConstraints(run: Run): Iterable<SystemRow> {
  const { database } = run.context.session;
  for (const table of storedTables(run.catalog))
    for (const foreignKey of table.foreignKeys) {
      const parent = parentOf(run, foreignKey);
      const unique =
        parent === undefined
          ? undefined
          : constraintsOf(parent).find((constraint) => constraint.type !== 'f' && constraint.indexOid === foreignKey.parentIndexOid);
      yield {
        constraint_catalog: database,
        constraint_schema: table.schemaName,
        constraint_name: foreignKey.name,
        unique_constraint_catalog: unique === undefined ? null : database,
        unique_constraint_schema: unique === undefined ? null : (parent?.schemaName ?? null),
        unique_constraint_name: unique?.name ?? null,
        match_option: foreignKey.match === 'full' ? 'FULL' : 'NONE',
        update_rule: actionNames[foreignKey.onUpdate].rule,
        delete_rule: actionNames[foreignKey.onDelete].rule,
      };
    }
}

function* sequences(run: Run): Iterable<SystemRow> {
  for (const relation of shownRelations(run))
    if (relation.kind === 'sequence')
      yield {
        sequence_catalog: run.context.session.database,
        sequence_schema: relation.schemaName,
        sequence_name: relation.name,
        data_type: 'bigint',
        numeric_precision: 64,
        numeric_precision_radix: 2,
        numeric_scale: 0,
        start_value: relation.start,
        minimum_value: relation.minimum,
        maximum_value: relation.maximum,
        increment: relation.increment,
        cycle_option: yesNo(relation.cycle),
      };
}

function* pgSequences(run: Run): Iterable<SystemRow> {
  for (const relation of everyRelation(run.catalog))
    if (relation.kind === 'sequence')
      yield {
        schemaname: relation.schemaName,
        sequencename: relation.name,
        sequenceowner: roleName(run.catalog, relation.ownerOid),
        data_type: oid.int8,
        start_value: integer(relation.start),
        min_value: integer(relation.minimum),
        max_value: integer(relation.maximum),
        increment_by: integer(relation.increment),
        cycle: relation.cycle,
        cache_size: integer(relation.cache),
      };
}

function* catalogName(run: Run): Iterable<SystemRow> {
  yield { catalog_name: run.context.session.database };
}

export const informationSchemaRows: RowMakers = {
  domains: (run) => domainsOfSchema(run, typeFacts),
  domain_constraints: domainConstraintsOfSchema,
  schemata,
  tables,
  columns,
  'information_schema.views': views,
  table_constraints: tableConstraints,
  check_constraints: checkConstraints,
  key_column_usage: keyColumnUsage,
  constraint_column_usage: constraintColumnUsage,
  constraint_table_usage: constraintTableUsage,
  referential_constraints: referentialConstraints,
  'information_schema.sequences': sequences,
  pg_sequences: pgSequences,
  information_schema_catalog_name: catalogName,
};
