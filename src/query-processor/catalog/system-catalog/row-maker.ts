/** How the rows of a system relation are told: by column name; what is not named is NULL. */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { vectorOfItems } from '#sql/types/vector.ts';
import type { Run } from '../../executor/operator.ts';
import type { Catalog } from '../catalog.ts';
import type { RelationDescriptor, TableDescriptor } from '../descriptors.ts';

export type SystemRow = Readonly<Record<string, Datum>>;
export type RowMaker = (run: Run) => Iterable<SystemRow>;
/** By relation name, or by schema.relation where two schemas have the name. */
export type RowMakers = Readonly<Record<string, RowMaker>>;

export const int2vector = (items: readonly number[]): Datum => vectorOfItems(oid.int2, items);
export const oidvector = (items: readonly number[]): Datum => vectorOfItems(oid.oid, items);
export const arrayOf = (elementOid: number, items: readonly Datum[]): Datum => new ArrayValue(elementOid, items);

/** PostgreSQL's, of `postgres`. */
export const databaseOid = 5;

/** Microseconds between 1970 and 2000, where timestamps begin. */
const epochDifference = 946_684_800_000_000;
export const postgresTime = (timestamp: number): Datum => timestamp - epochDifference;

export function* everyRelation(catalog: Catalog): Generator<RelationDescriptor, void, undefined> {
  for (const schema of catalog.schemas()) yield* catalog.relations(schema.oid);
}

/** User tables. */
export function* storedTables(catalog: Catalog): Generator<TableDescriptor, void, undefined> {
  for (const relation of everyRelation(catalog)) if (relation.kind === 'table') yield relation;
}

export const roleName = (catalog: Catalog, roleOid: number): string => catalog.roleByOid(roleOid)?.name ?? 'postgres';
