/** Row events: what a statement has done to rows of tables that have foreign keys or are referred to by some. */
import type { Key } from '#sql/key.ts';
import { spacePrefix } from '#sql/key.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import type { Run } from '../operator.ts';
import type { StatementWrites } from '../statement-writes.ts';
import { lookUp } from '../stored-rows.ts';

/** An insert (no old image), an update, or a delete (no new one). An update of primary key columns moves the row from key to key. */
export type RowEvent = {
  readonly table: TableDescriptor;
  readonly before: RowImage | undefined;
  readonly after: RowImage | undefined;
  /** The old image was written by this transaction already: what it owes to a deferred check goes over to the new one. */
  readonly wasOwn: boolean;
};

export type RowImage = { readonly key: Key; readonly row: Uint8Array };

/** Tables among `relations` that foreign keys are about; undefined when there are none. Hot: once a statement that changes rows. */
export function tablesConcerned(relations: Iterable<number>, catalog: Catalog): readonly TableDescriptor[] | undefined {
  let concerned: TableDescriptor[] | undefined;
  for (const oid of relations) {
    const table = catalog.relationByOid(oid);
    if (table?.kind !== 'table' || (table.foreignKeys.length === 0 && catalog.referencesTo(oid).length === 0)) continue;
    concerned ??= [];
    concerned.push(table);
  }
  return concerned;
}

/** What the statement has written to rows of these tables, in the order in which it did. To be asked before the writes are handed on. */
export function rowEvents(writes: StatementWrites, tables: readonly TableDescriptor[], run: Run): readonly RowEvent[] {
  const bySpace = new Map(tables.map((table) => [spacePrefix(table.space), table]));
  const keys: Key[] = [];
  for (const [key] of writes.entries()) if (bySpace.has(key.slice(0, 4))) keys.push(key);
  const rows = lookUp(run, keys);
  const old = new Map<Key, Uint8Array | undefined>();
  for (let at = 0; at < keys.length; at++) old.set(keys[at], rows[at]);
  const { overlay } = run.transaction;
  const imageOf = (key: Key): RowImage | undefined => {
    const row = old.get(key);
    return row === undefined ? undefined : { key, row };
  };

  const events: RowEvent[] = [];
  for (const key of keys) {
    const table = bySpace.get(key.slice(0, 4));
    if (table === undefined) continue;
    const row = writes.get(key)?.value;
    const origin = writes.originOf(key);
    if (row === undefined) {
      // A row that has moved away is told of where it has gone to.
      const before = writes.hasMoved(key) ? undefined : imageOf(key);
      if (before !== undefined) events.push({ table, before, after: undefined, wasOwn: false });
      continue;
    }
    if (origin === undefined && writes.isReplaced(key)) {
      const gone = writes.hasMoved(key) ? undefined : imageOf(key);
      if (gone !== undefined) events.push({ table, before: gone, after: undefined, wasOwn: false });
      events.push({ table, before: undefined, after: { key, row }, wasOwn: false });
      continue;
    }
    const from = origin ?? (writes.hasMoved(key) ? undefined : key);
    const before = from === undefined ? undefined : imageOf(from);
    events.push({ table, before, after: { key, row }, wasOwn: from !== undefined && overlay?.get(from) !== undefined });
  }
  return events;
}
