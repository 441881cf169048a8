/**
 * Type names: from the tree's TypeName to a TypeRef. The grammar has already turned the standard's names (`integer`,
 * `timestamp with time zone`) into pg_catalog's.
 */
import type { Node, TypeName } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { defaultSettings } from '#sql/settings.ts';
import { type Remark, type TypeRef, typeRef } from '#sql/type.ts';
import { domainArrayOf } from '#sql/types/catalog-types.ts';
import { findType } from '#sql/types/registry.ts';
import type { PositionOf } from '../parser/parse.ts';
import type { FindCatalogType } from './catalog-type.ts';
import { arrayTypeOf, typeDisplayName, typeFactsByName } from './type-facts.ts';

export type TypeNameContext = {
  readonly positionOf: PositionOf;
  readonly remark?: Remark | undefined;
  /** Whether there is such a schema; undefined: nobody knows. */
  readonly hasSchema?: (name: string) => boolean;
  /** Domains and row types by name, where there is a catalog to look in. */
  readonly catalogType?: FindCatalogType;
};

/** Throws 42704 for a type that does not exist, 42601 for modifiers that it does not take. */
export function resolveTypeName(typeName: TypeName, context: TypeNameContext): TypeRef {
  const at = context.positionOf(typeName.location);
  if (typeName.pct_type) throw new SqlError(sqlstate.featureNotSupported, '%TYPE is not supported', { position: at });
  const names = partsOf(typeName);
  const name = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? names[names.length - 2] : undefined;
  const isBuiltIn = (schema === undefined || schema === 'pg_catalog') && typeFactsByName(name) !== undefined;
  const own = isBuiltIn ? undefined : context.catalogType?.(schema, name);
  if (own !== undefined) {
    if ((typeName.typmods?.length ?? 0) > 0)
      throw new SqlError(sqlstate.syntaxError, `type modifier is not allowed for type "${writtenName(typeName)}"`, { position: at });
    return (typeName.arrayBounds?.length ?? 0) === 0 ? own : arrayTypeOver(own);
  }
  const facts = isBuiltIn ? typeFactsByName(name) : undefined;
  if (schema !== undefined && context.hasSchema?.(schema) === false)
    throw new SqlError(sqlstate.invalidSchemaName, `schema "${schema}" does not exist`, { position: at });
  if (facts === undefined)
    throw new SqlError(sqlstate.undefinedObject, `type "${writtenName(typeName)}" does not exist`, {
      position: at,
    });
  const typmod = typmodOf(facts.oid, typeName, at, context.remark);
  if ((typeName.arrayBounds?.length ?? 0) === 0) return typeRef(facts.oid, typmod);
  // An array of an array type is that array type: dimensions are no part of a type.
  const array = facts.category === 'A' && facts.input === 'array_in' ? facts.oid : arrayTypeOf(facts.oid);
  if (array === 0)
    throw new SqlError(sqlstate.undefinedObject, `could not find array type for data type ${typeDisplayName(facts.oid)}`, { position: at });
  return typeRef(array, typmod);
}

/** Over a domain: the array over its base type that keeps to the domain. */
const arrayTypeOver = ({ oid: element, typmod, domain }: TypeRef): TypeRef =>
  domain === undefined ? typeRef(arrayTypeOf(element)) : { oid: arrayTypeOf(element), typmod, domain: domainArrayOf(domain) };

const partsOf = (typeName: TypeName): string[] => (typeName.names ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : ''));

const writtenName = (typeName: TypeName): string => partsOf(typeName).join('.') + ((typeName.arrayBounds?.length ?? 0) > 0 ? '[]' : '');

function typmodOf(typeOid: number, typeName: TypeName, at: number | undefined, remark: Remark | undefined): number {
  const written = typeName.typmods ?? [];
  if (written.length === 0) return typeName.typemod ?? -1;
  const typmodIn = findType(typeOid)?.typmodIn;
  if (typmodIn === undefined || typmodIn === null)
    throw new SqlError(sqlstate.syntaxError, `type modifier is not allowed for type "${writtenName(typeName)}"`, { position: at });
  const modifiers = written.map((node) => modifierOf(node, typeOid, at));
  try {
    return typmodIn(modifiers, remark);
  } catch (error) {
    throw error instanceof SqlError ? error.at(at) : error;
  }
}

function modifierOf(node: Node, typeOid: number, at: number | undefined): number {
  if ('A_Const' in node) {
    const constant = node.A_Const;
    if (constant.ival !== undefined) return constant.ival.ival ?? 0;
    const text = constant.fval?.fval ?? constant.sval?.sval;
    // As PostgreSQL reads it: through int4's input.
    if (text !== undefined) {
      const value = findType(oid.int4)?.input(text, -1, literalContext);
      if (typeof value === 'number') return value;
    }
  }
  const reason = typeOid === oid.interval ? 'invalid INTERVAL type modifier' : 'type modifiers must be simple constants or identifiers';
  throw new SqlError(sqlstate.syntaxError, reason, { position: at });
}

const literalContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
