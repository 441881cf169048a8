/** The objects that GRANT and REVOKE name, one by one or by schema. */
import type { GrantStmt, Node } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { findType } from '#sql/types/registry.ts';
import { classOids } from '../../catalog.ts';
import type { RelationDescriptor } from '../../descriptors.ts';
import { isSystemSchema } from '../../loaded-catalog.ts';
import { findTypeByText } from '../../name-lookup.ts';
import { bootstrapRoleOid } from '../../privileges/predefined-roles.ts';
import { roleOidOf } from '../../privileges/role-graph.ts';
import {
  databaseObject,
  functionObject,
  relationObject,
  requireSchemaUsage,
  type SecuredObject,
  schemaObject,
} from '../../privileges/secured-object.ts';
import { namesOf } from '../create-table.ts';
import { requireFunction } from '../function-names.ts';
import type { SchemaChange } from '../schema-change.ts';

export type GrantTarget = { readonly object: SecuredObject; readonly relation: RelationDescriptor | undefined };

export function grantTargets(change: SchemaChange, statement: GrantStmt): readonly GrantTarget[] {
  const { objtype = 'OBJECT_TABLE', objects = [] } = statement;
  if (statement.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') return objects.flatMap((node) => allInSchema(change, objtype, stringOf(node)));
  return objects.map((node) => namedTarget(change, objtype, node));
}

const stringOf = (node: Node): string => ('String' in node ? (node.String.sval ?? '') : '');

function namedTarget(change: SchemaChange, objtype: string, node: Node): GrantTarget {
  switch (objtype) {
    case 'OBJECT_TABLE':
    case 'OBJECT_SEQUENCE':
      return relationTarget(change, objtype, node);
    case 'OBJECT_SCHEMA': {
      const schema = change.schemaByName(stringOf(node));
      if (change.isDsql && (isSystemSchema(schema.oid) || schema.name === 'public'))
        throw notSupported('feature not supported on system entity');
      return { object: schemaObject(schema), relation: undefined };
    }
    case 'OBJECT_DATABASE': {
      const name = stringOf(node);
      if (name !== databaseObject.name) throw new SqlError(sqlstate.invalidCatalogName, `database "${name}" does not exist`);
      return { object: databaseObject, relation: undefined };
    }
    case 'OBJECT_FUNCTION':
    case 'OBJECT_ROUTINE': {
      const found = requireFunction(change, 'ObjectWithArgs' in node ? node.ObjectWithArgs : {});
      return { object: functionObject(found), relation: undefined };
    }
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
      return typeTarget(objtype, 'List' in node ? namesOf(node.List.items) : [stringOf(node)]);
    default:
      throw notSupported(`GRANT and REVOKE ON ${objtype.replace('OBJECT_', '').replaceAll('_', ' ')} are not supported`);
  }
}

function relationTarget(change: SchemaChange, objtype: string, node: Node): GrantTarget {
  const target = 'RangeVar' in node ? node.RangeVar : {};
  const relation = change.findRelation(target);
  if (relation === undefined) {
    if (change.findIndex(target) !== undefined) throw new SqlError(sqlstate.wrongObjectType, `"${target.relname}" is an index`);
    throw change.missingRelation(target);
  }
  if (relation.kind === 'system' && change.isDsql) throw notSupported('feature not supported on system entity');
  if (objtype === 'OBJECT_SEQUENCE' && relation.kind !== 'sequence')
    throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a sequence`);
  return { object: relationObject(relation), relation };
}

/** Built-in types are the bootstrap superuser's. */
function typeTarget(objtype: string, names: readonly string[]): GrantTarget {
  const name = names[names.length - 1] ?? '';
  const oid = findTypeByText(name);
  const type = oid === undefined ? undefined : findType(oid);
  if (oid === undefined || type === undefined) throw new SqlError(sqlstate.undefinedObject, `type "${names.join('.')}" does not exist`);
  if (objtype === 'OBJECT_DOMAIN') throw new SqlError(sqlstate.wrongObjectType, `"${name}" is not a domain`);
  if (type.category === 'A')
    throw new SqlError('0LP01', 'cannot set privileges of array types', { hint: 'Set the privileges of the element type instead.' });
  const object: SecuredObject = {
    kind: 'type',
    classOid: classOids.pg_type,
    oid,
    name: type.displayName,
    ownerOid: bootstrapRoleOid,
    title: 'type',
    isSystem: true,
  };
  return { object, relation: undefined };
}

function allInSchema(change: SchemaChange, objtype: string, name: string): readonly GrantTarget[] {
  const schema = change.schemaByName(name);
  requireSchemaUsage(change.catalog, schema, roleOidOf(change.catalog, change.host.user));
  if (objtype === 'OBJECT_FUNCTION' || objtype === 'OBJECT_ROUTINE')
    return change.catalog
      .functions()
      .filter((descriptor) => descriptor.schemaOid === schema.oid)
      .map((descriptor) => ({ object: functionObject(descriptor), relation: undefined }));
  if (objtype !== 'OBJECT_TABLE' && objtype !== 'OBJECT_SEQUENCE') return [];
  if (change.isDsql && isSystemSchema(schema.oid)) throw notSupported('feature not supported on system entity');
  return change.catalog
    .relations(schema.oid)
    .filter((relation) => (relation.kind === 'sequence') === (objtype === 'OBJECT_SEQUENCE'))
    .map((relation) => ({ object: relationObject(relation), relation }));
}
