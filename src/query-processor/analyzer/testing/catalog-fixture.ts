/**
 * A catalog in memory for tests of the analyzer: tables made from short declarations, and the environment around them.
 */
import { defaultSettings } from '#sql/settings.ts';
import { typeRef } from '#sql/type.ts';
import { adminRoleOid, type Catalog, pgCatalogOid, publicOid } from '../../catalog/catalog.ts';
import type {
  ColumnDescriptor,
  IndexDescriptor,
  RelationDescriptor,
  SchemaDescriptor,
  TableDescriptor,
  ViewDescriptor,
} from '../../catalog/descriptors.ts';
import { predefinedRoleFacts } from '../../catalog/testing/predefined-role-facts.ts';
import { parse } from '../../parser/parse.ts';
import type { AnalyzerEnvironment } from '../environment.ts';
import { ParameterTypes } from '../parameters.ts';
import { resolveTypeName } from '../type-name.ts';

let nextOid = 16384;

/** Columns as in CREATE TABLE: 'id int primary key, name varchar(10) not null default ''x'''. Understands what the tests need. */
export function makeTable(name: string, declaration: string, schema: SchemaDescriptor = publicSchema): TableDescriptor {
  const [statement] = parse(`CREATE TABLE ${name} (${declaration})`);
  const node = statement.node;
  if (!('CreateStmt' in node)) throw new Error('not a table');
  const oid = nextOid++;
  const columns: ColumnDescriptor[] = [];
  let primaryKey: TableDescriptor['primaryKey'];
  const indexes: IndexDescriptor[] = [];
  const checks: TableDescriptor['checks'][number][] = [];
  const numberOf = (columnName: string): number => columns.findIndex((column) => column.name === columnName) + 1;
  const sourceOf = (from: number, text: string): string => text.slice(from);
  for (const element of node.CreateStmt.tableElts ?? []) {
    if ('ColumnDef' in element) {
      const { colname = '', typeName, constraints = [] } = element.ColumnDef;
      const kinds = constraints.flatMap((constraint) => ('Constraint' in constraint ? [constraint.Constraint] : []));
      const has = (kind: string) => kinds.find((constraint) => constraint.contype === kind);
      const attributeNumber = columns.length + 1;
      columns.push({
        attributeNumber,
        name: colname,
        type: typeName === undefined ? typeRef(25) : resolveTypeName(typeName, statement),
        notNull: has('CONSTR_NOTNULL') !== undefined || has('CONSTR_PRIMARY') !== undefined,
        defaultText: expressionText(declaration, colname),
        generated: has('CONSTR_GENERATED') === undefined ? undefined : 'stored',
        identity:
          has('CONSTR_IDENTITY') === undefined ? undefined : has('CONSTR_IDENTITY')?.generated_when === 'a' ? 'always' : 'byDefault',
        isDropped: false,
        missingText: undefined,
      });
      if (has('CONSTR_PRIMARY') !== undefined)
        primaryKey = { indexOid: nextOid++, constraintOid: nextOid++, name: `${name}_pkey`, attributeNumbers: [attributeNumber] };
      if (has('CONSTR_UNIQUE') !== undefined) indexes.push(uniqueIndex(`${name}_${colname}_key`, [columns[attributeNumber - 1]], true));
    } else if ('Constraint' in element) {
      const constraint = element.Constraint;
      const keys = (constraint.keys ?? []).map((key) => ('String' in key ? (key.String.sval ?? '') : ''));
      if (constraint.contype === 'CONSTR_PRIMARY')
        primaryKey = { indexOid: nextOid++, constraintOid: nextOid++, name: `${name}_pkey`, attributeNumbers: keys.map(numberOf) };
      else if (constraint.contype === 'CONSTR_UNIQUE')
        indexes.push(
          uniqueIndex(
            constraint.conname ?? `${name}_${keys.join('_')}_key`,
            keys.map((key) => columns[numberOf(key) - 1]),
            true,
          ),
        );
      else if (constraint.contype === 'CONSTR_CHECK') {
        const text = /check\s*\((.*?)\)\s*(?:,|$)/is.exec(sourceOf(0, declaration))?.[1] ?? 'true';
        checks.push({ constraintOid: nextOid++, name: constraint.conname ?? `${name}_check`, text, isValidated: true });
      }
    }
  }
  return {
    kind: 'table',
    oid,
    schemaOid: schema.oid,
    schemaName: schema.name,
    name,
    ownerOid: adminRoleOid,
    space: oid,
    columns,
    primaryKey,
    indexes,
    checks,
    foreignKeys: [],
  };
}

/** The text behind DEFAULT or GENERATED ALWAYS AS of a column, up to the next comma outside parentheses. */
function expressionText(declaration: string, column: string): string | undefined {
  const found = new RegExp(`(?:^|,)\\s*"?${column}"?\\s[^,]*?\\b(?:default|generated always as)\\s+`, 'i').exec(declaration);
  if (found === null) return undefined;
  let depth = 0;
  let end = found.index + found[0].length;
  const start = end;
  for (; end < declaration.length; end++) {
    const character = declaration[end];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) break;
  }
  const text = declaration.slice(start, end).replace(/\s+(stored|not null)\s*$/i, '');
  return /^identity\b/i.test(text) ? undefined : text;
}

export function uniqueIndex(
  name: string,
  columns: readonly ColumnDescriptor[],
  isConstraint: boolean,
  more: { readonly predicateText?: string; readonly expressionText?: string } = {},
): IndexDescriptor {
  const oid = nextOid++;
  return {
    oid,
    name,
    space: oid,
    isUnique: true,
    nullsNotDistinct: false,
    keys: [
      ...columns.map(({ attributeNumber, type }) => ({
        attributeNumber,
        expressionText: undefined,
        type,
        descending: false,
        nullsFirst: false,
      })),
      ...(more.expressionText === undefined
        ? []
        : [{ attributeNumber: 0, expressionText: more.expressionText, type: typeRef(25), descending: false, nullsFirst: false }]),
    ],
    included: [],
    predicateText: more.predicateText,
    constraintOid: isConstraint ? nextOid++ : undefined,
    state: 'valid',
  };
}

const schema = (oid: number, name: string): SchemaDescriptor => ({ kind: 'schema', oid, name, ownerOid: adminRoleOid });
export const publicSchema = schema(publicOid, 'public');
export const otherSchema = schema(16000, 'other');
const schemas = [schema(pgCatalogOid, 'pg_catalog'), publicSchema, otherSchema];

export function makeView(name: string, definition: string, columns: ViewDescriptor['columns']): ViewDescriptor {
  return {
    kind: 'view',
    oid: nextOid++,
    schemaOid: publicOid,
    schemaName: 'public',
    name,
    ownerOid: adminRoleOid,
    columns,
    definition,
    dependencies: [],
    options: { securityBarrier: undefined, securityInvoker: undefined, checkOption: undefined },
  };
}

export function makeCatalog(relations: readonly RelationDescriptor[]): Catalog {
  return {
    version: 1,
    schemaByName: (name) => schemas.find((candidate) => candidate.name === name),
    schemaByOid: (oid) => schemas.find((candidate) => candidate.oid === oid),
    schemas: () => schemas,
    relationByName: (schemaOid, name) => relations.find((relation) => relation.schemaOid === schemaOid && relation.name === name),
    relationByOid: (oid) => relations.find((relation) => relation.oid === oid),
    relations: (schemaOid) => relations.filter((relation) => relation.schemaOid === schemaOid),
    indexByOid: () => undefined,
    indexByName: (schemaOid, name) => {
      for (const relation of relations)
        if (relation.kind === 'table' && relation.schemaOid === schemaOid)
          for (const index of relation.indexes) if (index.name === name) return { tableOid: relation.oid, indexOid: index.oid };
      return undefined;
    },
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

export function makeEnvironment(catalog: Catalog, statementText: string, parameterTypes: readonly number[] = []): AnalyzerEnvironment {
  return {
    catalog,
    settings: defaultSettings,
    typeContext: { settings: defaultSettings, transactionTimestamp: 0, names: undefined },
    currentUser: 'admin',
    parameterTypes: new ParameterTypes(parameterTypes),
    statementText,
  };
}

/** The tables that the tests speak of; the same statements make them in PostgreSQL. */
export const tableDeclarations: Readonly<Record<string, string>> = {
  t: "a int primary key, b text, c numeric(10,2), d timestamptz default now(), e varchar(5) default 'x'",
  s: 'id bigint primary key, a int, name varchar(20) not null, tags text[], doc jsonb',
  u: 'x int, y int, z text, unique (x, y)',
  g: 'id int generated always as identity, v int, w int generated always as (v * 2) stored, check (v > 0)',
};

export function standardCatalog(): Catalog {
  const tables = Object.entries(tableDeclarations).map(([name, declaration]) => makeTable(name, declaration));
  const view = makeView('v', 'SELECT a, b AS bb FROM t WHERE c > 1', [
    { name: 'a', type: typeRef(23), defaultText: undefined },
    { name: 'bb', type: typeRef(25), defaultText: undefined },
  ]);
  return makeCatalog([...tables, view, makeTable('o', 'k int', otherSchema)]);
}
