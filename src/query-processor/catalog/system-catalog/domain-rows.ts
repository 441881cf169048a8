/** What the catalogs say of domains. */
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { domainArrayOf, elementOfRowArray } from '#sql/types/catalog-types.ts';
import { pgTypeByOid } from '#sql/types/format-type.ts';
import { formatType } from '#sql/types/registry.ts';
import { rowTypeRelation } from '../../analyzer/catalog-type.ts';
import type { Run } from '../../executor/operator.ts';
import type { Catalog } from '../catalog.ts';
import type { CheckDescriptor, DomainDescriptor } from '../descriptors.ts';
import { arrayRow } from './catalog-type-rows.ts';
import { arrayOf, type SystemRow } from './row-maker.ts';

const byName = (a: DomainDescriptor, b: DomainDescriptor): number => a.oid - b.oid;

/** pg_type: all of the base type but for what makes it a domain. `rows`: those of the built-in types. */
export function* domainTypes(run: Run, rows: readonly SystemRow[]): Iterable<SystemRow> {
  const domains = run.catalog.domains();
  if (domains.length === 0) return;
  const arrays = rows.find((row) => row.oid === oid.textArray) ?? {};
  const input = rows.find((row) => row.typname === 'cardinal_number')?.typinput ?? domainIn;
  for (const domain of [...domains].sort(byName)) {
    const base = rows.find((row) => row.oid === domain.base.oid) ?? {};
    yield {
      ...base,
      oid: domain.oid,
      typname: domain.name,
      typnamespace: domain.schemaOid,
      typowner: domain.ownerOid,
      typtype: 'd',
      typispreferred: false,
      typarray: domainArrayOf(domain.oid),
      typelem: 0,
      typsubscript: 0,
      typinput: input,
      typmodin: 0,
      typmodout: 0,
      typnotnull: domain.notNull,
      typbasetype: domain.base.domain ?? domain.base.oid,
      typtypmod: domain.base.domain === undefined ? domain.base.typmod : -1,
      typdefaultbin: domain.defaultText ?? null,
      typdefault: domain.defaultText ?? null,
    };
    yield arrayRow(arrays, {
      name: domain.name,
      typnamespace: domain.schemaOid,
      typowner: domain.ownerOid,
      oid: domainArrayOf(domain.oid),
      element: domain.oid,
    });
  }
}

const domainIn = 2597;

export const checkText = (check: CheckDescriptor): string => `CHECK (${check.text})${check.isValidated ? '' : ' NOT VALID'}`;

/** What pg_constraint says of a constraint that is no foreign key and inherits nothing. */
export const ofNoForeignKey: SystemRow = {
  conparentid: 0,
  confrelid: 0,
  confupdtype: ' ',
  confdeltype: ' ',
  confmatchtype: ' ',
  conislocal: true,
  coninhcount: 0,
};

export function* domainConstraints(run: Run): Iterable<SystemRow> {
  for (const domain of run.catalog.domains())
    for (const check of domain.checks)
      yield {
        oid: check.constraintOid,
        conname: check.name,
        connamespace: domain.schemaOid,
        contype: 'c',
        condeferrable: false,
        condeferred: false,
        convalidated: check.isValidated,
        conrelid: 0,
        contypid: domain.oid,
        conindid: 0,
        ...ofNoForeignKey,
        connoinherit: false,
        conkey: arrayOf(oid.int2, []),
        conbin: check.text,
      };
}

/** pg_get_constraintdef of a domain's constraint. */
export function domainConstraintText(catalog: Catalog, constraintOid: number): string | undefined {
  for (const domain of catalog.domains())
    for (const check of domain.checks) if (check.constraintOid === constraintOid) return checkText(check);
  return undefined;
}

const dataType = (type: TypeRef): string => (pgTypeByOid(type.oid)?.category === 'A' ? 'ARRAY' : formatType(typeRef(type.oid)));

/** The type that a column or domain is of by the standard, below domains. */
export function udtOf(run: Run, { oid: typeOid, domain }: TypeRef): SystemRow {
  const below = domain === undefined ? undefined : run.catalog.domainByOid(domain);
  if (below !== undefined) return { udt_schema: below.schemaName, udt_name: below.name };
  const element = elementOfRowArray(typeOid);
  const relation = rowTypeRelation(run.catalog, element ?? typeOid);
  if (relation !== undefined) return { udt_schema: relation.schemaName, udt_name: `${element === undefined ? '' : '_'}${relation.name}` };
  return { udt_schema: 'pg_catalog', udt_name: pgTypeByOid(typeOid)?.name ?? '' };
}

export function* domainsOfSchema(run: Run, typeFacts: (type: TypeRef) => SystemRow): Iterable<SystemRow> {
  const { database } = run.context.session;
  for (const domain of run.catalog.domains())
    yield {
      domain_catalog: database,
      domain_schema: domain.schemaName,
      domain_name: domain.name,
      data_type: domain.base.domain === undefined ? dataType(domain.base) : 'USER-DEFINED',
      ...typeFacts(domain.base),
      domain_default: domain.defaultText ?? null,
      udt_catalog: database,
      ...udtOf(run, domain.base),
      dtd_identifier: '1',
    };
}

export function* domainConstraintsOfSchema(run: Run): Iterable<SystemRow> {
  const { database } = run.context.session;
  for (const domain of run.catalog.domains())
    for (const check of domain.checks)
      yield {
        constraint_catalog: database,
        constraint_schema: domain.schemaName,
        constraint_name: check.name,
        domain_catalog: database,
        domain_schema: domain.schemaName,
        domain_name: domain.name,
        is_deferrable: 'NO',
        initially_deferred: 'NO',
      };
}
