/**
 * pg_depend and pg_init_privs. What Borealis has beyond PostgreSQL, the schema sys, is told to be of the extension `plpgsql`, which every
 * cluster has: so pg_dump takes it for a part of the server, and leaves it and its first privileges out of what it writes.
 */
import { dsqlProcs } from '#sql/functions/dsql.ts';
import { type Catalog, classOids, sysSchemaOid } from '../catalog.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { isSystemSchema } from '../loaded-catalog.ts';
import { relationObject, schemaObject, storedAcl, storedColumnAcl } from '../privileges/secured-object.ts';
import { nextvalText } from '../schema-change/create-table.ts';
import { defaultOid } from './relation-rows.ts';
import { aclDatum } from './role-rows.ts';
import { everyRelation, type RowMaker, type RowMakers, type SystemRow } from './row-maker.ts';

const extensionClass = 3079;
const rewriteClass = 2618;
const defaultClass = 2604;
export const extensionOid = 13_564;

const pgDepend: RowMaker = function* (run) {
  const sequences = new Map<string, number>();
  for (const relation of everyRelation(run.catalog))
    if (relation.kind === 'sequence') sequences.set(nextvalText(relation.schemaName, relation.name), relation.oid);
  for (const relation of everyRelation(run.catalog)) {
    if (relation.kind === 'system' && relation.schemaOid === sysSchemaOid) yield ofExtension(classOids.pg_class, relation.oid);
    if (relation.kind === 'sequence' && relation.ownedBy !== undefined) yield ofColumn(run.catalog, relation.oid, relation.ownedBy);
    if (relation.kind === 'table') yield* ofDefaults(relation, sequences);
    if (relation.kind !== 'view') continue;
    const rule = { classid: rewriteClass, objid: relation.oid, objsubid: 0, refclassid: classOids.pg_class };
    yield { ...rule, refobjid: relation.oid, refobjsubid: 0, deptype: 'i' };
    for (const { oid: refobjid, attributeNumbers } of relation.dependencies)
      for (const refobjsubid of attributeNumbers.length === 0 ? [0] : attributeNumbers)
        yield { ...rule, refobjid, refobjsubid, deptype: 'n' };
  }
  yield ofExtension(classOids.pg_namespace, sysSchemaOid);
  for (const proc of dsqlProcs) if (proc.schema === 'sys') yield ofExtension(classOids.pg_proc, proc.oid);
};

/** An identity column's sequence is a part of the table; one that OWNED BY has tied to a column goes with it. */
function ofColumn(catalog: Catalog, objid: number, { tableOid, attributeNumber }: ColumnPlace): SystemRow {
  const table = catalog.relationByOid(tableOid);
  const column = table?.kind === 'table' ? table.columns[attributeNumber - 1] : undefined;
  return { ...ofRelation(classOids.pg_class, objid, tableOid, attributeNumber), deptype: column?.identity === undefined ? 'a' : 'i' };
}
type ColumnPlace = { readonly tableOid: number; readonly attributeNumber: number };

function* ofDefaults(table: TableDescriptor, sequences: ReadonlyMap<string, number>): Iterable<SystemRow> {
  for (const { attributeNumber, defaultText } of table.columns) {
    if (defaultText === undefined) continue;
    const objid = defaultOid(table, attributeNumber);
    yield { ...ofRelation(defaultClass, objid, table.oid, attributeNumber), deptype: 'a' };
    const sequence = sequences.get(defaultText);
    if (sequence !== undefined) yield { ...ofRelation(defaultClass, objid, sequence, 0), deptype: 'n' };
  }
}

const ofRelation = (classid: number, objid: number, refobjid: number, refobjsubid: number): SystemRow => ({
  classid,
  objid,
  objsubid: 0,
  refclassid: classOids.pg_class,
  refobjid,
  refobjsubid,
});

const ofExtension = (classid: number, objid: number): SystemRow => ({
  classid,
  objid,
  objsubid: 0,
  refclassid: extensionClass,
  refobjid: extensionOid,
  refobjsubid: 0,
  deptype: 'e',
});

const pgInitPrivs: RowMaker = function* (run) {
  const { catalog } = run;
  const rowOf = (classoid: number, objoid: number, objsubid: number, acl: ReturnType<typeof storedAcl>): readonly SystemRow[] =>
    acl === undefined ? [] : [{ objoid, classoid, objsubid, privtype: 'i', initprivs: aclDatum(catalog, acl) }];
  for (const schema of catalog.schemas())
    if (isSystemSchema(schema.oid)) yield* rowOf(classOids.pg_namespace, schema.oid, 0, storedAcl(catalog, schemaObject(schema)));
  for (const relation of everyRelation(catalog)) {
    if (relation.kind !== 'system') continue;
    yield* rowOf(classOids.pg_class, relation.oid, 0, storedAcl(catalog, relationObject(relation)));
    for (const { attributeNumber } of relation.columns)
      yield* rowOf(classOids.pg_class, relation.oid, attributeNumber, storedColumnAcl(catalog, relation.oid, attributeNumber));
  }
};

export const dependencyRows: RowMakers = { pg_depend: pgDepend, pg_init_privs: pgInitPrivs };
