/** Domains: values of a base type that satisfy constraints. A value becomes a domain's by a check; everywhere else it is of the base type. */
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { TypeRef } from '#sql/type.ts';
import { domainOfArray } from '#sql/types/catalog-types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { DomainDescriptor } from '../catalog/descriptors.ts';
import { nullConstant } from './coercion.ts';
import type { Analysis, AnalyzerEnvironment } from './environment.ts';
import { searchedSchemas } from './relation-lookup.ts';
import { bindTableText } from './table-expression.ts';
import { arrayElementOf } from './type-facts.ts';

export const domainType = (domain: DomainDescriptor): TypeRef => ({ oid: domain.base.oid, typmod: domain.base.typmod, domain: domain.oid });

/** The domain that a type name means. */
export function findDomain(
  environment: Pick<AnalyzerEnvironment, 'catalog' | 'settings' | 'currentUser'>,
  schemaName: string | undefined,
  name: string,
): DomainDescriptor | undefined {
  const { catalog } = environment;
  if (schemaName !== undefined) {
    const schema = catalog.schemaByName(schemaName);
    return schema === undefined ? undefined : catalog.domainByName(schema.oid, name);
  }
  for (const schema of searchedSchemas(environment)) {
    const found = catalog.domainByName(schema.oid, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A domain and those that it is over, itself first. */
export function withBaseDomains(catalog: Catalog, domainOid: number): readonly DomainDescriptor[] {
  const found: DomainDescriptor[] = [];
  for (let at: number | undefined = domainOid; at !== undefined; ) {
    const domain: DomainDescriptor | undefined = catalog.domainByOid(at);
    if (domain === undefined) break;
    found.push(domain);
    at = domain.base.domain;
  }
  return found;
}

/** The name of the value that a domain's conditions are about. */
export const valueName = 'value';

const valueTable = (base: TypeRef, id: ColumnId) => [
  { id, name: valueName, type: { oid: base.oid, typmod: base.typmod }, tableOid: 0, attributeNumber: 1 },
];

/** The value of the base type, checked to be one of the domain. */
export function checkedAs(analysis: Analysis, value: Expression, target: TypeRef, isExplicit: boolean): Expression {
  const { domain } = target;
  if (domain === undefined || value.type.domain === domain) return value;
  const element = domainOfArray(domain);
  if (element !== undefined) {
    const elementType = { oid: arrayElementOf(target.oid), typmod: target.typmod };
    const item: Expression = { kind: 'caseOperand', type: elementType };
    return {
      kind: 'arrayConversion',
      arg: value,
      element: checkedAs(analysis, item, { ...elementType, domain: element }, isExplicit),
      type: target,
    };
  }
  const { catalog } = analysis.environment;
  const chain = withBaseDomains(catalog, domain);
  const id = analysis.newColumnId();
  for (const each of chain) analysis.relations.add(each.oid);
  // Those of the innermost domain come first.
  const checks = [...chain].reverse().flatMap((each) =>
    each.checks.map((check) => ({
      name: check.name,
      condition: bindTableText(analysis, check.text, each.name, valueTable(each.base, id), { kind: 'check' }),
    })),
  );
  return {
    kind: 'domainCheck',
    arg: value,
    domain,
    name: chain[0]?.name ?? '',
    notNull: chain.some((each) => each.notNull),
    value: id,
    checks,
    explicit: isExplicit,
    type: target,
  };
}

/** What a column of a domain takes when it is given nothing: the default of the domain, or of one below it. */
export function domainDefault(analysis: Analysis, type: TypeRef): Expression {
  const none = nullConstant(type.oid);
  if (type.domain === undefined) return none;
  const stated = withBaseDomains(analysis.environment.catalog, type.domain).find((domain) => domain.defaultText !== undefined);
  const value =
    stated?.defaultText === undefined
      ? none
      : bindTableText(analysis, stated.defaultText, stated.name, [], {
          kind: 'default',
          column: { name: stated.name, type: { oid: type.oid, typmod: type.typmod } },
        });
  return checkedAs(analysis, value, type, false);
}
