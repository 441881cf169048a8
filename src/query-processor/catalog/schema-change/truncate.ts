/** TRUNCATE: the table's rows and index entries get new, empty key spaces; the old ones are cleaned up after. */
import type { TruncateStmt } from '@pgsql/types';
import { restartSequence } from './create-sequence.ts';
import { ownedSequences } from './drop-relation.ts';
import type { SchemaChange } from './schema-change.ts';

export function truncate(change: SchemaChange, statement: TruncateStmt): void {
  change.beyondDsql('TRUNCATE', 'unsupported statement: Truncate');
  for (const node of statement.relations ?? []) {
    if (!('RangeVar' in node)) continue;
    const table = change.table(node.RangeVar);
    if (table === undefined) continue;
    change.abandonSpaces([table.space, ...table.indexes.map((index) => index.space)]);
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
