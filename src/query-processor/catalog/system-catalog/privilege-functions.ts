/**
 * has_table_privilege() and its kin: what a role may do with an object. Each has forms with and without the role, which may be given by name
 * or oid as the object may; several privileges may be asked for at once, and one of them is enough.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { allPrivileges, type ObjectKind, privilege, privilegeByName, publicPrivileges } from '#sql/privilege.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { RelationDescriptor } from '../descriptors.ts';
import { publicGrantee } from '../privileges/acl.ts';
import { roleOidOf } from '../privileges/role-graph.ts';
import {
  columnAcl,
  columnPrivilegesOn,
  databaseObject,
  functionObject,
  grantOptionsOn,
  privilegesOn,
  relationObject,
  type SecuredObject,
  schemaObject,
} from '../privileges/secured-object.ts';
import type { CatalogFunctionContext } from './catalog-functions.ts';

type PrivilegeFunction = (args: readonly Datum[], context: CatalogFunctionContext) => Datum;
type Asked = { readonly bit: number; readonly withGrantOption: boolean };

/** The role that a name or an oid means; the name public is everybody. */
function roleOf(value: Datum, { catalog }: CatalogFunctionContext): number {
  if (typeof value !== 'string') return Number(value);
  if (value === 'public') return publicGrantee;
  const role = catalog.roleByName(value);
  if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${value}" does not exist`);
  return role.oid;
}

function askedOf(text: string, allowed: number): readonly Asked[] {
  return text.split(',').map((part) => {
    const written = part.trim();
    const match = /^(.*?)(\s+with\s+grant\s+option)?$/i.exec(written);
    const bit = privilegeByName(match?.[1] ?? '');
    if (bit === undefined || (bit & allowed) === 0)
      throw new SqlError(sqlstate.invalidParameterValue, `unrecognized privilege type: "${written}"`);
    return { bit, withGrantOption: match?.[2] !== undefined };
  });
}

const hasOne = (asked: readonly Asked[], privileges: number, grantOptions: () => number): boolean =>
  asked.some(({ bit, withGrantOption }) => ((withGrantOption ? grantOptions() : privileges) & bit) !== 0);

/** [role,] object, privileges. `objectOf` gives undefined for an oid that means nothing: then the answer is NULL. */
function onObject(
  kind: ObjectKind,
  objectOf: (value: Datum, context: CatalogFunctionContext) => SecuredObject | undefined,
): PrivilegeFunction {
  return (args, context) => {
    const roleOid = args.length === 3 ? roleOf(args[0], context) : roleOidOf(context.catalog, context.user);
    const [object, text] = args.slice(-2);
    const secured = objectOf(object, context);
    const asked = askedOf(String(text), allPrivileges[kind]);
    if (secured === undefined) return null;
    return hasOne(asked, privilegesOn(context.catalog, secured, roleOid), () => grantOptionsOn(context.catalog, secured, roleOid));
  };
}

function relationOf(value: Datum, { catalog, names }: CatalogFunctionContext): RelationDescriptor | undefined {
  const oid = typeof value === 'string' ? names.oidOf('class', value) : Number(value);
  const relation = catalog.relationByOid(oid);
  if (relation !== undefined) return relation;
  const index = catalog.indexByOid(oid);
  return index === undefined ? undefined : catalog.relationByOid(index.tableOid);
}

function sequenceOf(value: Datum, context: CatalogFunctionContext): SecuredObject | undefined {
  const relation = relationOf(value, context);
  if (relation !== undefined && relation.kind !== 'sequence')
    throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a sequence`);
  return relation === undefined ? undefined : relationObject(relation);
}

function schemaOf(value: Datum, { catalog }: CatalogFunctionContext): SecuredObject | undefined {
  const schema = typeof value === 'string' ? catalog.schemaByName(value) : catalog.schemaByOid(Number(value));
  if (schema === undefined && typeof value === 'string') throw new SqlError(sqlstate.invalidSchemaName, `schema "${value}" does not exist`);
  return schema === undefined ? undefined : schemaObject(schema);
}

function databaseOf(value: Datum): SecuredObject | undefined {
  if (value === databaseObject.name || Number(value) === databaseObject.oid) return databaseObject;
  if (typeof value === 'string') throw new SqlError(sqlstate.invalidCatalogName, `database "${value}" does not exist`);
  return undefined;
}

function attributeNumber(relation: RelationDescriptor, value: Datum): number | undefined {
  if (relation.kind === 'sequence') return undefined;
  const columns = relation.columns;
  if (typeof value !== 'string') {
    const column = columns[Number(value) - 1];
    return column === undefined || ('isDropped' in column && column.isDropped) ? undefined : Number(value);
  }
  const at = columns.findIndex((column) => column.name === value && !('isDropped' in column && column.isDropped));
  if (at >= 0) return at + 1;
  throw new SqlError(sqlstate.undefinedColumn, `column "${value}" of relation "${relation.name}" does not exist`);
}

/** [role,] table, column, privileges. */
const columnPrivilege: PrivilegeFunction = (args, context) => {
  const { catalog } = context;
  const roleOid = args.length === 4 ? roleOf(args[0], context) : roleOidOf(catalog, context.user);
  const [table, column, text] = args.slice(-3);
  const relation = relationOf(table, context);
  const asked = askedOf(String(text), allPrivileges.column);
  if (relation === undefined) return null;
  const number = attributeNumber(relation, column);
  if (number === undefined) return null;
  const object = relationObject(relation);
  return hasOne(
    asked,
    privilegesOn(catalog, object, roleOid) | columnPrivilegesOn(catalog, relation.oid, number, roleOid),
    () => grantOptionsOn(catalog, object, roleOid) | grantOptionsOn(catalog, object, roleOid, columnAcl(catalog, relation.oid, number)),
  );
};

const anyColumnPrivilege: PrivilegeFunction = (args, context) => {
  const { catalog } = context;
  const roleOid = args.length === 3 ? roleOf(args[0], context) : roleOidOf(catalog, context.user);
  const [table, text] = args.slice(-2);
  const relation = relationOf(table, context);
  const asked = askedOf(String(text), allPrivileges.column);
  if (relation === undefined) return null;
  const object = relationObject(relation);
  let privileges = privilegesOn(catalog, object, roleOid);
  let options = grantOptionsOn(catalog, object, roleOid);
  if (relation.kind !== 'sequence')
    for (let number = 1; number <= relation.columns.length; number++) {
      privileges |= columnPrivilegesOn(catalog, relation.oid, number, roleOid);
      options |= grantOptionsOn(catalog, object, roleOid, columnAcl(catalog, relation.oid, number));
    }
  return hasOne(asked, privileges, () => options);
};

/** Of objects that nothing can be granted on: what everybody has of their kind. */
const fixed =
  (kind: ObjectKind, exists: (value: Datum, context: CatalogFunctionContext) => boolean = () => true): PrivilegeFunction =>
  (args, context) => {
    const roleOid = args.length === 3 ? roleOf(args[0], context) : roleOidOf(context.catalog, context.user);
    const [object, text] = args.slice(-2);
    const asked = askedOf(String(text), allPrivileges[kind]);
    if (!exists(object, context)) return null;
    const isSuperuser = context.catalog.roleGraph.isSuperuser(roleOid);
    return hasOne(asked, isSuperuser ? allPrivileges[kind] : publicPrivileges[kind], () => (isSuperuser ? allPrivileges[kind] : 0));
  };

/** A user's function has a list of its own; of a built-in one everybody has what its kind gives. */
const functionPrivilege: PrivilegeFunction = (args, context) => {
  const at = args.length - 2;
  const asked = args[at];
  const procOid = typeof asked === 'string' ? context.names.oidOf('procedure', asked) : Number(asked);
  const own = context.catalog.functionByOid(procOid);
  const answer = own === undefined ? fixed('function') : onObject('function', () => functionObject(own));
  return answer(args, context);
};

const typeExists = (value: Datum, { names }: CatalogFunctionContext): boolean => {
  typeByOid(typeof value === 'string' ? names.oidOf('type', value) : Number(value));
  return true;
};

/** [role,] role, privileges: MEMBER, USAGE, SET. */
const roleMembership: PrivilegeFunction = (args, context) => {
  const { roleGraph } = context.catalog;
  const roleOid = args.length === 3 ? roleOf(args[0], context) : roleOidOf(context.catalog, context.user);
  const [other, text] = args.slice(-2);
  const otherOid = roleOf(other, context);
  return String(text)
    .split(',')
    .some((part) => {
      const written = part.trim();
      const match = /^(member|usage|set)(\s+with\s+(?:grant|admin)\s+option)?$/i.exec(written);
      if (match === null) throw new SqlError(sqlstate.invalidParameterValue, `unrecognized privilege type: "${written}"`);
      if (match[2] !== undefined) return roleGraph.isAdminOf(roleOid, otherOid);
      switch (match[1].toLowerCase()) {
        case 'usage':
          return roleGraph.hasPrivilegesOf(roleOid, otherOid);
        case 'set':
          return roleGraph.canSetRole(roleOid, otherOid);
        default:
          return roleGraph.isMemberOf(roleOid, otherOid);
      }
    });
};

export const privilegeFunctions: Readonly<Record<string, PrivilegeFunction>> = {
  has_table_privilege: onObject('table', (value, context) => {
    const relation = relationOf(value, context);
    return relation === undefined ? undefined : relationObject(relation);
  }),
  has_any_column_privilege: anyColumnPrivilege,
  has_column_privilege: columnPrivilege,
  has_sequence_privilege: onObject('sequence', sequenceOf),
  has_schema_privilege: onObject('schema', schemaOf),
  has_database_privilege: onObject('database', databaseOf),
  has_function_privilege: functionPrivilege,
  has_type_privilege: fixed('type', typeExists),
  has_language_privilege: fixed('language'),
  has_tablespace_privilege: fixed('tablespace'),
  has_foreign_data_wrapper_privilege: fixed('language'),
  has_server_privilege: fixed('language'),
  has_parameter_privilege: (args, context) => {
    const roleOid = args.length === 3 ? roleOf(args[0], context) : roleOidOf(context.catalog, context.user);
    const [, text] = args.slice(-2);
    askedOf(String(text), privilege.set | privilege.alterSystem);
    return context.catalog.roleGraph.isSuperuser(roleOid);
  },
  pg_has_role: roleMembership,
};
