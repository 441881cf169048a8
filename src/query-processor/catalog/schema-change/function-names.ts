/** Functions by name and argument types, as DROP, ALTER, GRANT and COMMENT name them. */
import type { ObjectWithArgs, TypeName } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { TypeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import { resolveTypeName } from '../../analyzer/type-name.ts';
import type { FunctionDescriptor } from '../descriptors.ts';
import { inputArguments } from '../function-proc.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { searchSchemas } from '../name-lookup.ts';
import { namesOf } from './create-table.ts';
import type { SchemaChange } from './schema-change.ts';

/** Those of one name in one schema. */
export const functionsCalled = (change: SchemaChange, schemaOid: number, name: string): readonly FunctionDescriptor[] =>
  change.catalog.functionsNamed(name).filter((descriptor) => descriptor.schemaOid === schemaOid);

const sameTypes = (descriptor: FunctionDescriptor, types: readonly TypeRef[]): boolean => {
  const inputs = inputArguments(descriptor);
  return inputs.length === types.length && inputs.every(({ type }, at) => type.oid === types[at].oid && type.domain === types[at].domain);
};

/** The function that is meant; undefined where there is none. Throws 42725 where the name alone means several. */
export function findFunctionByName(change: SchemaChange, object: ObjectWithArgs): FunctionDescriptor | undefined {
  const names = namesOf(object.objname);
  const name = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? '') : undefined;
  const schemas =
    schema === undefined
      ? searchSchemas(change.catalog, change.host.settings.searchPath, change.host.user)
      : [change.schemaByName(schema).oid];
  const seen = schemas.flatMap((schemaOid) => functionsCalled(change, schemaOid, name));
  if (object.args_unspecified === true) {
    if (seen.length > 1)
      throw new SqlError(sqlstate.ambiguousFunction, `function name "${names.join('.')}" is not unique`, {
        hint: 'Specify the argument list to select the function unambiguously.',
      });
    return seen[0];
  }
  const types = (object.objargs ?? []).map((node) => argumentType(change, 'TypeName' in node ? node.TypeName : {}));
  return seen.find((descriptor) => sameTypes(descriptor, types));
}

const argumentType = (change: SchemaChange, typeName: TypeName): TypeRef => resolveTypeName(typeName, change);

const writtenName = (typeName: TypeName): string =>
  namesOf(typeName.names).join('.') + ((typeName.arrayBounds?.length ?? 0) > 0 ? '[]' : '');

/** 42883, or what IF EXISTS says instead. */
export function missingFunction(change: SchemaChange, object: ObjectWithArgs, isMissingOk: boolean): void {
  const name = namesOf(object.objname).join('.');
  if (object.args_unspecified === true) {
    if (!isMissingOk) throw new SqlError(sqlstate.undefinedFunction, `could not find a function named "${name}"`);
    change.notice(`function ${name}() does not exist, skipping`);
    return;
  }
  const written = (object.objargs ?? []).flatMap((node) => ('TypeName' in node ? [node.TypeName] : []));
  const types = isMissingOk ? written.map(writtenName) : written.map((typeName) => formatType(argumentType(change, typeName)));
  if (!isMissingOk) throw new SqlError(sqlstate.undefinedFunction, `function ${name}(${types.join(', ')}) does not exist`);
  change.notice(`function ${name}(${types.join(',')}) does not exist, skipping`);
}

export function requireFunction(change: SchemaChange, object: ObjectWithArgs): FunctionDescriptor {
  const found = findFunctionByName(change, object);
  if (found === undefined) missingFunction(change, object, false);
  if (found === undefined) throw new SqlError(sqlstate.undefinedFunction, 'function does not exist');
  return found;
}

/** As messages name it: with its input types, qualified where the search path does not find it. */
export function describeFunction(change: SchemaChange, descriptor: FunctionDescriptor): string {
  const types = inputArguments(descriptor).map(({ type }) => {
    const domain = type.domain === undefined ? undefined : change.catalog.domainByOid(type.domain);
    return domain === undefined ? formatType(type) : quoteIdentifier(domain.name);
  });
  const path = searchSchemas(change.catalog, change.host.settings.searchPath, change.host.user);
  const name = quoteIdentifier(descriptor.name);
  const isVisible = path.includes(descriptor.schemaOid);
  return `${isVisible ? name : `${quoteIdentifier(descriptor.schemaName)}.${name}`}(${types.join(',')})`;
}
