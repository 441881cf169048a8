/** A small catalog for the planner's tests: tables of the kinds that matter to it. Nothing else imports this file. */
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { adminRoleOid, type Catalog, pgCatalogOid, publicOid } from '../../catalog/catalog.ts';
import type { IndexDescriptor, IndexKey, RelationDescriptor, SchemaDescriptor, TableDescriptor } from '../../catalog/descriptors.ts';
import { predefinedRoleFacts } from '../../catalog/testing/predefined-role-facts.ts';

type ColumnText = `${string} ${string}`;

/** `id int8 not null` and so on; key columns by name. */
export function table(
  tableOid: number,
  name: string,
  columns: readonly ColumnText[],
  primaryKey: readonly string[],
  indexes: readonly IndexText[] = [],
): TableDescriptor {
  const described = columns.map((text, i) => {
    const [columnName, typeName, ...rest] = text.split(' ');
    return {
      attributeNumber: i + 1,
      name: columnName,
      type: typeOf(typeName),
      notNull: rest.includes('not') || primaryKey.includes(columnName),
      defaultText: undefined,
      generated: undefined,
      identity: undefined,
      isDropped: false,
      missingText: undefined,
    };
  });
  const attribute = (columnName: string): number => {
    const found = described.find((column) => column.name === columnName);
    if (found === undefined) throw new Error(`no column ${columnName}`);
    return found.attributeNumber;
  };
  const key = (text: string): IndexKey => {
    const [columnName, ...rest] = text.split(' ');
    const descending = rest.includes('desc');
    return {
      attributeNumber: attribute(columnName),
      expressionText: undefined,
      type: described[attribute(columnName) - 1].type,
      descending,
      nullsFirst: descending,
    };
  };
  return {
    kind: 'table',
    oid: tableOid,
    schemaOid: publicOid,
    schemaName: 'public',
    name,
    ownerOid: adminRoleOid,
    space: tableOid,
    columns: described,
    primaryKey:
      primaryKey.length === 0
        ? undefined
        : { indexOid: tableOid + 1, constraintOid: tableOid + 2, name: `${name}_pkey`, attributeNumbers: primaryKey.map(attribute) },
    indexes: indexes.map(
      (index, i): IndexDescriptor => ({
        oid: tableOid + 10 + i,
        name: index.name,
        space: tableOid + 10 + i,
        isUnique: index.unique ?? false,
        nullsNotDistinct: false,
        keys: index.keys.map(key),
        included: (index.included ?? []).map(attribute),
        predicateText: index.where,
        constraintOid: undefined,
        state: index.state ?? 'valid',
      }),
    ),
    checks: [],
    foreignKeys: [],
  };
}

export type IndexText = {
  readonly name: string;
  readonly keys: readonly string[];
  readonly included?: readonly string[];
  readonly unique?: boolean;
  readonly where?: string;
  readonly state?: 'building' | 'valid' | 'invalid';
};

function typeOf(name: string): TypeRef {
  const found = new Map<string, number>(Object.entries(oid)).get(name);
  if (found === undefined) throw new Error(`no type ${name}`);
  return typeRef(found);
}

export const testTables: readonly TableDescriptor[] = [
  table(
    20000,
    't',
    ['id int4', 'a int4', 'b text', 'c int8', 'd timestamp', 'active bool not null'],
    ['id'],
    [
      { name: 't_a', keys: ['a'] },
      { name: 't_b_c', keys: ['b', 'c desc'], included: ['a'] },
      { name: 't_d_active', keys: ['d'], where: 'active' },
    ],
  ),
  table(20100, 'u', ['id int4', 't_id int4', 'x int8', 'note text'], ['id'], [{ name: 'u_t', keys: ['t_id'] }]),
  table(20200, 'items', ['order_id int8', 'line int4', 'product text', 'quantity int4'], ['order_id', 'line']),
  table(
    20300,
    'orders',
    ['id int8', 'customer_id int8 not null', 'status text', 'total numeric', 'created timestamptz'],
    ['id'],
    [
      { name: 'orders_customer', keys: ['customer_id', 'created desc'] },
      { name: 'orders_status', keys: ['status'], state: 'building' },
      { name: 'orders_total', keys: ['total'], state: 'invalid' },
      { name: 'orders_number', keys: ['created'], unique: true, state: 'invalid' },
    ],
  ),
  table(
    20400,
    'customers',
    ['id int8', 'name varchar not null', 'region text'],
    ['id'],
    [{ name: 'customers_name', keys: ['name'], unique: true }],
  ),
  table(20500, 'heap', ['x int4', 'y text'], []),
];

/** Rows that the statistics of the tests pretend. */
export const testRows: ReadonlyMap<string, number> = new Map([
  ['t', 10_000],
  ['u', 50_000],
  ['items', 1_000_000],
  ['orders', 200_000],
  ['customers', 5_000],
  ['heap', 1_000],
]);

export function testCatalog(tables: readonly RelationDescriptor[] = testTables): Catalog {
  const schemas: readonly SchemaDescriptor[] = [
    { kind: 'schema', oid: publicOid, name: 'public', ownerOid: adminRoleOid },
    { kind: 'schema', oid: pgCatalogOid, name: 'pg_catalog', ownerOid: adminRoleOid },
  ];
  return {
    version: 1,
    schemaByName: (name) => schemas.find((schema) => schema.name === name),
    schemaByOid: (schemaOid) => schemas.find((schema) => schema.oid === schemaOid),
    schemas: () => schemas,
    relationByName: (schemaOid, name) => tables.find((relation) => relation.schemaOid === schemaOid && relation.name === name),
    relationByOid: (relationOid) => tables.find((relation) => relation.oid === relationOid),
    relations: (schemaOid) => tables.filter((relation) => relation.schemaOid === schemaOid),
    indexByOid: () => undefined,
    indexByName: () => undefined,
    domainByOid: () => undefined,
    functionByOid: () => undefined,
    functionsNamed: () => [],
    functions: () => [],
    statistics: () => [],
    domainByName: () => undefined,
    domains: () => [],
    referencesTo: () => [],
    ...predefinedRoleFacts,
    comments: () => [],
  };
}
