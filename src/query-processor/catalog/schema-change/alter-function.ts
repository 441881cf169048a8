/**
 * DROP FUNCTION, and ALTER FUNCTION in all its forms.
 *
 * What names a function: views and bodies in SQL itself say so in their dependencies; expressions of tables are bound again to see.
 */
import type { AlterFunctionStmt, DropStmt, Node, ObjectWithArgs, RoleSpec } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { privilege } from '#sql/privilege.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { FunctionDescriptor } from '../descriptors.ts';
import { inputArguments } from '../function-proc.ts';
import { isSystemSchema } from '../loaded-catalog.ts';
import { functionObject, requireOwner, requirePrivileges, schemaObject } from '../privileges/secured-object.ts';
import type { AlteredTable } from './alter-table.ts';
import { expressionsCalling } from './dependent-objects.ts';
import { dropWithDependents } from './drop-dependents.ts';
import { describeFunction, findFunctionByName, functionsCalled, missingFunction, requireFunction } from './function-names.ts';
import { readOptions } from './function-options.ts';
import { ownerOf } from './move-object.ts';
import type { SchemaChange } from './schema-change.ts';

const withArgs = (node: Node | undefined): ObjectWithArgs => (node !== undefined && 'ObjectWithArgs' in node ? node.ObjectWithArgs : {});

export function dropFunctions(change: SchemaChange, statement: DropStmt): readonly AlteredTable[] {
  const dropped: FunctionDescriptor[] = [];
  for (const object of statement.objects ?? []) {
    const found = findFunctionByName(change, withArgs(object));
    if (found === undefined) missingFunction(change, withArgs(object), statement.missing_ok === true);
    else if (!dropped.includes(found)) dropped.push(found);
  }
  for (const descriptor of dropped) requireOwner(change.catalog, functionObject(descriptor), change.ownerOid());
  return dropWithDependents(change, dropped, statement.behavior);
}

/** ALTER FUNCTION f(...) STABLE and the like. */
export function alterFunction(change: SchemaChange, statement: AlterFunctionStmt): void {
  const descriptor = ownFunction(change, statement.func ?? {});
  const { options } = readOptions(change, statement.actions ?? [], descriptor.settings);
  if (options.isLeakproof === true && !change.catalog.roleGraph.isSuperuser(change.ownerOid()))
    throw new SqlError(sqlstate.insufficientPrivilege, 'only superuser can define a leakproof function');
  if (options.rows !== undefined && !descriptor.returnsSet)
    throw new SqlError(sqlstate.invalidParameterValue, 'ROWS is not applicable when function does not return a set');
  change.put({ ...descriptor, ...options });
}

function ownFunction(change: SchemaChange, object: ObjectWithArgs): FunctionDescriptor {
  const descriptor = requireFunction(change, object);
  requireOwner(change.catalog, functionObject(descriptor), change.ownerOid());
  return descriptor;
}

export function renameFunction(change: SchemaChange, object: Node | undefined, newName: string): void {
  const descriptor = ownFunction(change, withArgs(object));
  refuseTaken(change, descriptor, descriptor.schemaOid, descriptor.schemaName, newName);
  requireUnnamed(change, descriptor);
  change.put({ ...descriptor, name: newName });
}

export function moveFunction(change: SchemaChange, object: Node | undefined, schemaName: string): void {
  const descriptor = ownFunction(change, withArgs(object));
  const schema = change.schemaByName(schemaName);
  if (isSystemSchema(schema.oid)) throw change.systemRelation(schema.name);
  if (schema.oid === firstTemporaryOid) throw notSupported('cannot move objects into or out of temporary schemas');
  requirePrivileges(change.catalog, schemaObject(schema), change.ownerOid(), privilege.create);
  if (schema.oid === descriptor.schemaOid) return;
  refuseTaken(change, descriptor, schema.oid, schema.name, descriptor.name);
  requireUnnamed(change, descriptor);
  change.put({ ...descriptor, schemaOid: schema.oid, schemaName: schema.name });
}

export function setFunctionOwner(change: SchemaChange, object: Node | undefined, owner: RoleSpec | undefined): void {
  const descriptor = ownFunction(change, withArgs(object));
  change.put({ ...descriptor, ownerOid: ownerOf(change, owner) });
}

function refuseTaken(change: SchemaChange, descriptor: FunctionDescriptor, schemaOid: number, schemaName: string, name: string): void {
  const own = inputArguments(descriptor).map(({ type }) => type);
  const isTaken = functionsCalled(change, schemaOid, name).some((other) => {
    const types = inputArguments(other).map(({ type }) => type);
    return types.length === own.length && types.every((type, at) => type.oid === own[at].oid && type.domain === own[at].domain);
  });
  if (!isTaken) return;
  const described = describeFunction(change, { ...descriptor, name });
  throw new SqlError(sqlstate.duplicateFunction, `function ${described} already exists in schema "${schemaName}"`);
}

/** Views and bodies are printed anew (dependents.ts); texts of tables and domains are not. */
function requireUnnamed(change: SchemaChange, descriptor: FunctionDescriptor): void {
  if (expressionsCalling(change, descriptor).length > 0)
    throw notSupported(
      `another name for the function ${descriptor.name}, which an expression of a table or domain calls, is not supported`,
    );
}
