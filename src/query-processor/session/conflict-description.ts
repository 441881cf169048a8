/** What a key is of, for a client that has lost it to another transaction: the table, the constraint, and the values of the key. */
import type { Write } from '#adjudicator/adjudicator.ts';
import type { Timestamp } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import { decodeRow } from '#sql/row.ts';
import { catalogSpace, writtenSpace } from '#sql/spaces.ts';
import type { TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Storage } from '#storage/storage.ts';
import type { NamedKey } from '../activity/conflict-log.ts';
import type { IndexDescriptor, RelationDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { quoteIdentifier } from '../catalog/identifiers.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { indexLayoutOf, layoutOf } from '../catalog/table-layout.ts';

export type LostKey = {
  readonly key: Key;
  readonly catalog: LoadedCatalog;
  readonly snapshot: Timestamp;
  readonly storage: Storage;
  /** What the loser wrote. */
  readonly writes: readonly Write[];
  readonly typeContext: TypeContext;
};

const nameless: NamedKey = { schema: undefined, table: undefined, constraint: undefined, key: undefined };

export function nameKey(lost: LostKey): NamedKey {
  const { key, catalog } = lost;
  const space = numberAt(key, 0);
  if (space === catalogSpace || space === writtenSpace) return named(catalog.relationByOid(numberAt(key, 4)));
  for (const relation of catalog.userRelations()) {
    if (relation.kind !== 'table') continue;
    if (relation.space === space) return { ...named(relation), constraint: relation.primaryKey?.name, key: rowValues(lost, relation) };
    const index = relation.indexes.find((entry) => entry.space === space);
    if (index !== undefined) return { ...named(relation), constraint: index.name, key: entryValues(lost, relation, index) };
  }
  return nameless;
}

const named = (relation: RelationDescriptor | undefined): NamedKey =>
  relation === undefined ? nameless : { ...nameless, schema: relation.schemaName, table: relation.name };

const numberAt = (key: Key, at: number): number =>
  key.charCodeAt(at) * 2 ** 24 + (key.charCodeAt(at + 1) << 16) + (key.charCodeAt(at + 2) << 8) + key.charCodeAt(at + 3);

/** As the loser has written it, or saw it. */
const writtenOrSeen = ({ key, writes, storage, snapshot }: LostKey): Uint8Array | undefined =>
  writes.find((write) => write.key === key)?.value ?? storage.get(snapshot, [key], { newest: 0 })[0];

function rowValues(lost: LostKey, table: TableDescriptor): string | undefined {
  const row = writtenOrSeen(lost);
  if (row === undefined || table.primaryKey === undefined) return undefined;
  const fields = layoutOf(table).decode(row);
  const columns = table.primaryKey.attributeNumbers.map((number) => table.columns[number - 1]);
  return pair(
    columns.map(({ name }) => quoteIdentifier(name)),
    columns.map(({ type, attributeNumber }) => shown(fields[attributeNumber - 1], type.oid, lost.typeContext)),
  );
}

function entryValues(lost: LostKey, table: TableDescriptor, index: IndexDescriptor): string | undefined {
  const entry = writtenOrSeen(lost);
  if (entry === undefined) return undefined;
  const fields = decodeRow(indexLayoutOf(table, index).fieldTypes.map(typeByOid), entry);
  return pair(
    index.keys.map(({ attributeNumber, expressionText }) =>
      attributeNumber === 0 ? (expressionText ?? '') : quoteIdentifier(table.columns[attributeNumber - 1].name),
    ),
    // Field 0 is the row's key.
    index.keys.map(({ type }, at) => shown(fields[at + 1], type.oid, lost.typeContext)),
  );
}

const pair = (names: readonly string[], values: readonly string[]): string => `(${names.join(', ')})=(${values.join(', ')})`;

const shown = (value: Datum, typeOid: number, context: TypeContext): string =>
  value === null ? 'null' : typeByOid(typeOid).output(value, context);
