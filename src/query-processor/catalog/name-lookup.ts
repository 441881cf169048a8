/**
 * Name look-up by search path: what an unqualified name means, whether an object is visible under its bare name, and the names that
 * the reg* types read and print.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { operatorByOid, operatorsByName, procByOid, procsByName } from '#sql/builtins.ts';
import { pgTypes } from '#sql/postgres/pg-type.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { type NameLookup, type RegKind, type Remark, type TypeRef, typeRef } from '#sql/type.ts';
import { domainOfArray, elementOfRowArray } from '#sql/types/catalog-types.ts';
import { displayNameOf, pgTypeByOid } from '#sql/types/format-type.ts';
import { formatType } from '#sql/types/registry.ts';
import { firstTypeIn, rowTypeRelation, rowTypeShape } from '../analyzer/catalog-type.ts';
import { resolveTypeName } from '../analyzer/type-name.ts';
import { parseTypeText } from '../parser/type-text.ts';
import type { Catalog } from './catalog.ts';
import { pgCatalogOid } from './catalog.ts';
import type { RelationDescriptor } from './descriptors.ts';
import { inputArguments, type Proc, procOf } from './function-proc.ts';
import { quoteIdentifier, splitQualifiedName } from './identifiers.ts';
import { roleOidOf } from './privileges/role-graph.ts';
import { maySeeSchema } from './privileges/secured-object.ts';

/** A type's name where no modifier is meant at all: `character`, while formatType would say `bpchar`. */
export function typeText(oid: number): string {
  const type = pgTypeByOid(oid);
  return type === undefined ? '???' : displayNameOf(type);
}

/** What a session calls the schema of its temporary objects, whatever its name. */
export const temporaryAlias = 'pg_temp';

/** Schemas of the search path that exist and that the user may use, in order; temporary objects and pg_catalog first unless the path names them. */
export function searchSchemas(catalog: Catalog, searchPath: readonly string[], user: string): readonly number[] {
  const oids: number[] = [];
  const roleOid = roleOidOf(catalog, user);
  for (const name of searchPath) {
    const schema = catalog.schemaByName(name === '$user' ? user : name);
    if (schema !== undefined && !oids.includes(schema.oid) && maySeeSchema(catalog, schema, roleOid)) oids.push(schema.oid);
  }
  if (!oids.includes(pgCatalogOid)) oids.unshift(pgCatalogOid);
  const temporary = catalog.schemaByOid(firstTemporaryOid);
  if (temporary !== undefined && !oids.includes(firstTemporaryOid)) oids.unshift(firstTemporaryOid);
  return oids;
}

type RowField = { readonly name: string; readonly type: TypeRef };

export class CatalogNames implements NameLookup {
  readonly #catalog: Catalog;
  readonly #schemas: readonly number[];

  constructor(catalog: Catalog, searchPath: readonly string[], user: string) {
    this.#catalog = catalog;
    this.#schemas = searchSchemas(catalog, searchPath, user);
  }

  /** The relation that the bare name means. */
  findRelation(name: string): RelationDescriptor | undefined {
    for (const schema of this.#schemas) {
      const relation = this.#catalog.relationByName(schema, name);
      if (relation !== undefined) return relation;
    }
    return undefined;
  }

  /** Relation or index. */
  #classOid(schemaOid: number, name: string): number | undefined {
    const relation = this.#catalog.relationByName(schemaOid, name);
    return relation === undefined ? this.#catalog.indexByName(schemaOid, name)?.indexOid : relation.oid;
  }

  /** undefined when there is none. Throws only for malformed names. */
  findClass(text: string): number | undefined {
    const parts = splitQualifiedName(text);
    const name = parts[parts.length - 1];
    if (parts.length > 1) {
      const schema = this.#catalog.schemaByName(parts[parts.length - 2]);
      return schema === undefined ? undefined : this.#classOid(schema.oid, name);
    }
    for (const schema of this.#schemas) {
      const oid = this.#classOid(schema, name);
      if (oid !== undefined) return oid;
    }
    return undefined;
  }

  classIsVisible(oid: number): boolean | undefined {
    const place = this.#placeOf(oid);
    if (place === undefined) return undefined;
    for (const schema of this.#schemas) {
      const found = this.#classOid(schema, place.name);
      if (found !== undefined) return found === oid;
    }
    return false;
  }

  #placeOf(oid: number): { readonly schemaOid: number; readonly name: string } | undefined {
    const relation = this.#catalog.relationByOid(oid);
    if (relation !== undefined) return { schemaOid: relation.schemaOid, name: relation.name };
    const index = this.#catalog.indexByOid(oid);
    const table = index === undefined ? undefined : this.#catalog.relationByOid(index.tableOid);
    if (table?.kind !== 'table') return undefined;
    const name = table.primaryKey?.indexOid === oid ? table.primaryKey.name : table.indexes.find((entry) => entry.oid === oid)?.name;
    return name === undefined ? undefined : { schemaOid: table.schemaOid, name };
  }

  oidOf(kind: RegKind, text: string): number {
    switch (kind) {
      case 'class':
        return this.#classByText(text);
      case 'type': {
        const known = /^[a-z_][a-z0-9_]*$/.test(text) ? findTypeByText(text) : undefined;
        if (known !== undefined) return known;
        const type = this.typeOf(text, undefined);
        return type.domain ?? type.oid;
      }
      case 'namespace': {
        const parts = splitQualifiedName(text);
        const schema = this.#catalog.schemaByName(parts[0]);
        if (schema === undefined || parts.length > 1)
          throw new SqlError(sqlstate.invalidSchemaName, `schema "${parts.join('.')}" does not exist`);
        return schema.oid;
      }
      case 'role': {
        const [name] = splitQualifiedName(text);
        const role = this.#catalog.roleByName(name);
        if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${name}" does not exist`);
        return role.oid;
      }
      case 'proc':
        return this.#procByName(text);
      case 'procedure':
        return this.#procBySignature(text);
      case 'oper': {
        const found = operatorsByName(text.replace(/^pg_catalog\./, ''));
        if (found.length === 0) throw new SqlError(sqlstate.undefinedFunction, `operator does not exist: ${text}`);
        if (found.length > 1) throw new SqlError(sqlstate.ambiguousFunction, `more than one operator named ${text}`);
        return found[0].oid;
      }
      case 'operator': {
        const oid = findOperator(text);
        if (oid === undefined) throw new SqlError(sqlstate.undefinedFunction, `operator does not exist: ${text}`);
        return oid;
      }
      case 'collation': {
        const parts = splitQualifiedName(text);
        const oid = collations.get(parts[parts.length - 1]);
        if (oid === undefined)
          throw new SqlError(sqlstate.undefinedObject, `collation "${parts.join('.')}" for encoding "UTF8" does not exist`);
        return oid;
      }
    }
  }

  typeOf(text: string, remark: Remark | undefined): TypeRef {
    return resolveTypeName(parseTypeText(text), {
      positionOf: () => undefined,
      remark,
      hasSchema: (name) => this.#catalog.schemaByName(name) !== undefined,
      catalogType: (schemaName, name) => this.#catalogType(schemaName, name),
    });
  }

  #catalogType(schemaName: string | undefined, name: string): TypeRef | undefined {
    const named = schemaName === undefined ? undefined : this.#catalog.schemaByName(schemaName)?.oid;
    const schemas = schemaName === undefined ? this.#schemas : named === undefined ? [] : [named];
    return firstTypeIn(
      this.#catalog,
      schemas.map((oid) => ({ oid })),
      name,
    );
  }

  /** A domain, row type or array of these as it is to be written; undefined for an oid that is none's. */
  catalogTypeName(oid: number): string | undefined {
    const element = elementOfRowArray(oid) ?? domainOfArray(oid);
    if (element !== undefined) {
      const name = this.catalogTypeName(element);
      return name === undefined ? undefined : `${name}[]`;
    }
    const named = this.#catalog.domainByOid(oid) ?? rowTypeRelation(this.#catalog, oid);
    if (named === undefined) return undefined;
    const name = quoteIdentifier(named.name);
    const visible = this.#catalogType(undefined, named.name);
    return (visible?.domain ?? visible?.oid) === oid ? name : `${quoteIdentifier(named.schemaName)}.${name}`;
  }

  rowFields(rowTypeOid: number): readonly RowField[] | undefined {
    const shape = rowTypeShape(this.#catalog, rowTypeOid);
    return shape?.names.map((name, at) => ({ name, type: shape.types[at] }));
  }

  #typeText(type: TypeRef): string {
    return this.catalogTypeName(type.domain ?? type.oid) ?? typeText(type.oid);
  }

  #procByOid(oid: number): Proc | undefined {
    const own = this.#catalog.functionByOid(oid);
    return own === undefined ? procByOid(oid) : procOf(own);
  }

  /** Qualified where the search path does not find it. */
  #procName(proc: Proc): string {
    const name = quoteIdentifier(proc.name);
    return proc.user === undefined || this.functionIsVisible(proc.oid) === true ? name : `${quoteIdentifier(proc.schema)}.${name}`;
  }

  /** undefined for an oid that is no function's. One in the path is hidden by another of its name and argument types before it. */
  functionIsVisible(oid: number): boolean | undefined {
    const own = this.#catalog.functionByOid(oid);
    if (own === undefined) return procByOid(oid) === undefined ? undefined : true;
    const place = this.#schemas.indexOf(own.schemaOid);
    if (place < 0) return false;
    const types = procOf(own).argTypes.join();
    return !this.#procsNamed(undefined, own.name).some(
      (other) => other.oid !== oid && other.argTypes.join() === types && this.#placeOfProc(other) < place,
    );
  }

  #placeOfProc(proc: Proc): number {
    return this.#schemas.indexOf(proc.user?.schemaOid ?? pgCatalogOid);
  }

  /** Those that the path, or a schema that is named, lets be seen. */
  #procsNamed(schemaName: string | undefined, name: string): readonly Proc[] {
    const own = this.#catalog.functionsNamed(name).map((descriptor) => procOf(descriptor));
    if (schemaName !== undefined) return [...own, ...procsByName(name)].filter((proc) => proc.schema === schemaName);
    return [...own.filter((proc) => this.#placeOfProc(proc) >= 0), ...procsByName(name)];
  }

  #procByName(text: string): number {
    const parts = splitQualifiedName(text);
    const found = this.#procsNamed(parts.length > 1 ? parts[parts.length - 2] : undefined, parts[parts.length - 1]);
    if (found.length === 0) throw new SqlError(sqlstate.undefinedFunction, `function "${text}" does not exist`);
    if (found.length > 1) throw new SqlError(sqlstate.ambiguousFunction, `more than one function named "${text}"`);
    return found[0].oid;
  }

  #procBySignature(text: string): number {
    const wanted = signature(text);
    const missing = new SqlError(sqlstate.undefinedFunction, `function "${text}" does not exist`);
    if (wanted === undefined) throw missing;
    const parts = splitQualifiedName(wanted.name);
    const found = this.#procsNamed(parts.length > 1 ? parts[parts.length - 2] : undefined, parts[parts.length - 1])
      .filter((proc) => proc.argTypes.length === wanted.types.length && proc.argTypes.every((type, at) => type === wanted.types[at]))
      .sort((a, b) => this.#placeOfProc(a) - this.#placeOfProc(b));
    if (found.length === 0) throw missing;
    return found[0].oid;
  }

  #classByText(text: string): number {
    const oid = this.findClass(text);
    if (oid !== undefined) return oid;
    const parts = splitQualifiedName(text);
    if (parts.length === 2 && this.#catalog.schemaByName(parts[0]) === undefined)
      throw new SqlError(sqlstate.invalidSchemaName, `schema "${parts[0]}" does not exist`);
    throw new SqlError(sqlstate.undefinedTable, `relation "${parts.join('.')}" does not exist`);
  }

  nameOf(kind: RegKind, oid: number): string | undefined {
    switch (kind) {
      case 'class': {
        const place = this.#placeOf(oid);
        if (place === undefined) return undefined;
        const name = quoteIdentifier(place.name);
        if (this.classIsVisible(oid) === true) return name;
        return `${quoteIdentifier(this.#catalog.schemaByOid(place.schemaOid)?.name ?? '')}.${name}`;
      }
      case 'type':
        return typesByOid().has(oid) ? typeText(oid) : this.catalogTypeName(oid);
      case 'namespace': {
        const schema = this.#catalog.schemaByOid(oid);
        return schema === undefined ? undefined : quoteIdentifier(schema.name);
      }
      case 'role': {
        const role = this.#catalog.roleByOid(oid);
        return role === undefined ? undefined : quoteIdentifier(role.name);
      }
      case 'proc': {
        const proc = this.#procByOid(oid);
        return proc === undefined ? undefined : this.#procName(proc);
      }
      case 'procedure': {
        const proc = this.#procByOid(oid);
        if (proc === undefined) return undefined;
        const types =
          proc.user === undefined ? proc.argTypes.map(typeText) : inputArguments(proc.user).map(({ type }) => this.#typeText(type));
        return `${this.#procName(proc)}(${types.join(',')})`;
      }
      case 'oper':
        return operatorByOid(oid)?.name;
      case 'operator': {
        const operator = operatorByOid(oid);
        if (operator === undefined) return undefined;
        const side = (type: number): string => (type === 0 ? 'NONE' : typeText(type));
        return `${operator.name}(${side(operator.left)},${side(operator.right)})`;
      }
      case 'collation': {
        for (const [name, collation] of collations) if (collation === oid) return quoteIdentifier(name);
        return undefined;
      }
    }
  }
}

export const collations: ReadonlyMap<string, number> = new Map([
  ['default', 100],
  ['C', 950],
  ['POSIX', 951],
  ['ucs_basic', 962],
]);

let byOid: ReadonlySet<number> | undefined;
let byText: ReadonlyMap<string, number> | undefined;

function typesByOid(): ReadonlySet<number> {
  byOid ??= new Set(pgTypes.map((type) => type.oid));
  return byOid;
}

/** Other spellings that PostgreSQL's grammar takes. */
const typeAliases: Readonly<Record<string, string>> = {
  int: 'int4',
  dec: 'numeric',
  decimal: 'numeric',
  float: 'float8',
  char: 'bpchar',
  character: 'bpchar',
  'char varying': 'varchar',
  time: 'time',
  timestamp: 'timestamp',
};

/** A type by the text of its name, modifiers ignored: int4, "integer", `character varying(10)`, text[]. */
export function findTypeByText(text: string): number | undefined {
  if (byText === undefined) {
    const names = new Map<string, number>();
    for (const type of pgTypes) names.set(type.name, type.oid);
    for (const type of pgTypes) {
      const display = formatType(typeRef(type.oid));
      if (!names.has(display)) names.set(display, type.oid);
    }
    for (const [alias, name] of Object.entries(typeAliases)) {
      const oid = names.get(name);
      if (oid !== undefined) names.set(alias, oid);
    }
    byText = names;
  }
  let name = text.trim();
  let isArray = false;
  while (name.endsWith('[]')) {
    name = name.slice(0, -2).trim();
    isArray = true;
  }
  name = name
    .replace(/\(\s*-?\d+(\s*,\s*-?\d+)*\s*\)/, '')
    .replace(/\s+/g, ' ')
    .trim();
  const isQuoted = name.startsWith('"');
  const plain = name.replace(/^pg_catalog\./i, '').replace(/^"(.*)"$/, '$1');
  const oid = isQuoted ? byText.get(plain === 'char' ? '"char"' : plain) : byText.get(plain.toLowerCase());
  if (oid === undefined || !isArray) return oid;
  return pgTypes.find((type) => type.oid === oid)?.arrayOid || undefined;
}

function signature(text: string): { readonly name: string; readonly types: readonly (number | undefined)[] } | undefined {
  const match = /^\s*(.+?)\s*\((.*)\)\s*$/s.exec(text);
  if (match === null) return undefined;
  const args = match[2].trim() === '' ? [] : match[2].split(/,(?![^(]*\))/).map((part) => part.trim());
  return { name: match[1], types: args.map((arg) => (arg.toLowerCase() === 'none' ? 0 : findTypeByText(arg))) };
}

export function findOperator(text: string): number | undefined {
  const wanted = signature(text);
  if (wanted === undefined || wanted.types.length !== 2) return undefined;
  return operatorsByName(wanted.name.replace(/^pg_catalog\./, '')).find(
    (operator) => operator.left === wanted.types[0] && operator.right === wanted.types[1],
  )?.oid;
}
