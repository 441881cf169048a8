/**
 * Dependent objects: everything that a dropped domain or function takes along, or that keeps it from being dropped.
 *
 * They are found by following what depends on what, and told in PostgreSQL's order: an object before what depends on it, older ones first.
 * What goes automatically, such as an index with its column, is told of nobody.
 */
import { someExpression } from '#sql/expression-walk.ts';
import { domainArrayOf } from '#sql/types/catalog-types.ts';
import type {
  CheckDescriptor,
  ColumnDescriptor,
  DomainDescriptor,
  ForeignKeyDescriptor,
  FunctionDescriptor,
  IndexDescriptor,
  TableDescriptor,
  ViewDescriptor,
} from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { readersOf, readersOfColumn, titled } from './dependents.ts';
import { describeDomain } from './domain-names.ts';
import { describeReference } from './foreign-keys.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf, storedExpression, textMentions } from './table-expressions.ts';

export type DependentObject =
  | DomainDescriptor
  | ViewDescriptor
  | FunctionDescriptor
  | { readonly kind: 'domainCheck'; readonly domain: DomainDescriptor; readonly check: CheckDescriptor }
  | { readonly kind: 'column' | 'default'; readonly table: TableDescriptor; readonly column: ColumnDescriptor }
  | { readonly kind: 'check'; readonly table: TableDescriptor; readonly check: CheckDescriptor }
  | { readonly kind: 'index'; readonly table: TableDescriptor; readonly index: IndexDescriptor }
  | { readonly kind: 'foreignKey'; readonly child: TableDescriptor; readonly foreignKey: ForeignKeyDescriptor };

/** An object, and as messages name it what it depends on. */
export type Dependence = { readonly object: DependentObject; readonly on: string };

/** `rank`: where among the dependents of one object PostgreSQL, which goes by oids, has it. */
type Edge = Dependence & { readonly rank: number };

/** All that depends on what leaves, and does not leave itself, each once. */
export function dependentsOf(change: SchemaChange, leaving: readonly DependentObject[]): readonly Dependence[] {
  const found: Dependence[] = [];
  const seen = new Set<string>();
  const visit = (object: DependentObject, on: string): void => {
    const key = keyOf(object);
    if (seen.has(key)) return;
    seen.add(key);
    const edges = [...edgesTo(change, object)].sort((a, b) => b.rank - a.rank);
    for (const edge of edges) visit(edge.object, edge.on);
    found.push({ object, on });
  };
  for (const object of leaving) visit(object, '');
  const gone = new Set(leaving.map(keyOf));
  const told = found.filter(({ object }) => !gone.has(keyOf(object))).reverse();
  const isColumnGone = (table: TableDescriptor, attributeNumber: number): boolean => seen.has(`column ${table.oid} ${attributeNumber}`);
  return told.filter(
    ({ object }) => !goesWithColumn(object, isColumnGone) && !(object.kind === 'domainCheck' && seen.has(keyOf(object.domain))),
  );
}

const keyOf = (object: DependentObject): string => {
  switch (object.kind) {
    case 'column':
    case 'default':
      return `${object.kind} ${object.table.oid} ${object.column.attributeNumber}`;
    case 'check':
    case 'domainCheck':
      return `${object.kind} ${object.check.constraintOid}`;
    case 'foreignKey':
      return `foreignKey ${object.foreignKey.constraintOid}`;
    case 'index':
      return `index ${object.index.oid}`;
    default:
      return `${object.kind} ${object.oid}`;
  }
};

export const dependenceLines = (change: SchemaChange, dependents: readonly Dependence[]): readonly string[] =>
  dependents.map(({ object, on }) => `${describeDependent(change, object)} depends on ${on}`);

/** As messages name it: columns and constraints bare, as PostgreSQL does. */
export function describeDependent(change: SchemaChange, object: DependentObject): string {
  switch (object.kind) {
    case 'domain':
      return `type ${describeDomain(change, object)}`;
    case 'domainCheck':
      return `constraint ${object.check.name}`;
    case 'column':
      return `column ${object.column.name} of table ${change.describe(object.table)}`;
    case 'default':
      return `default value for column ${object.column.name} of table ${change.describe(object.table)}`;
    case 'check':
      return `constraint ${object.check.name} on table ${change.describe(object.table)}`;
    case 'foreignKey':
      return describeReference(change, object);
    case 'index':
      return `index ${quoteIdentifier(object.index.name)}`;
    default:
      return titled(change, object);
  }
}

/** Defaults, checks, indexes and foreign keys of a column that goes. */
function goesWithColumn(object: DependentObject, isGone: (table: TableDescriptor, attributeNumber: number) => boolean): boolean {
  switch (object.kind) {
    case 'foreignKey':
      return object.foreignKey.attributeNumbers.some((attributeNumber) => isGone(object.child, attributeNumber));
    case 'default':
      return isGone(object.table, object.column.attributeNumber);
    case 'check':
      return object.table.columns.some(
        (column) => textMentions(object.check.text, column.name) && isGone(object.table, column.attributeNumber),
      );
    case 'index':
      return object.table.columns.some(
        (column) => isGone(object.table, column.attributeNumber) && indexUses(object.index, column.attributeNumber, column.name),
      );
    default:
      return false;
  }
}

const indexTexts = ({ keys, predicateText }: IndexDescriptor): readonly (string | undefined)[] => [
  ...keys.map((key) => key.expressionText),
  predicateText,
];

const indexUses = (index: IndexDescriptor, attributeNumber: number, name: string): boolean =>
  index.keys.some((key) => key.attributeNumber === attributeNumber) ||
  index.included.includes(attributeNumber) ||
  indexTexts(index).some((text) => textMentions(text, name));

function edgesTo(change: SchemaChange, object: DependentObject): Iterable<Edge> {
  switch (object.kind) {
    case 'domain':
      return edgesToDomain(change, object);
    case 'column':
      return edgesToColumn(change, object.table, object.column);
    case 'view':
      return readerEdges(change, object);
    case 'function':
      return [...expressionsCalling(change, object), ...readerEdges(change, object)];
    default:
      return [];
  }
}

const readerEdges = (change: SchemaChange, object: ViewDescriptor | FunctionDescriptor | DomainDescriptor): readonly Edge[] =>
  readersOf(change, object).map((reader) => ({ object: reader, on: describeDependent(change, object), rank: reader.oid }));

function* edgesToDomain(change: SchemaChange, domain: DomainDescriptor): Generator<Edge, void, undefined> {
  const on = describeDependent(change, domain);
  const arrayOid = domainArrayOf(domain.oid);
  for (const table of change.catalog.tables())
    for (const column of table.columns) {
      if (column.isDropped) continue;
      const own = column.type.domain ?? column.type.oid;
      const rank = table.oid - column.attributeNumber / 10_000;
      // PostgreSQL makes the array's type before the domain, so all that is of it is told first.
      if (own === arrayOid) yield { object: { kind: 'column', table, column }, on: `${on}[]`, rank: rank - 2 ** 33 };
      if (own === domain.oid) yield { object: { kind: 'column', table, column }, on, rank };
    }
  for (const other of change.catalog.domains())
    if (other.base.domain === domain.oid || other.base.oid === arrayOid) yield { object: other, on, rank: other.oid };
  const names = castNames(domain);
  yield* expressionEdges(change, on, (text) => names(text));
  yield* readerEdges(change, domain);
}

/** Expressions of tables and domains that call the function. */
export function expressionsCalling(change: SchemaChange, called: FunctionDescriptor): readonly Edge[] {
  const written = `${quoteIdentifier(called.schemaName)}.${quoteIdentifier(called.name)}(`;
  const calls = (text: string, table: TableDescriptor | undefined): boolean =>
    text.includes(written) &&
    // Of functions of one name the bound expression tells which is meant.
    (table === undefined ||
      someExpression(
        storedExpression(environmentOf(change), table, text, undefined, true),
        (part) => part.kind === 'function' && part.function === called.oid,
      ));
  return [...expressionEdges(change, describeDependent(change, called), calls)];
}

function* expressionEdges(
  change: SchemaChange,
  on: string,
  isMeant: (text: string, table: TableDescriptor | undefined) => boolean,
): Generator<Edge, void, undefined> {
  for (const table of change.catalog.tables()) {
    const uses = (text: string | undefined): boolean => text !== undefined && isMeant(text, table);
    for (const column of table.columns)
      if (!column.isDropped && uses(column.defaultText))
        yield {
          object: { kind: column.generated === undefined ? 'default' : 'column', table, column },
          on,
          rank: table.oid + column.attributeNumber / 10_000,
        };
    for (const check of table.checks)
      if (uses(check.text)) yield { object: { kind: 'check', table, check }, on, rank: check.constraintOid };
    for (const index of table.indexes)
      if (indexTexts(index).some(uses)) yield { object: { kind: 'index', table, index }, on, rank: index.oid };
  }
  for (const domain of change.catalog.domains()) {
    if (domain.defaultText !== undefined && isMeant(domain.defaultText, undefined)) yield { object: domain, on, rank: domain.oid };
    for (const check of domain.checks)
      if (isMeant(check.text, undefined)) yield { object: { kind: 'domainCheck', domain, check }, on, rank: check.constraintOid };
  }
}

/** Whether a stored text casts to the domain, or to arrays of it: types are written in full there. */
function castNames({ schemaName, name }: DomainDescriptor): (text: string) => boolean {
  const written = `::${quoteIdentifier(schemaName)}.${quoteIdentifier(name)}`.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const cast = new RegExp(`${written}(?![\\w$"])`);
  return (text) => cast.test(text.replace(/'(?:[^']|'')*'/g, "''"));
}

function* edgesToColumn(change: SchemaChange, table: TableDescriptor, column: ColumnDescriptor): Generator<Edge, void, undefined> {
  const on = `column ${column.name} of table ${change.describe(table)}`;
  for (const other of table.columns)
    if (other !== column && !other.isDropped && other.generated !== undefined && textMentions(other.defaultText, column.name))
      yield { object: { kind: 'column', table, column: other }, on, rank: table.oid + other.attributeNumber / 10_000 };
  for (const { child, foreignKey } of change.catalog.referencesTo(table.oid))
    if (foreignKey.parentAttributeNumbers.includes(column.attributeNumber))
      yield { object: { kind: 'foreignKey', child, foreignKey }, on, rank: foreignKey.constraintOid };
  for (const reader of readersOfColumn(change, table, column.attributeNumber)) yield { object: reader, on, rank: reader.oid };
}
