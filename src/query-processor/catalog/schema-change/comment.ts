/** COMMENT ON, and the end of comments whose objects go. */
import type { CommentStmt, Node, RangeVar } from '@pgsql/types';
import { InvariantError } from '#base/assert.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { classOids, commentClasses } from '../catalog.ts';
import type { CommentDescriptor, Descriptor, DomainDescriptor, TableDescriptor } from '../descriptors.ts';
import { functionObject, mustBeOwner, requireOwner } from '../privileges/secured-object.ts';
import { namesOf } from './create-table.ts';
import { isBuiltInType, requireDomain } from './domain.ts';
import { describeDomain } from './domain-names.ts';
import { targetOf } from './drop-relation.ts';
import { requireFunction } from './function-names.ts';
import type { SchemaChange } from './schema-change.ts';
import { ownStatistics } from './statistics.ts';

type Place = Pick<CommentDescriptor, 'classOid' | 'objectOid' | 'subId'>;

const {
  pg_class: ofRelations,
  pg_constraint: ofConstraints,
  pg_namespace: ofSchemas,
  pg_authid: ofRoles,
  pg_type: ofTypes,
} = commentClasses;

export function commentOn(change: SchemaChange, statement: CommentStmt): void {
  const place = placeOf(change, statement);
  const known = change.catalog.comment(place.classOid, place.objectOid, place.subId);
  const text = statement.comment ?? '';
  // An empty comment is none, as in PostgreSQL.
  if (text !== '') change.put({ kind: 'comment', oid: known?.oid ?? change.newOid(), ...place, text });
  else if (known !== undefined) change.drop(known.oid);
}

function placeOf(change: SchemaChange, statement: CommentStmt): Place {
  const names = namesIn(statement.object);
  switch (statement.objtype) {
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_SEQUENCE':
      return relation(change, targetOf(names), statement.objtype);
    case 'OBJECT_INDEX': {
      const found = change.findIndex(targetOf(names));
      if (found !== undefined) return { classOid: ofRelations, objectOid: found.indexOid, subId: 0 };
      const other = change.findRelation(targetOf(names));
      if (other !== undefined) throw new SqlError(sqlstate.wrongObjectType, `"${other.name}" is not an index`);
      throw change.missingRelation(targetOf(names));
    }
    case 'OBJECT_COLUMN':
      return column(change, targetOf(names.slice(0, -1)), names[names.length - 1] ?? '');
    case 'OBJECT_TABCONSTRAINT':
      return constraint(change, targetOf(names.slice(0, -1)), names[names.length - 1] ?? '');
    case 'OBJECT_FUNCTION':
    case 'OBJECT_ROUTINE': {
      const object = statement.object !== undefined && 'ObjectWithArgs' in statement.object ? statement.object.ObjectWithArgs : {};
      const found = requireFunction(change, object);
      requireOwner(change.catalog, functionObject(found), change.ownerOid());
      return { classOid: classOids.pg_proc, objectOid: found.oid, subId: 0 };
    }
    case 'OBJECT_STATISTIC_EXT':
      return { classOid: commentClasses.pg_statistic_ext, objectOid: ownStatistics(change, names).oid, subId: 0 };
    case 'OBJECT_SCHEMA':
      return { classOid: ofSchemas, objectOid: change.schemaByName(names[0] ?? '').oid, subId: 0 };
    case 'OBJECT_ROLE': {
      const role = change.catalog.roleByName(names[0] ?? '');
      if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${names[0]}" does not exist`);
      return { classOid: ofRoles, objectOid: role.oid, subId: 0 };
    }
    case 'OBJECT_DOMAIN':
    case 'OBJECT_TYPE':
      return { classOid: ofTypes, objectOid: domainOf(change, names, statement.objtype).oid, subId: 0 };
    case 'OBJECT_DOMCONSTRAINT': {
      const domain = domainOf(change, namesIn(listIn(statement.object)[0]), 'OBJECT_TYPE');
      const [name = ''] = namesIn(listIn(statement.object)[1]);
      const check = domain.checks.find((entry) => entry.name === name);
      if (check !== undefined) return { classOid: ofConstraints, objectOid: check.constraintOid, subId: 0 };
      throw new SqlError(sqlstate.undefinedObject, `constraint "${name}" for domain ${describeDomain(change, domain)} does not exist`);
    }
    default:
      throw notSupported('unsupported object in COMMENT statement');
  }
}

function namesIn(node: Node | undefined): string[] {
  if (node === undefined) return [];
  if ('List' in node) return namesOf(node.List.items);
  if ('TypeName' in node) return namesOf(node.TypeName.names);
  return 'String' in node ? [node.String.sval ?? ''] : [];
}

const listIn = (node: Node | undefined): readonly Node[] => (node !== undefined && 'List' in node ? (node.List.items ?? []) : []);

/** No other type is anybody's to comment on: the built-in ones belong to the system. */
function domainOf(change: SchemaChange, names: readonly string[], type: 'OBJECT_DOMAIN' | 'OBJECT_TYPE'): DomainDescriptor {
  if (isBuiltInType(change, names)) {
    if (type === 'OBJECT_TYPE') throw mustBeOwner({ title: 'type', name: names[names.length - 1] });
    throw new SqlError(sqlstate.wrongObjectType, `"${names.join('.')}" is not a domain`);
  }
  const domain = requireDomain(change, names);
  if (domain === undefined) throw new InvariantError('a domain that may not be missing');
  return domain;
}

const kinds = { OBJECT_TABLE: 'table', OBJECT_VIEW: 'view', OBJECT_SEQUENCE: 'sequence' } as const;

function relation(change: SchemaChange, target: RangeVar, type: keyof typeof kinds): Place {
  const found = change.findRelation(target);
  if (found === undefined) throw change.missingRelation(target);
  if (found.kind === 'system') throw change.systemRelation(found.name);
  const wanted = kinds[type];
  if (found.kind !== wanted) throw new SqlError(sqlstate.wrongObjectType, `"${found.name}" is not a ${wanted}`);
  return { classOid: ofRelations, objectOid: found.oid, subId: 0 };
}

function column(change: SchemaChange, target: RangeVar, name: string): Place {
  const found = change.findRelation(target);
  if (found === undefined) throw change.missingRelation(target);
  if (found.kind === 'system') throw change.systemRelation(found.name);
  const at =
    found.kind === 'table'
      ? found.columns.findIndex((entry) => !entry.isDropped && entry.name === name)
      : found.kind === 'view'
        ? found.columns.findIndex((entry) => entry.name === name)
        : -1;
  if (at < 0) throw new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${found.name}" does not exist`);
  return { classOid: ofRelations, objectOid: found.oid, subId: at + 1 };
}

function constraint(change: SchemaChange, target: RangeVar, name: string): Place {
  const table = change.table(target);
  const found = table === undefined ? undefined : constraintsOf(table).find((entry) => entry.name === name);
  if (found === undefined)
    throw new SqlError(sqlstate.undefinedObject, `constraint "${name}" for table "${target.relname}" does not exist`);
  return { classOid: ofConstraints, objectOid: found.oid, subId: 0 };
}

function constraintsOf(table: TableDescriptor): readonly { readonly oid: number; readonly name: string }[] {
  const key = table.primaryKey;
  return [
    ...(key === undefined ? [] : [{ oid: key.constraintOid, name: key.name }]),
    ...table.indexes.flatMap((index) => (index.constraintOid === undefined ? [] : [{ oid: index.constraintOid, name: index.name }])),
    ...table.checks.map((check) => ({ oid: check.constraintOid, name: check.name })),
    ...table.foreignKeys.map((foreignKey) => ({ oid: foreignKey.constraintOid, name: foreignKey.name })),
  ];
}

/** Takes away the comments and access control lists of what the change has dropped: objects, and columns, indexes and constraints of tables. */
export function dropComments(change: SchemaChange): void {
  const attached = [...change.catalog.comments(), ...change.catalog.acls()];
  if (attached.length === 0) return;
  for (const [oid, after] of [...change.changes]) {
    const before: Descriptor | undefined =
      change.catalog.relationByOid(oid) ??
      change.catalog.schemaByOid(oid) ??
      change.catalog.functionByOid(oid) ??
      change.catalog.domainByOid(oid);
    if (before === undefined) continue;
    const left = placesOf(after);
    const gone = new Set(placesOf(before).filter((place) => !left.includes(place)));
    for (const entry of attached) if (gone.has(`${entry.objectOid}/${entry.subId}`)) change.drop(entry.oid);
  }
}

/** What of an object can have a comment. */
function placesOf(descriptor: Descriptor | undefined): readonly string[] {
  if (descriptor === undefined) return [];
  const own = `${descriptor.oid}/0`;
  if (descriptor.kind === 'view') return [own, ...descriptor.columns.map((_, at) => `${descriptor.oid}/${at + 1}`)];
  if (descriptor.kind === 'domain') return [own, ...descriptor.checks.map((check) => `${check.constraintOid}/0`)];
  if (descriptor.kind !== 'table') return [own];
  const key = descriptor.primaryKey;
  return [
    own,
    ...descriptor.columns.flatMap((entry) => (entry.isDropped ? [] : [`${descriptor.oid}/${entry.attributeNumber}`])),
    ...(key === undefined ? [] : [`${key.indexOid}/0`]),
    ...descriptor.indexes.map((index) => `${index.oid}/0`),
    ...constraintsOf(descriptor).map((entry) => `${entry.oid}/0`),
  ];
}
