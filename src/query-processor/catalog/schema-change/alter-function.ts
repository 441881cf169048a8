/**
 * DROP FUNCTION, and ALTER FUNCTION in all its forms.
 *
 * What names a function: views and bodies in SQL itself say so in their dependencies; defaults, checks and indexes are bound again to see.
 */
import type { AlterFunctionStmt, DropStmt, Node, ObjectWithArgs, RoleSpec } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { privilege } from '#sql/privilege.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { FunctionDescriptor, TableDescriptor } from '../descriptors.ts';
import { inputArguments } from '../function-proc.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { isSystemSchema } from '../loaded-catalog.ts';
import { functionObject, requireOwner, requirePrivileges, schemaObject } from '../privileges/secured-object.ts';
import { type Dependent, dependencyLine, dependentViews, stillNeeded, titled } from './dependents.ts';
import { describeFunction, findFunctionByName, functionsCalled, missingFunction, requireFunction } from './function-names.ts';
import { readOptions } from './function-options.ts';
import { ownerOf } from './move-object.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf, storedExpression } from './table-expressions.ts';

const withArgs = (node: Node | undefined): ObjectWithArgs => (node !== undefined && 'ObjectWithArgs' in node ? node.ObjectWithArgs : {});

const title = (change: SchemaChange, descriptor: FunctionDescriptor): string => `function ${describeFunction(change, descriptor)}`;

export function dropFunctions(change: SchemaChange, statement: DropStmt): void {
  const dropped: FunctionDescriptor[] = [];
  for (const object of statement.objects ?? []) {
    const found = findFunctionByName(change, withArgs(object));
    if (found === undefined) missingFunction(change, withArgs(object), statement.missing_ok === true);
    else if (!dropped.includes(found)) dropped.push(found);
  }
  for (const descriptor of dropped) requireOwner(change.catalog, functionObject(descriptor), change.ownerOid());
  const dependents = functionDependents(change, dropped);
  if (dependents.lines.length > 0 && statement.behavior !== 'DROP_CASCADE')
    throw stillNeeded(dropped.length === 1 ? title(change, dropped[0]) : 'desired object(s)', dependents.lines, dropped.length === 1);
  if (dependents.ofTables > 0)
    throw notSupported('DROP FUNCTION ... CASCADE is not supported while an expression of a table or domain calls the function');
  change.noticeCascade(dependents.dependents.map(({ view }) => titled(change, view)));
  for (const { oid } of [...dropped, ...dependents.dependents.map(({ view }) => view)]) change.drop(oid);
}

type Dependents = {
  readonly lines: readonly string[];
  readonly dependents: readonly Dependent[];
  /** How many of the lines are of expressions of tables and domains. */
  readonly ofTables: number;
};

/** What calls the functions, or reads what does, and stays when they go. */
export function functionDependents(change: SchemaChange, leaving: readonly FunctionDescriptor[], leavingSchema?: number): Dependents {
  const lines: string[] = [];
  let ofTables = 0;
  const follow = (on: FunctionDescriptor): void => {
    const target = title(change, on);
    for (const line of tableLines(change, on, target, leavingSchema)) {
      lines.push(line);
      ofTables++;
    }
  };
  for (const descriptor of leaving) follow(descriptor);
  const dependents = dependentViews(change, leaving).filter(({ view }) => view.schemaOid !== leavingSchema);
  for (const { view } of dependents) if (view.kind === 'function') follow(view);
  return { lines: [...lines, ...dependents.map((dependent) => dependencyLine(change, dependent))], dependents, ofTables };
}

/** Expressions of tables and domains that call it. */
function tableLines(change: SchemaChange, on: FunctionDescriptor, target: string, leavingSchema: number | undefined): readonly string[] {
  const lines: string[] = [];
  for (const table of change.catalog.tables()) {
    if (table.schemaOid === leavingSchema) continue;
    const calls = (text: string | undefined): boolean => text !== undefined && callsFunction(change, table, text, on);
    const name = change.describe(table);
    for (const column of table.columns)
      if (!column.isDropped && calls(column.defaultText))
        lines.push(
          column.generated === undefined
            ? `default value for column ${quoteIdentifier(column.name)} of table ${name} depends on ${target}`
            : `column ${quoteIdentifier(column.name)} of table ${name} depends on ${target}`,
        );
    for (const check of table.checks)
      if (calls(check.text)) lines.push(`constraint ${quoteIdentifier(check.name)} on table ${name} depends on ${target}`);
    for (const index of table.indexes)
      if (calls(index.predicateText) || index.keys.some((key) => calls(key.expressionText)))
        lines.push(`index ${quoteIdentifier(index.name)} depends on ${target}`);
  }
  for (const domain of change.catalog.domains())
    if ([domain.defaultText, ...domain.checks.map(({ text }) => text)].some((text) => text?.includes(callText(on))))
      lines.push(`type ${quoteIdentifier(domain.name)} depends on ${target}`);
  return lines;
}

const callText = ({ schemaName, name }: FunctionDescriptor): string => `${quoteIdentifier(schemaName)}.${quoteIdentifier(name)}(`;

function callsFunction(change: SchemaChange, table: TableDescriptor, text: string, on: FunctionDescriptor): boolean {
  if (!text.includes(callText(on))) return false;
  const bound = storedExpression(environmentOf(change), table, text, undefined, true);
  return someExpression(bound, (part) => part.kind === 'function' && part.function === on.oid);
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
  if (tableLines(change, descriptor, '', undefined).length > 0)
    throw notSupported(
      `another name for the function ${descriptor.name}, which an expression of a table or domain calls, is not supported`,
    );
}
