/**
 * Permissions of schema changes: asked once, before a statement does anything, over what it names.
 *
 *   W1  Only an owner (or who has an owner's privileges) alters or drops an object; a schema's owner may drop what is in it.
 *   W2  Who makes an object needs CREATE on its schema, and who gives one away must be able to be its new owner.
 *   W3  What does not exist is not refused here: the statement itself says so, in its own words.
 */
import type { AlterTableStmt, ColumnDef, Constraint, CreateStmt, DropStmt, Node, RangeVar, RoleSpec } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { privilege } from '#sql/privilege.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { RelationDescriptor, SchemaDescriptor, TableDescriptor } from '../descriptors.ts';
import { isSystemSchema } from '../loaded-catalog.ts';
import {
  columnPrivilegesOn,
  databaseObject,
  mustBeOwner,
  ownsObject,
  permissionDenied,
  privilegesOn,
  relationObject,
  requireOwner,
  requirePrivileges,
  schemaObject,
} from '../privileges/secured-object.ts';
import { namesOf } from './create-table.ts';
import { targetOf } from './drop-relation.ts';
import { roleOf } from './roles/role-names.ts';
import type { SchemaChange } from './schema-change.ts';

export function requirePermissions(change: SchemaChange, node: Node): void {
  const { catalog } = change;
  if (catalog.roleGraph.isSuperuser(change.ownerOid())) return;
  if ('CreateStmt' in node) createTable(change, node.CreateStmt);
  else if ('CreateSchemaStmt' in node) {
    requirePrivileges(catalog, databaseObject, change.ownerOid(), privilege.create);
    if (node.CreateSchemaStmt.authrole !== undefined) requireSetRole(change, node.CreateSchemaStmt.authrole);
  } else if ('IndexStmt' in node) ownRelation(change, node.IndexStmt.relation);
  else if ('AlterTableStmt' in node) alterTable(change, node.AlterTableStmt);
  else if ('RenameStmt' in node) {
    const { renameType, relation, subname } = node.RenameStmt;
    if (renameType === 'OBJECT_SCHEMA') {
      ownSchema(change, catalog.schemaByName(subname ?? ''));
      requirePrivileges(catalog, databaseObject, change.ownerOid(), privilege.create);
    } else if (relation !== undefined) renameRelation(change, relation, renameType);
  } else if ('TruncateStmt' in node) {
    for (const item of node.TruncateStmt.relations ?? []) if ('RangeVar' in item) truncate(change, item.RangeVar);
  } else if ('DropStmt' in node) drop(change, node.DropStmt);
  else if ('AlterSeqStmt' in node) ownRelation(change, node.AlterSeqStmt.sequence);
  else if ('AlterObjectSchemaStmt' in node) {
    const { relation, newschema } = node.AlterObjectSchemaStmt;
    ownRelation(change, relation);
    requireCreate(change, catalog.schemaByName(newschema ?? ''), change.ownerOid());
  } else if ('AlterOwnerStmt' in node) {
    const { objectType, object, newowner } = node.AlterOwnerStmt;
    if (objectType === 'OBJECT_SCHEMA' && object !== undefined && 'String' in object) {
      ownSchema(change, catalog.schemaByName(object.String.sval ?? ''));
      requireSetRole(change, newowner);
      requirePrivileges(catalog, databaseObject, change.ownerOid(), privilege.create);
    }
  } else if ('ViewStmt' in node && node.ViewStmt.replace === true) replaceView(change, node.ViewStmt.view);
  else if ('CommentStmt' in node) comment(change, node.CommentStmt.objtype, node.CommentStmt.object);
}

const isOwner = (change: SchemaChange, object: { readonly ownerOid: number }): boolean =>
  ownsObject(change.catalog.roleGraph, change.ownerOid(), object);

/** What the system has made is refused in words of its own. */
const isOrdinary = (relation: RelationDescriptor | undefined): relation is RelationDescriptor =>
  relation !== undefined && relation.kind !== 'system' && relation.oid < firstTemporaryOid;

function ownRelation(change: SchemaChange, target: RangeVar | undefined): void {
  if (target === undefined) return;
  const relation = change.findRelation(target);
  if (isOrdinary(relation)) requireOwner(change.catalog, relationObject(relation), change.ownerOid());
  if (relation === undefined) ownIndex(change, target);
}

function ownIndex(change: SchemaChange, target: RangeVar): void {
  const found = change.findIndex(target);
  if (found !== undefined && !isOwner(change, found.table)) throw mustBeOwner({ title: 'index', name: target.relname ?? '' });
}

function ownSchema(change: SchemaChange, schema: SchemaDescriptor | undefined): void {
  if (schema !== undefined && !isSystemSchema(schema.oid)) requireOwner(change.catalog, schemaObject(schema), change.ownerOid());
}

function requireCreate(change: SchemaChange, schema: SchemaDescriptor | undefined, roleOid: number): void {
  if (schema !== undefined && !isSystemSchema(schema.oid) && schema.oid !== firstTemporaryOid)
    requirePrivileges(change.catalog, schemaObject(schema), roleOid, privilege.create);
}

/** Whoever gives an object away must be able to act as its new owner. */
export function requireSetRole(change: SchemaChange, spec: RoleSpec | undefined): number {
  const role = roleOf(change, spec);
  if (!change.catalog.roleGraph.canSetRole(change.ownerOid(), role.oid))
    throw new SqlError(sqlstate.insufficientPrivilege, `must be able to SET ROLE "${role.name}"`);
  return role.oid;
}

function createTable(change: SchemaChange, statement: CreateStmt): void {
  for (const element of statement.tableElts ?? []) {
    if ('TableLikeClause' in element) likeSource(change, element.TableLikeClause.relation);
    else if ('ColumnDef' in element) columnReferences(change, element.ColumnDef);
    else if ('Constraint' in element) reference(change, element.Constraint);
  }
}

function likeSource(change: SchemaChange, target: RangeVar | undefined): void {
  const relation = target === undefined ? undefined : change.findRelation(target);
  if (relation !== undefined) requirePrivileges(change.catalog, relationObject(relation), change.ownerOid(), privilege.select);
}

const columnReferences = (change: SchemaChange, { constraints = [] }: ColumnDef): void => {
  for (const item of constraints) if ('Constraint' in item) reference(change, item.Constraint);
};

/** A foreign key tells something of its parent, and keeps its rows from going. */
function reference(change: SchemaChange, constraint: Constraint): void {
  if (constraint.contype !== 'CONSTR_FOREIGN' || constraint.pktable === undefined) return;
  const parent = change.findRelation(constraint.pktable);
  if (parent?.kind !== 'table') return;
  const object = relationObject(parent);
  const roleOid = change.ownerOid();
  if ((privilegesOn(change.catalog, object, roleOid) & privilege.references) !== 0) return;
  const columns = referredColumns(parent, namesOf(constraint.pk_attrs));
  const may = (attributeNumber: number): boolean =>
    (columnPrivilegesOn(change.catalog, parent.oid, attributeNumber, roleOid) & privilege.references) !== 0;
  if (columns.length === 0 || !columns.every(may)) throw permissionDenied(object);
}

function referredColumns(parent: TableDescriptor, names: readonly string[]): readonly number[] {
  if (names.length === 0) return parent.primaryKey?.attributeNumbers ?? [];
  return names.flatMap((name) => parent.columns.find((column) => !column.isDropped && column.name === name)?.attributeNumber ?? []);
}

function alterTable(change: SchemaChange, statement: AlterTableStmt): void {
  ownRelation(change, statement.relation);
  for (const item of statement.cmds ?? []) {
    if (!('AlterTableCmd' in item)) continue;
    const { def, newowner, subtype } = item.AlterTableCmd;
    if (subtype === 'AT_ChangeOwner') changeOwner(change, statement.relation, newowner);
    if (def === undefined) continue;
    if ('Constraint' in def) reference(change, def.Constraint);
    else if ('ColumnDef' in def) columnReferences(change, def.ColumnDef);
  }
}

function changeOwner(change: SchemaChange, target: RangeVar | undefined, newOwner: RoleSpec | undefined): void {
  const relation = target === undefined ? undefined : change.findRelation(target);
  if (!isOrdinary(relation)) return;
  const owner = roleOf(change, newOwner);
  if (owner.oid === relation.ownerOid) return;
  requireSetRole(change, newOwner);
  requireCreate(change, change.catalog.schemaByOid(relation.schemaOid), owner.oid);
}

function replaceView(change: SchemaChange, target: RangeVar | undefined): void {
  const relation = target === undefined ? undefined : change.findRelation(target);
  if (!isOrdinary(relation)) return;
  requireCreate(change, change.catalog.schemaByOid(relation.schemaOid), change.ownerOid());
  requireOwner(change.catalog, relationObject(relation), change.ownerOid());
}

function renameRelation(change: SchemaChange, target: RangeVar, renameType: string | undefined): void {
  ownRelation(change, target);
  if (renameType === 'OBJECT_COLUMN' || renameType === 'OBJECT_TABCONSTRAINT') return;
  const relation = change.findRelation(target);
  if (isOrdinary(relation)) requireCreate(change, change.catalog.schemaByOid(relation.schemaOid), change.ownerOid());
}

function truncate(change: SchemaChange, target: RangeVar): void {
  const relation = change.findRelation(target);
  if (isOrdinary(relation)) requireTruncate(change, relation);
}

export function requireTruncate(change: SchemaChange, relation: RelationDescriptor): void {
  if (relation.oid < firstTemporaryOid) requirePrivileges(change.catalog, relationObject(relation), change.ownerOid(), privilege.truncate);
}

function drop(change: SchemaChange, statement: DropStmt): void {
  for (const object of statement.objects ?? []) {
    const names = 'List' in object ? namesOf(object.List.items) : 'String' in object ? [object.String.sval ?? ''] : [];
    switch (statement.removeType) {
      case 'OBJECT_SCHEMA':
        ownSchema(change, change.catalog.schemaByName(names[0] ?? ''));
        break;
      case 'OBJECT_INDEX': {
        const found = change.findIndex(targetOf(names));
        if (found !== undefined && !isOwner(change, found.table) && !ownsSchemaOf(change, found.table))
          throw mustBeOwner({ title: 'index', name: names[names.length - 1] ?? '' });
        break;
      }
      case 'OBJECT_TABLE':
      case 'OBJECT_VIEW':
      case 'OBJECT_SEQUENCE': {
        const relation = change.findRelation(targetOf(names));
        if (isOrdinary(relation) && !isOwner(change, relation) && !ownsSchemaOf(change, relation))
          throw mustBeOwner(relationObject(relation));
        break;
      }
      default:
        break;
    }
  }
}

function ownsSchemaOf(change: SchemaChange, relation: RelationDescriptor): boolean {
  const schema = change.catalog.schemaByOid(relation.schemaOid);
  return schema !== undefined && isOwner(change, schema);
}

function comment(change: SchemaChange, objtype: string | undefined, object: Node | undefined): void {
  const names =
    object === undefined ? [] : 'List' in object ? namesOf(object.List.items) : 'String' in object ? [object.String.sval ?? ''] : [];
  switch (objtype) {
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_INDEX':
      ownRelation(change, targetOf(names));
      break;
    case 'OBJECT_COLUMN':
    case 'OBJECT_TABCONSTRAINT': {
      const relation = change.findRelation(targetOf(names.slice(0, -1)));
      if (isOrdinary(relation) && !isOwner(change, relation)) throw mustBeOwner({ title: 'relation', name: relation.name });
      break;
    }
    case 'OBJECT_SCHEMA':
      ownSchema(change, change.catalog.schemaByName(names[0] ?? ''));
      break;
    case 'OBJECT_ROLE':
      commentOnRole(change, names[0] ?? '');
      break;
    default:
      break;
  }
}

function commentOnRole(change: SchemaChange, name: string): void {
  const role = change.catalog.roleByName(name);
  if (role === undefined) return;
  const current = change.catalog.roleByName(change.host.user);
  if (current?.createsRoles !== true || !change.catalog.roleGraph.isAdminOf(current.oid, role.oid))
    throw new SqlError(sqlstate.insufficientPrivilege, 'permission denied', {
      detail: `The current user must have the ADMIN option on role "${name}".`,
    });
}
