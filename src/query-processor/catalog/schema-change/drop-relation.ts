/**
 * DROP TABLE, DROP VIEW and DROP INDEX. Rows and index entries are not touched here: nothing reads them once the descriptor is gone, and the clean-up
 * job takes them away after.
 */
import type { DropStmt, RangeVar } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Reference } from '../catalog.ts';
import type { FunctionDescriptor, RelationDescriptor, SequenceDescriptor, TableDescriptor } from '../descriptors.ts';
import { namesOf } from './create-table.ts';
import { dependencyLine, dependentViews, stillNeeded, titled } from './dependents.ts';
import { describeReference, dropReferences, referencesBeyond, releaseReferences } from './foreign-keys.ts';
import type { SchemaChange } from './schema-change.ts';

/** The parts of a name that stands in a DROP statement. */
export function targetOf(names: readonly string[]): RangeVar {
  const parts = names.slice(-2);
  return parts.length === 2 ? { schemaname: parts[0], relname: parts[1] } : { relname: parts[0] ?? '' };
}

const titles: Readonly<Record<string, string>> = { table: 'table', view: 'view', sequence: 'sequence', system: 'table' };

export function dropRelations(change: SchemaChange, statement: DropStmt, wanted: 'table' | 'view' | 'sequence'): void {
  const dropped: RelationDescriptor[] = [];
  for (const object of statement.objects ?? []) {
    const target = targetOf('List' in object ? namesOf(object.List.items) : []);
    const relation = change.findRelation(target);
    if (relation === undefined) {
      if (change.findIndex(target) !== undefined) throw wrongKind(target.relname ?? '', wanted, 'index');
      missing(change, statement, target, wanted);
      continue;
    }
    if (relation.kind === 'system') throw change.systemRelation(relation.name);
    if (relation.kind !== wanted) throw wrongKind(relation.name, wanted, relation.kind);
    if (relation.kind === 'sequence') refuseOwned(change, relation);
    if (!dropped.includes(relation)) dropped.push(relation);
  }
  const dependents = dependentViews(change, dropped);
  const references = dependentReferences(change, dropped);
  if (dependents.length + references.length > 0 && statement.behavior !== 'DROP_CASCADE') {
    const [first] = dropped;
    throw stillNeeded(
      dropped.length === 1 ? titled(change, first) : 'desired object(s)',
      [
        ...references.map(({ reference, on }) => `${describeReference(change, reference)} depends on table ${change.describe(on)}`),
        ...dependents.map((dependent) => dependencyLine(change, dependent)),
      ],
      dropped.length === 1,
    );
  }
  change.noticeCascade([
    ...references.map(({ reference }) => describeReference(change, reference)),
    ...dependents.map(({ view }) => titled(change, view)),
  ]);
  dropReferences(
    change,
    references.map(({ reference }) => reference),
  );
  for (const relation of [...dropped, ...dependents.map(({ view }) => view)]) dropRelation(change, relation);
}

/** Foreign keys of tables that stay. */
export function dependentReferences(
  change: SchemaChange,
  dropped: readonly RelationDescriptor[],
): readonly { readonly reference: Reference; readonly on: TableDescriptor }[] {
  const leaving = new Set(dropped.map((relation) => relation.oid));
  return dropped.flatMap((on) =>
    on.kind === 'table' ? referencesBeyond(change, on, leaving).map((reference) => ({ reference, on })) : [],
  );
}

/** A column draws its values from it: by being an identity, or by its default. */
function refuseOwned(change: SchemaChange, sequence: SequenceDescriptor): void {
  const { ownedBy } = sequence;
  const table = ownedBy === undefined ? undefined : change.catalog.relationByOid(ownedBy.tableOid);
  const column = table?.kind === 'table' && ownedBy !== undefined ? table.columns[ownedBy.attributeNumber - 1] : undefined;
  if (table?.kind !== 'table' || column === undefined || column.isDropped) return;
  const place = `column ${column.name} of table ${change.describe(table)}`;
  if (column.identity !== undefined)
    throw new SqlError(
      sqlstate.dependentObjectsStillExist,
      `cannot drop sequence ${change.describe(sequence)} because ${place} requires it`,
      {
        hint: `You can drop ${place} instead.`,
      },
    );
  if (column.defaultText?.startsWith('nextval('))
    throw new SqlError(
      sqlstate.dependentObjectsStillExist,
      `cannot drop sequence ${change.describe(sequence)} because other objects depend on it`,
      {
        detail: `default value for ${place} depends on sequence ${change.describe(sequence)}`,
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      },
    );
}

function missing(change: SchemaChange, statement: DropStmt, target: RangeVar, wanted: string): void {
  const { schemaname, relname } = target;
  const hasSchema = schemaname === undefined || change.catalog.schemaByName(schemaname) !== undefined;
  if (statement.missing_ok) {
    change.notice(hasSchema ? `${wanted} "${relname}" does not exist, skipping` : `schema "${schemaname}" does not exist, skipping`);
    return;
  }
  if (!hasSchema) throw new SqlError(sqlstate.invalidSchemaName, `schema "${schemaname}" does not exist`);
  throw new SqlError(wanted === 'index' ? sqlstate.undefinedObject : sqlstate.undefinedTable, `${wanted} "${relname}" does not exist`);
}

function wrongKind(name: string, wanted: string, found: string): SqlError {
  const article = (word: string): string => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
  return new SqlError(sqlstate.wrongObjectType, `"${name}" is not ${article(wanted)}`, {
    hint: `Use DROP ${found.toUpperCase()} to remove ${article(found)}.`,
  });
}

export function dropRelation(change: SchemaChange, relation: RelationDescriptor | FunctionDescriptor): void {
  change.drop(relation.oid);
  if (relation.kind !== 'table') return;
  change.abandonSpaces(relation.oid, [relation.space, ...relation.indexes.map((index) => index.space)]);
  dropOwnedSequences(change, relation, undefined);
}

/** Sequences of identity and serial columns, and others OWNED BY a column, go with it. */
export function dropOwnedSequences(change: SchemaChange, table: TableDescriptor, attributeNumber: number | undefined): void {
  for (const sequence of ownedSequences(change, table))
    if (attributeNumber === undefined || sequence.ownedBy?.attributeNumber === attributeNumber) change.drop(sequence.oid);
}

export function ownedSequences(change: SchemaChange, table: TableDescriptor): readonly SequenceDescriptor[] {
  const owned: SequenceDescriptor[] = [];
  for (const relation of change.catalog.userRelations())
    if (relation.kind === 'sequence' && relation.ownedBy?.tableOid === table.oid) owned.push(relation);
  return owned;
}

export function dropIndexes(change: SchemaChange, statement: DropStmt): void {
  const tables = new Map<number, TableDescriptor>();
  for (const object of statement.objects ?? []) {
    const target = targetOf('List' in object ? namesOf(object.List.items) : []);
    const found = change.findIndex(target);
    if (found === undefined) {
      const relation = change.findRelation(target);
      if (relation !== undefined) throw wrongKind(relation.name, 'index', titles[relation.kind]);
      missing(change, statement, target, 'index');
      continue;
    }
    const table = tables.get(found.table.oid) ?? found.table;
    const key = table.primaryKey;
    if (key?.indexOid === found.indexOid) throw constraintNeedsIndex(table, key.name, key.name);
    const index = table.indexes.find((entry) => entry.oid === found.indexOid);
    if (index === undefined) continue;
    if (index.constraintOid !== undefined) throw constraintNeedsIndex(table, index.name, index.name);
    const released = releaseReferences(change, table, (foreignKey) => foreignKey.parentIndexOid === index.oid, {
      what: `index ${index.name}`,
      on: `index ${index.name}`,
      cascades: statement.behavior === 'DROP_CASCADE',
    });
    tables.set(table.oid, { ...released, indexes: table.indexes.filter((entry) => entry !== index) });
    change.abandonSpaces(index.oid, [index.space]);
  }
  for (const table of tables.values()) change.put(table);
}

const constraintNeedsIndex = (table: TableDescriptor, constraint: string, index: string): SqlError =>
  new SqlError(
    sqlstate.dependentObjectsStillExist,
    `cannot drop index ${index} because constraint ${constraint} on table ${table.name} requires it`,
    {
      hint: `You can drop constraint ${constraint} on table ${table.name} instead.`,
    },
  );
