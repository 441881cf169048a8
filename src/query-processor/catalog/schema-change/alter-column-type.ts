/**
 * ALTER COLUMN ... TYPE, and the changes of the primary key: changes after which every row lies otherwise in storage. The table and its
 * indexes get new, empty key spaces, and `table-rewrite.ts` carries the rows over.
 */
import type { ColumnDef, Node } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { TypeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import { castPath } from '../../analyzer/cast-path.ts';
import type { ColumnDescriptor, IndexDescriptor, IndexKey, TableDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { sequenceBounds } from './create-sequence.ts';
import { columnType, requireKeyType } from './create-table.ts';
import { refuseUsedColumn } from './dependents.ts';
import { ownedSequences } from './drop-relation.ts';
import { requireComparableReferences } from './foreign-keys.ts';
import type { SchemaChange } from './schema-change.ts';
import { reboundExpression, tableExpression, textMentions } from './table-expressions.ts';

/** How the rows of a table become those of the table that it is altered to; by attribute number. */
export type Rewrite = {
  /** Over the columns as they were. */
  readonly conversions: Map<number, Expression>;
  /** Columns filled with the next values of a sequence. */
  readonly sequences: Map<number, number>;
  /** Columns filled with their default. */
  readonly defaults: Set<number>;
};

export const newRewrite = (): Rewrite => ({ conversions: new Map(), sequences: new Map(), defaults: new Set() });

/** The table with the column's new type; `before` is the table that the statement found. */
export function alterColumnType(
  change: SchemaChange,
  before: TableDescriptor,
  table: TableDescriptor,
  column: ColumnDescriptor,
  definition: ColumnDef,
  rewrite: Rewrite,
): TableDescriptor {
  const { attributeNumber, name } = column;
  if (rewrite.conversions.has(attributeNumber)) throw notSupported(`cannot alter type of column "${name}" twice`);
  const type = columnType(change, name, definition);
  refuseDependents(change, table, column);
  rewrite.conversions.set(attributeNumber, conversion(change, before, column, type, definition.raw_default));
  const retyped: ColumnDescriptor = { ...column, type, missingText: undefined };
  const columns = table.columns.map((entry) => (entry === column ? retyped : entry));
  let altered: TableDescriptor = { ...table, columns };
  altered = { ...altered, columns: columns.map((entry) => (entry === retyped ? withDefault(change, table, altered, retyped) : entry)) };
  altered = { ...altered, indexes: altered.indexes.map((index) => retypedIndex(change, altered, index)) };
  if (altered.primaryKey?.attributeNumbers.includes(attributeNumber)) requireKeyType(change, type);
  for (const check of altered.checks) if (textMentions(check.text, name)) reboundExpression(change, altered, check.text, 'check');
  requireComparableReferences(change, altered, attributeNumber);
  if (column.identity !== undefined) retypeSequence(change, altered, attributeNumber, column.type, type);
  return altered;
}

function refuseDependents(change: SchemaChange, table: TableDescriptor, column: ColumnDescriptor): void {
  const dependent = table.columns.find(
    (entry) => !entry.isDropped && entry.generated !== undefined && entry !== column && textMentions(entry.defaultText, column.name),
  );
  if (dependent !== undefined)
    throw notSupported('cannot alter type of a column used by a generated column', {
      detail: `Column "${column.name}" is used by generated column "${dependent.name}".`,
    });
  refuseUsedColumn(change, table, column.attributeNumber);
}

function conversion(
  change: SchemaChange,
  before: TableDescriptor,
  column: ColumnDescriptor,
  type: TypeRef,
  using: Node | undefined,
): Expression {
  const own: Node = { ColumnRef: { fields: [{ String: { sval: column.name } }] } };
  if (using === undefined && column.type.oid !== type.oid && castPath(column.type.oid, type.oid, 'assignment') === undefined)
    throw new SqlError(sqlstate.datatypeMismatch, `column "${column.name}" cannot be cast automatically to type ${formatType(type)}`, {
      hint:
        column.generated === undefined
          ? `You might need to specify "USING ${quoteIdentifier(column.name)}::${formatType(type)}".`
          : 'You might need to add an explicit cast.',
    });
  if (using !== undefined && column.generated !== undefined)
    throw new SqlError(sqlstate.invalidColumnDefinition, 'cannot specify USING when altering type of generated column', {
      detail: `Column "${column.name}" is a generated column.`,
    });
  return tableExpression(change, before, using ?? own, 'alterType', { type, name: column.name }).expression;
}

/** The default, or generation expression, as a value of the new type. */
function withDefault(change: SchemaChange, before: TableDescriptor, after: TableDescriptor, column: ColumnDescriptor): ColumnDescriptor {
  const { defaultText, name, type } = column;
  if (defaultText === undefined) return column;
  const was = before.columns[column.attributeNumber - 1].type;
  if (was.oid !== type.oid && castPath(was.oid, type.oid, 'assignment') === undefined)
    throw new SqlError(
      sqlstate.datatypeMismatch,
      column.generated === undefined
        ? `default for column "${name}" cannot be cast automatically to type ${formatType(type)}`
        : `generation expression for column "${name}" cannot be cast automatically to type ${formatType(type)}`,
    );
  const kind = column.generated === undefined ? 'default' : 'generated';
  return { ...column, defaultText: reboundExpression(change, after, defaultText, kind, column).text };
}

function retypedIndex(change: SchemaChange, table: TableDescriptor, index: IndexDescriptor): IndexDescriptor {
  const keys = index.keys.map((key): IndexKey => {
    const type =
      key.expressionText === undefined
        ? table.columns[key.attributeNumber - 1].type
        : reboundExpression(change, table, key.expressionText, 'indexExpression').expression.type;
    if (type.oid !== key.type.oid) requireKeyType(change, type);
    return { ...key, type };
  });
  if (index.predicateText !== undefined) reboundExpression(change, table, index.predicateText, 'indexPredicate');
  return { ...index, keys };
}

/** The sequence of an identity column has its column's type. */
function retypeSequence(change: SchemaChange, table: TableDescriptor, attributeNumber: number, from: TypeRef, to: TypeRef): void {
  if (to.oid !== oid.int2 && to.oid !== oid.int4 && to.oid !== oid.int8)
    throw new SqlError(sqlstate.invalidParameterValue, 'identity column type must be smallint, integer, or bigint');
  const sequence = ownedSequences(change, table).find((entry) => entry.ownedBy?.attributeNumber === attributeNumber);
  const [was, is] = [sequenceBounds(from.oid), sequenceBounds(to.oid)];
  if (sequence === undefined || was === undefined || is === undefined) return;
  const maximum = BigInt(sequence.maximum) === was.maximum || BigInt(sequence.maximum) > is.maximum ? String(is.maximum) : sequence.maximum;
  const minimum = BigInt(sequence.minimum) === was.minimum || BigInt(sequence.minimum) < is.minimum ? String(is.minimum) : sequence.minimum;
  change.put({ ...sequence, maximum, minimum });
}

/** The table with key spaces of its own, which hold nothing yet. */
export function inNewSpaces(change: SchemaChange, before: TableDescriptor, table: TableDescriptor): TableDescriptor {
  change.abandonSpaces(before.oid, [before.space, ...before.indexes.map((index) => index.space)]);
  return { ...table, space: change.newOid(), indexes: table.indexes.map((index) => ({ ...index, space: change.newOid() })) };
}
