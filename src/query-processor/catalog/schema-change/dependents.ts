/**
 * Dependents: the views that read what a change drops, alters or renames.
 *
 *   V1  Nothing that a view reads goes away while the view stays: 2BP01, or the view goes too under CASCADE.
 *   V2  A view goes on meaning the same relations and columns whatever they are called: when one gets another name, the stored texts that
 *       name it are printed anew, in the same change.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { domainArrayOf, isCatalogType, rowArrayOf, rowTypeOf } from '#sql/types/catalog-types.ts';
import { bodyStatements } from '../../analyzer/function-body.ts';
import { printFunctionBody } from '../../analyzer/function-check.ts';
import { bindStoredText, printStoredQuery } from '../../analyzer/stored-query.ts';
import type { Dependency, Descriptor, DomainDescriptor, FunctionDescriptor, RelationDescriptor, ViewDescriptor } from '../descriptors.ts';
import { storedNames } from '../object-names.ts';
import { describeFunction } from './function-names.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf } from './table-expressions.ts';

/** A view and the object that it depends on, as messages name both. */
export type Dependent = { readonly view: Stored; readonly on: string };

/** What keeps queries: a view, or a function whose body is in SQL itself or that returns a relation's rows. */
export type Stored = ViewDescriptor | FunctionDescriptor;

const titles: Readonly<Record<RelationDescriptor['kind'], string>> = {
  table: 'table',
  system: 'table',
  view: 'view',
  sequence: 'sequence',
};

export const titled = (change: SchemaChange, object: RelationDescriptor | FunctionDescriptor): string =>
  object.kind === 'function' ? `function ${describeFunction(change, object)}` : `${titles[object.kind]} ${change.describe(object)}`;

const views = (change: SchemaChange): readonly ViewDescriptor[] =>
  change.catalog.userRelations().flatMap((relation) => (relation.kind === 'view' ? [relation] : []));

const stored = (change: SchemaChange): readonly Stored[] => [
  ...change.catalog.functions().filter((called) => called.dependencies.length > 0 || usedTypes(called).length > 0),
  ...views(change),
];

const reads = (view: Stored, oid: number): Dependency | undefined => view.dependencies.find((dependency) => dependency.oid === oid);

/** The row types, and arrays of them, that a function takes or gives. */
const usedTypes = ({ args, returnType }: FunctionDescriptor): readonly number[] =>
  [returnType, ...args.map(({ type }) => type)].map(({ oid }) => oid).filter(isCatalogType);

/** The type of the relation, or array of it, that a function takes or gives; with what its name has behind it. */
function usedTypeOf(view: Stored, oid: number): '' | '[]' | undefined {
  if (view.kind !== 'function') return undefined;
  const types = usedTypes(view);
  if (types.includes(rowTypeOf(oid))) return '';
  return types.includes(rowArrayOf(rowTypeOf(oid))) ? '[]' : undefined;
}

/** Views and functions that read the object itself, or are of its type. */
export const readersOf = (change: SchemaChange, object: RelationDescriptor | FunctionDescriptor | DomainDescriptor): readonly Stored[] =>
  [...change.catalog.functions(), ...views(change)].filter(
    (reader) =>
      reader.oid !== object.oid &&
      (reads(reader, object.oid) !== undefined ||
        (object.kind === 'domain' ? isOfDomain(reader, object.oid) : usedTypeOf(reader, object.oid) !== undefined)),
  );

export const readersOfColumn = (change: SchemaChange, relation: RelationDescriptor, attributeNumber: number): readonly Stored[] =>
  stored(change).filter((view) => reads(view, relation.oid)?.attributeNumbers.includes(attributeNumber));

/** A function takes or gives values of the domain, or arrays of them. */
const isOfDomain = (reader: Stored, domainOid: number): boolean =>
  reader.kind === 'function' &&
  [reader.returnType, ...reader.args.map(({ type }) => type)].some((type) => {
    const own = type.domain ?? type.oid;
    return own === domainOid || own === domainArrayOf(domainOid);
  });

/** Views over the relations that do not leave with them, and views over those, each once, nearest first. */
export function dependentViews(change: SchemaChange, leaving: readonly (RelationDescriptor | FunctionDescriptor)[]): readonly Dependent[] {
  const all = stored(change);
  const gone = new Set(leaving.map((relation) => relation.oid));
  const found: Dependent[] = [];
  const follow = (on: RelationDescriptor | FunctionDescriptor): void => {
    for (const view of all) {
      const type = on.kind === 'function' ? undefined : usedTypeOf(view, on.oid);
      if (gone.has(view.oid) || (type === undefined && reads(view, on.oid) === undefined)) continue;
      gone.add(view.oid);
      found.push({ view, on: type === undefined || on.kind === 'function' ? titled(change, on) : `type ${change.describe(on)}${type}` });
      follow(view);
    }
  };
  for (const relation of leaving) follow(relation);
  return found;
}

/** Views that read a column, and views over those. */
export function viewsOfColumn(change: SchemaChange, relation: RelationDescriptor, attributeNumber: number): readonly Dependent[] {
  const direct = readersOfColumn(change, relation, attributeNumber);
  const column = relation.kind === 'sequence' ? undefined : relation.columns[attributeNumber - 1];
  const on = `column ${column?.name} of ${titled(change, relation)}`;
  return direct.flatMap((view) => [{ view, on }, ...dependentViews(change, [view])]).filter(firstOfView);
}

const firstOfView = (dependent: Dependent, at: number, all: readonly Dependent[]): boolean =>
  all.findIndex((other) => other.view === dependent.view) === at;

export const dependencyLine = (change: SchemaChange, { view, on }: Dependent): string => `${titled(change, view)} depends on ${on}`;

/** 2BP01 with PostgreSQL's words. */
export const stillNeeded = (what: string, lines: readonly string[], isOne = true): SqlError =>
  new SqlError(sqlstate.dependentObjectsStillExist, `cannot drop ${what} because other objects depend on ${isOne ? 'it' : 'them'}`, {
    detail: lines.join('\n'),
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });

/** Drops the views under CASCADE, refuses without. */
export function releaseViews(change: SchemaChange, dependents: readonly Dependent[], what: string, cascades: boolean): void {
  if (dependents.length === 0) return;
  if (!cascades)
    throw stillNeeded(
      what,
      dependents.map((dependent) => dependencyLine(change, dependent)),
    );
  change.noticeCascade(dependents.map(({ view }) => titled(change, view)));
  for (const { view } of dependents) change.drop(view.oid);
}

/** 0A000: the type of a column that a view reads is a part of the view. */
export function refuseUsedColumn(change: SchemaChange, relation: RelationDescriptor, attributeNumber: number): void {
  const [first] = viewsOfColumn(change, relation, attributeNumber);
  if (first === undefined || relation.kind === 'sequence') return;
  if (first.view.kind === 'function')
    throw new SqlError(sqlstate.featureNotSupported, 'cannot alter type of a column used by a function or procedure', {
      detail: `${titled(change, first.view)} depends on column "${relation.columns[attributeNumber - 1].name}"`,
    });
  throw new SqlError(sqlstate.featureNotSupported, 'cannot alter type of a column used by a view or rule', {
    detail: `rule _RETURN on ${titled(change, first.view)} depends on column "${relation.columns[attributeNumber - 1].name}"`,
  });
}

/** V2, once all else of the change is known. */
export function followNames(change: SchemaChange): void {
  const renamed = new Set<number>();
  for (const [oid, after] of change.changes) {
    const before = change.catalog.relationByOid(oid);
    if (before !== undefined && isRelation(after) && namesDiffer(before, after)) renamed.add(oid);
    const domain = change.catalog.domainByOid(oid);
    if (domain !== undefined && after?.kind === 'domain' && (domain.name !== after.name || domain.schemaName !== after.schemaName))
      renamed.add(oid);
    const called = change.catalog.functionByOid(oid);
    if (called !== undefined && after?.kind === 'function' && (called.name !== after.name || called.schemaName !== after.schemaName))
      renamed.add(oid);
  }
  if (renamed.size === 0) return;
  const find = (oid: number): RelationDescriptor | undefined => {
    const changed = change.changes.get(oid);
    return isRelation(changed) ? changed : change.catalog.relationByOid(oid);
  };
  const findDomain = (oid: number): DomainDescriptor | undefined => {
    const changed = change.changes.get(oid);
    return changed?.kind === 'domain' ? changed : change.catalog.domainByOid(oid);
  };
  const findFunction = (oid: number): FunctionDescriptor | undefined => {
    const changed = change.changes.get(oid);
    return changed?.kind === 'function' ? changed : change.catalog.functionByOid(oid);
  };
  const names = storedNames(find, findDomain, findFunction);
  for (const called of change.catalog.functions()) {
    if (called.body === undefined || !called.dependencies.some(({ oid }) => renamed.has(oid))) continue;
    if (change.changes.has(called.oid) && change.changes.get(called.oid) === undefined) continue;
    const nodes = bodyStatements(called).map(({ node }) => node);
    const { statements } = printFunctionBody(environmentOf(change), called, nodes, () => undefined, names);
    change.put({ ...(findFunction(called.oid) ?? called), body: { ...called.body, statements } });
  }
  for (const stored of views(change)) {
    if (!stored.dependencies.some(({ oid }) => renamed.has(oid))) continue;
    if (change.changes.has(stored.oid) && change.changes.get(stored.oid) === undefined) continue;
    const changed = find(stored.oid);
    const view = changed?.kind === 'view' ? changed : stored;
    const { text } = printStoredQuery(bindStoredText(environmentOf(change), stored.definition), {
      names,
      pretty: false,
      columnNames: view.columns.map((column) => column.name),
    });
    change.put({ ...view, definition: text });
  }
}

const isRelation = (descriptor: Descriptor | undefined): descriptor is RelationDescriptor =>
  descriptor?.kind === 'table' || descriptor?.kind === 'view' || descriptor?.kind === 'sequence';

function namesDiffer(before: RelationDescriptor, after: RelationDescriptor): boolean {
  if (before.name !== after.name || before.schemaName !== after.schemaName) return true;
  if (before.kind === 'sequence' || after.kind === 'sequence') return false;
  return before.columns.some((column, at) => column.name !== after.columns[at]?.name);
}
