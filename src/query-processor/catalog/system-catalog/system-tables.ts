/** Descriptors of the relations of pg_catalog, information_schema and sys, read once from `system-columns.ts`. */
import { InvariantError } from '#base/assert.ts';
import { typeRef } from '#sql/type.ts';
import { informationSchemaOid, pgCatalogOid, sysSchemaOid } from '../catalog.ts';
import type { ColumnDescriptor, TableDescriptor } from '../descriptors.ts';
import { systemColumns } from './system-columns.ts';

const schemas: Readonly<Record<string, { readonly oid: number; readonly name: string }>> = {
  c: { oid: pgCatalogOid, name: 'pg_catalog' },
  i: { oid: informationSchemaOid, name: 'information_schema' },
  s: { oid: sysSchemaOid, name: 'sys' },
};

let made: readonly TableDescriptor[] | undefined;
const viewOids = new Set<number>();

export function systemTables(): readonly TableDescriptor[] {
  made ??= systemColumns.split('\n').flatMap((line) => (line === '' ? [] : [tableOf(line)]));
  return made;
}

/** True for the relations that are views in PostgreSQL (pg_class.relkind 'v'). */
export function isSystemView(oid: number): boolean {
  systemTables();
  return viewOids.has(oid);
}

function tableOf(line: string): TableDescriptor {
  const [place, oidText, name] = line.split(' ', 3);
  const oid = Number(oidText);
  const schema = schemas[place[0]];
  if (schema === undefined) throw new InvariantError('a system relation of an unknown schema');
  if (place[1] === 'v') viewOids.add(oid);
  const columns = line.slice(place.length + oidText.length + name.length + 3).split(',');
  return {
    kind: 'system',
    oid,
    schemaOid: schema.oid,
    schemaName: schema.name,
    name,
    ownerOid: 10,
    space: oid,
    columns: columns.map((column, index) => columnOf(column, index + 1)),
    primaryKey: undefined,
    indexes: [],
    checks: [],
    foreignKeys: [],
  };
}

function columnOf(text: string, attributeNumber: number): ColumnDescriptor {
  const notNull = text.endsWith('!');
  const [name, type] = (notNull ? text.slice(0, -1) : text).split(' ');
  const [oid, typmod] = type.split('/');
  return {
    attributeNumber,
    name,
    type: typeRef(Number(oid), typmod === undefined ? -1 : Number(typmod)),
    notNull,
    defaultText: undefined,
    generated: undefined,
    identity: undefined,
    isDropped: false,
    missingText: undefined,
  };
}
