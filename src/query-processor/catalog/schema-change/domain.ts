/**
 * CREATE, ALTER and DROP DOMAIN.
 *
 *   M1  A constraint that is added holds for every value of the domain that is stored before the change commits: rows are looked at, and
 *       whoever writes rows of a table with such a column meanwhile conflicts.
 */
import type { AlterDomainStmt, Constraint, CreateDomainStmt, DropStmt, Node, RenameStmt, TypeName } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { TypeRef } from '#sql/type.ts';
import { findType, formatType } from '#sql/types/registry.ts';
import { findDomain, valueName, withBaseDomains } from '../../analyzer/domain.ts';
import { resolveTypeName } from '../../analyzer/type-name.ts';
import type { CheckDescriptor, ColumnDescriptor, DomainDescriptor, TableDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { mustBeOwner, ownsObject } from '../privileges/secured-object.ts';
import type { AlteredTable } from './alter-table.ts';
import { namesOf, requireStorable } from './create-table.ts';
import { titled } from './dependents.ts';
import { describeDomain } from './domain-names.ts';
import { dropWithDependents } from './drop-dependents.ts';
import { ownerOf } from './move-object.ts';
import { freeName } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf, tableExpression } from './table-expressions.ts';

/** A column that holds values of a domain whose constraints have grown. */
export type DomainWork = {
  readonly table: TableDescriptor;
  readonly column: ColumnDescriptor;
  readonly domain: DomainDescriptor;
  /** undefined: NOT NULL. */
  readonly check: CheckDescriptor | undefined;
};

const targetOf = (names: readonly string[]) => ({
  schemaname: names.length > 1 ? names[names.length - 2] : undefined,
  relname: names[names.length - 1] ?? '',
});

/** The column named VALUE that the conditions are about. */
const valueTable = (domain: { readonly name: string; readonly schemaName: string }, base: TypeRef) => ({
  oid: 0,
  name: domain.name,
  schemaName: domain.schemaName,
  columns: [
    {
      attributeNumber: 1,
      name: valueName,
      type: { oid: base.oid, typmod: base.typmod },
      notNull: false,
      defaultText: undefined,
      generated: undefined,
      identity: undefined,
      isDropped: false,
      missingText: undefined,
    },
  ],
});

export function createDomain(change: SchemaChange, statement: CreateDomainStmt): void {
  const target = targetOf(namesOf(statement.domainname));
  const schema = change.creationSchema(
    target.schemaname === undefined ? { relname: target.relname } : { ...target, schemaname: target.schemaname },
  );
  const name = target.relname;
  requireFreeType(change, schema.oid, name);
  const typeName = statement.typeName;
  if (typeName === undefined) throw new SqlError(sqlstate.syntaxError, 'a domain has a base type');
  const base = resolveTypeName(typeName, { positionOf: () => undefined, catalogType: change.catalogType });
  if (findType(base.oid)?.category === 'P')
    throw new SqlError(sqlstate.datatypeMismatch, `"${formatType(base)}" is not a valid base type for a domain`);
  requireStorable(base);
  const constraints = (statement.constraints ?? []).flatMap((node) => ('Constraint' in node ? [node.Constraint] : []));
  let domain: DomainDescriptor = {
    kind: 'domain',
    oid: change.newOid(),
    schemaOid: schema.oid,
    schemaName: schema.name,
    name,
    ownerOid: change.ownerOid(),
    base,
    notNull: false,
    defaultText: undefined,
    checks: [],
  };
  let isNullStated = false;
  let hasDefault = false;
  for (const constraint of constraints) {
    switch (constraint.contype) {
      case 'CONSTR_DEFAULT':
        if (hasDefault) throw new SqlError(sqlstate.syntaxError, 'multiple default expressions');
        hasDefault = true;
        domain = { ...domain, defaultText: defaultOf(change, domain, constraint.raw_expr) };
        break;
      case 'CONSTR_NOTNULL':
      case 'CONSTR_NULL': {
        const notNull = constraint.contype === 'CONSTR_NOTNULL';
        if (isNullStated && domain.notNull !== notNull) throw new SqlError(sqlstate.syntaxError, 'conflicting NULL/NOT NULL constraints');
        isNullStated = true;
        domain = { ...domain, notNull };
        break;
      }
      default:
        domain = withCheck(change, domain, constraint);
    }
  }
  change.put(domain);
}

export function requireFreeType(change: SchemaChange, schemaOid: number, name: string): void {
  const isTaken =
    change.catalog.domainByName(schemaOid, name) !== undefined || change.catalog.relationByName(schemaOid, name) !== undefined;
  if (isTaken) throw new SqlError(sqlstate.duplicateObject, `type "${name}" already exists`);
}

function defaultOf(change: SchemaChange, domain: DomainDescriptor, node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  const table = { ...valueTable(domain, domain.base), columns: [] };
  const bound = tableExpression(change, table, node, 'default', {
    name: domain.name,
    type: { oid: domain.base.oid, typmod: domain.base.typmod },
  });
  const isNull = bound.expression.kind === 'constant' && bound.expression.value === null;
  return isNull ? undefined : bound.text;
}

const impossible: Readonly<Record<string, string>> = {
  CONSTR_UNIQUE: 'unique constraints',
  CONSTR_PRIMARY: 'primary key constraints',
  CONSTR_EXCLUSION: 'exclusion constraints',
  CONSTR_FOREIGN: 'foreign key constraints',
};

function withCheck(change: SchemaChange, domain: DomainDescriptor, constraint: Constraint): DomainDescriptor {
  const { raw_expr } = constraint;
  if (constraint.contype !== 'CONSTR_CHECK' || raw_expr === undefined) {
    const what = impossible[constraint.contype ?? ''];
    if (what !== undefined) throw new SqlError(sqlstate.syntaxError, `${what} not possible for domains`);
    throw new SqlError(sqlstate.featureNotSupported, 'specifying constraint deferrability not supported for domains');
  }
  if (constraint.is_no_inherit === true)
    throw new SqlError(sqlstate.invalidObjectDefinition, 'check constraints for domains cannot be marked NO INHERIT');
  const isTaken = (name: string): boolean => domain.checks.some((check) => check.name === name);
  if (constraint.conname !== undefined && isTaken(constraint.conname))
    throw new SqlError(sqlstate.duplicateObject, `constraint "${constraint.conname}" for domain "${domain.name}" already exists`);
  const check: CheckDescriptor = {
    constraintOid: change.newOid(),
    name: constraint.conname ?? freeName(domain.name, undefined, 'check', isTaken),
    text: tableExpression(change, valueTable(domain, domain.base), raw_expr, 'check', undefined, 'VALUE').text,
    isValidated: constraint.skip_validation !== true,
  };
  // PostgreSQL checks them in the order of their names.
  return { ...domain, checks: [...domain.checks, check].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** The domain of a name; undefined where IF EXISTS lets it be missing, which is then said. */
export function requireDomain(change: SchemaChange, names: readonly string[], isMissingOk = false): DomainDescriptor | undefined {
  const { schemaname, relname } = targetOf(names);
  const domain = findDomain(environmentOf(change), schemaname, relname);
  if (domain !== undefined) {
    if (!ownsObject(change.catalog.roleGraph, change.ownerOid(), domain)) throw mustBeOwner({ title: 'type', name: domain.name });
    return domain;
  }
  const written = schemaname === undefined ? relname : `${schemaname}.${relname}`;
  if (isBuiltInType(change, names)) throw new SqlError(sqlstate.wrongObjectType, `${written} is not a domain`);
  if (schemaname !== undefined && change.catalog.schemaByName(schemaname) === undefined && !isMissingOk)
    throw new SqlError(sqlstate.invalidSchemaName, `schema "${schemaname}" does not exist`);
  if (!isMissingOk) throw new SqlError(sqlstate.undefinedObject, `type "${written}" does not exist`);
  change.notice(`type "${written}" does not exist, skipping`);
  return undefined;
}

const builtInType = (change: SchemaChange, names: readonly string[]): TypeRef =>
  resolveTypeName({ names: names.map((sval) => ({ String: { sval } })) }, { positionOf: change.positionOf });

export function isBuiltInType(change: SchemaChange, names: readonly string[]): boolean {
  try {
    builtInType(change, names);
    return true;
  } catch (error) {
    if (error instanceof SqlError) return false;
    throw error;
  }
}

export function alterDomain(change: SchemaChange, statement: AlterDomainStmt): readonly DomainWork[] {
  const domain = requireDomain(change, namesOf(statement.typeName));
  if (domain === undefined) return [];
  switch (statement.subtype) {
    case 'T':
      change.put({ ...domain, defaultText: defaultOf(change, domain, statement.def) });
      return [];
    case 'N':
      change.put({ ...domain, notNull: false });
      return [];
    case 'O': {
      if (domain.notNull) return [];
      const altered = { ...domain, notNull: true };
      change.put(altered);
      return workOver(change, altered, undefined);
    }
    case 'C': {
      const constraint = statement.def !== undefined && 'Constraint' in statement.def ? statement.def.Constraint : {};
      const altered = withCheck(change, domain, constraint);
      change.put(altered);
      const added = altered.checks.find((check) => !domain.checks.includes(check));
      return added?.isValidated === true ? workOver(change, altered, added) : [];
    }
    case 'X': {
      const name = statement.name ?? '';
      if (!domain.checks.some((check) => check.name === name)) {
        const message = `constraint "${name}" of domain "${domain.name}" does not exist`;
        if (statement.missing_ok !== true) throw new SqlError(sqlstate.undefinedObject, message);
        change.notice(`${message}, skipping`);
        return [];
      }
      change.put({ ...domain, checks: domain.checks.filter((check) => check.name !== name) });
      return [];
    }
    case 'V': {
      const name = statement.name ?? '';
      const check = domain.checks.find((entry) => entry.name === name);
      if (check === undefined)
        throw new SqlError(sqlstate.undefinedObject, `constraint "${name}" of domain "${domain.name}" does not exist`);
      if (check.isValidated) return [];
      const validated = { ...check, isValidated: true };
      const altered = { ...domain, checks: domain.checks.map((entry) => (entry === check ? validated : entry)) };
      change.put(altered);
      return workOver(change, altered, validated);
    }
    default:
      throw notSupported('unsupported ALTER DOMAIN statement');
  }
}

/** M1: the columns of the domain, and of domains over it. */
function workOver(change: SchemaChange, domain: DomainDescriptor, check: CheckDescriptor | undefined): readonly DomainWork[] {
  const work: DomainWork[] = [];
  for (const table of change.catalog.tables())
    for (const column of columnsOf(change, table, domain.oid)) {
      change.excludeWriters(table);
      work.push({ table, column, domain, check });
    }
  return work;
}

function columnsOf(change: SchemaChange, table: TableDescriptor, domainOid: number): readonly ColumnDescriptor[] {
  return table.columns.filter(
    (column) =>
      !column.isDropped &&
      column.type.domain !== undefined &&
      withBaseDomains(change.catalog, column.type.domain).some((domain) => domain.oid === domainOid),
  );
}

/** DROP DOMAIN, and DROP TYPE of one. */
export function dropDomains(change: SchemaChange, statement: DropStmt): readonly AlteredTable[] {
  const dropped: DomainDescriptor[] = [];
  for (const object of statement.objects ?? []) {
    const typeName: TypeName = 'TypeName' in object ? object.TypeName : {};
    refuseOtherType(change, namesOf(typeName.names), statement.removeType === 'OBJECT_TYPE');
    const domain = requireDomain(change, namesOf(typeName.names), statement.missing_ok === true);
    if (domain !== undefined && !dropped.includes(domain)) dropped.push(domain);
  }
  return dropWithDependents(change, dropped, statement.behavior);
}

/** The types of the system and of relations' rows are no domains, and go with nothing or with their relation. */
function refuseOtherType(change: SchemaChange, names: readonly string[], isAnyType: boolean): void {
  const { schemaname, relname } = targetOf(names);
  if (findDomain(environmentOf(change), schemaname, relname) !== undefined) return;
  const isBuiltIn = isBuiltInType(change, names);
  const relation = isBuiltIn ? undefined : change.findRelation(schemaname === undefined ? { relname } : { schemaname, relname });
  if (!isBuiltIn && (relation === undefined || relation.kind === 'sequence')) return;
  if (!isAnyType)
    throw new SqlError(sqlstate.wrongObjectType, `"${schemaname === undefined ? relname : `${schemaname}.${relname}`}" is not a domain`);
  if (relation === undefined)
    throw new SqlError(
      sqlstate.dependentObjectsStillExist,
      `cannot drop type ${formatType(builtInType(change, names))} because it is required by the database system`,
    );
  const place = titled(change, relation);
  throw new SqlError(sqlstate.dependentObjectsStillExist, `cannot drop type ${change.describe(relation)} because ${place} requires it`, {
    hint: `You can drop ${place} instead.`,
  });
}

const textsOf = (table: TableDescriptor): readonly string[] => [
  ...table.columns.flatMap((column) => column.defaultText ?? []),
  ...table.checks.map((check) => check.text),
  ...table.indexes.flatMap((index) => [...index.keys.flatMap((key) => key.expressionText ?? []), ...(index.predicateText ?? [])]),
];

/** Texts that name the domain would lose it. */
function requireUnnamed(change: SchemaChange, domain: DomainDescriptor): void {
  const written = `::${quoteIdentifier(domain.schemaName)}.${quoteIdentifier(domain.name)}`;
  const isNamed =
    change.catalog.tables().some((table) => textsOf(table).some((text) => text.includes(written))) ||
    change.catalog
      .domains()
      .some((other) => [other.defaultText, ...other.checks.map((check) => check.text)].some((text) => text?.includes(written)));
  if (isNamed) throw notSupported(`another name for the domain ${domain.name}, to which an expression of a table casts, is not supported`);
}

export function renameDomain(change: SchemaChange, statement: RenameStmt): void {
  const { object, newname = '' } = statement;
  const names =
    object === undefined ? [] : 'List' in object ? namesOf(object.List.items) : 'TypeName' in object ? namesOf(object.TypeName.names) : [];
  const domain = requireDomain(change, names);
  if (domain === undefined) return;
  if (statement.renameType === 'OBJECT_DOMCONSTRAINT') {
    const check = domain.checks.find((entry) => entry.name === statement.subname);
    if (check === undefined)
      throw new SqlError(
        sqlstate.undefinedObject,
        `constraint "${statement.subname}" for domain ${describeDomain(change, domain)} does not exist`,
      );
    if (domain.checks.some((entry) => entry.name === newname))
      throw new SqlError(sqlstate.duplicateObject, `constraint "${newname}" for domain ${describeDomain(change, domain)} already exists`);
    change.put({ ...domain, checks: domain.checks.map((entry) => (entry === check ? { ...entry, name: newname } : entry)) });
    return;
  }
  requireFreeType(change, domain.schemaOid, newname);
  requireUnnamed(change, domain);
  change.put({ ...domain, name: newname });
}

const listOf = (object: Node | undefined): readonly string[] =>
  object !== undefined && 'List' in object
    ? namesOf(object.List.items)
    : object !== undefined && 'TypeName' in object
      ? namesOf(object.TypeName.names)
      : [];

export function moveDomain(change: SchemaChange, object: Node | undefined, schemaName: string): void {
  const domain = requireDomain(change, listOf(object));
  if (domain === undefined) return;
  const schema = change.schemaByName(schemaName);
  if (schema.oid === domain.schemaOid) return;
  if (change.catalog.domainByName(schema.oid, domain.name) !== undefined)
    throw new SqlError(sqlstate.duplicateObject, `type "${domain.name}" already exists in schema "${schema.name}"`);
  requireUnnamed(change, domain);
  change.put({ ...domain, schemaOid: schema.oid, schemaName: schema.name });
}

export function setDomainOwner(change: SchemaChange, object: Node | undefined, owner: Parameters<typeof ownerOf>[1]): void {
  const domain = requireDomain(change, listOf(object));
  if (domain !== undefined) change.put({ ...domain, ownerOid: ownerOf(change, owner) });
}
