/**
 * TRUNCATE: the tables' rows and index entries get new, empty key spaces; the old ones are cleaned up after. Tables that refer to one of
 * them by a foreign key are emptied too (CASCADE) or must be named beside it.
 */
import type { TruncateStmt } from '@pgsql/types';
import { notSupported } from '#base/sql-error.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { restartSequence } from './create-sequence.ts';
import { ownedSequences } from './drop-relation.ts';
import { referringTables } from './foreign-keys.ts';
import { requireTruncate } from './permissions.ts';
import type { SchemaChange } from './schema-change.ts';

export function truncate(change: SchemaChange, statement: TruncateStmt): void {
  const tables: TableDescriptor[] = [];
  for (const node of statement.relations ?? []) {
    const table = 'RangeVar' in node ? change.table(node.RangeVar) : undefined;
    if (table !== undefined && !tables.includes(table)) tables.push(table);
  }
  addReferring(change, tables, statement.behavior === 'DROP_CASCADE');
  for (const table of tables) {
    change.abandonSpaces(table.oid, [table.space, ...table.indexes.map((index) => index.space)]);
    change.excludeWriters(table);
    if (statement.restart_seqs)
      for (const sequence of ownedSequences(change, table)) restartSequence(change, sequence, BigInt(sequence.start));
    change.put({
      ...table,
      space: change.newOid(),
      indexes: table.indexes.map((index) => ({ ...index, space: change.newOid() })),
    });
  }
}

function addReferring(change: SchemaChange, tables: TableDescriptor[], cascades: boolean): void {
  for (let found = referringTables(change, tables); found.length > 0; found = referringTables(change, tables)) {
    for (const { child, foreignKey } of found) {
      if (tables.includes(child)) continue;
      if (!cascades) {
        const parent = change.catalog.relationByOid(foreignKey.parentOid);
        throw notSupported('cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${child.name}" references "${parent?.name ?? ''}".`,
          hint: `Truncate table "${child.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      requireTruncate(change, child);
      change.notice(`truncate cascades to table "${child.name}"`);
      tables.push(child);
    }
  }
}
