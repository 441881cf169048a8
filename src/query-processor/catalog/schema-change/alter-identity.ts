/** ALTER COLUMN ... ADD GENERATED AS IDENTITY, SET GENERATED and SET of its sequence's options, DROP IDENTITY. */
import type { AlterTableCmd, DefElem } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { formatType } from '#sql/types/registry.ts';
import type { ColumnDescriptor, SequenceDescriptor, TableDescriptor } from '../descriptors.ts';
import { alterSequence, columnSequence } from './create-sequence.ts';
import { ownedSequences } from './drop-relation.ts';
import { freeName } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';

const unfit = (message: string): SqlError => new SqlError(sqlstate.objectNotInPrerequisiteState, message);
const placeOf = (table: TableDescriptor, column: ColumnDescriptor): string => `column "${column.name}" of relation "${table.name}"`;

/** The column as it is then. */
export function addIdentity(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  command: AlterTableCmd,
): ColumnDescriptor {
  const place = placeOf(table, column);
  if (command.def === undefined || !('Constraint' in command.def)) throw notSupported(`unsupported identity of ${place}`);
  const { generated_when, options } = command.def.Constraint;
  if (change.isDsql && column.type.oid !== oid.int8)
    throw notSupported(`datatype ${formatType(column.type)} not supported, identity column type must be bigint`);
  if (column.type.oid !== oid.int2 && column.type.oid !== oid.int4 && column.type.oid !== oid.int8)
    throw new SqlError(sqlstate.invalidParameterValue, 'identity column type must be smallint, integer, or bigint');
  if (!column.notNull) throw unfit(`${place} must be declared NOT NULL before identity can be added`);
  if (column.identity !== undefined) throw unfit(`${place} is already an identity column`);
  if (column.defaultText !== undefined) throw unfit(`${place} already has a default value`);
  const { schemaOid, schemaName } = table;
  const name = freeName(table.name, column.name, 'seq', (taken) => change.catalog.hasRelationName(schemaOid, taken));
  const ownedBy = { tableOid: table.oid, attributeNumber: column.attributeNumber };
  columnSequence(change, { schemaOid, schemaName, name, ownedBy }, column.type.oid, options ?? []);
  return { ...column, identity: generated_when === 'a' ? 'always' : 'byDefault' };
}

export function setIdentity(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  command: AlterTableCmd,
): ColumnDescriptor {
  if (column.identity === undefined) throw unfit(`${placeOf(table, column)} is not an identity column`);
  const given = command.def !== undefined && 'List' in command.def ? (command.def.List.items ?? []) : [];
  const ofSequence = given.filter((node) => !('DefElem' in node) || node.DefElem.defname !== 'generated');
  if (ofSequence.length > 0) {
    const { schemaName, name } = sequenceOf(change, table, column);
    alterSequence(change, { sequence: { schemaname: schemaName, relname: name }, options: ofSequence });
  }
  for (const node of given)
    if ('DefElem' in node && node.DefElem.defname === 'generated')
      return { ...column, identity: isAlways(node.DefElem) ? 'always' : 'byDefault' };
  return column;
}

/** ALWAYS and BY DEFAULT are the character codes of 'a' and 'd'. */
const isAlways = ({ arg }: DefElem): boolean =>
  arg !== undefined && 'Integer' in arg ? arg.Integer.ival === 97 : arg !== undefined && 'String' in arg && arg.String.sval === 'a';

export function dropIdentity(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  command: AlterTableCmd,
): ColumnDescriptor {
  if (column.identity === undefined) {
    const message = `${placeOf(table, column)} is not an identity column`;
    if (!command.missing_ok) throw unfit(message);
    change.notice(`${message}, skipping`);
    return column;
  }
  change.drop(sequenceOf(change, table, column).oid);
  return { ...column, identity: undefined };
}

function sequenceOf(change: SchemaChange, table: TableDescriptor, column: ColumnDescriptor): SequenceDescriptor {
  const found = ownedSequences(change, table).find((sequence) => sequence.ownedBy?.attributeNumber === column.attributeNumber);
  if (found === undefined) throw unfit(`no owned sequence found for ${placeOf(table, column)}`);
  return found;
}
