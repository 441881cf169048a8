/**
 * The types, by oid and by name. Each is put together from pg_type and its own file on first use.
 *
 *   R1  Every type of pg_type is found. Pseudo-types refuse input as PostgreSQL does; types that Borealis has no values of refuse
 *       everything with 0A000 (`isImplemented` tells).
 *   R2  A type is one object: it may be compared with ===.
 *
 * Row types of relations are among them (catalog-types.ts): their fields are asked of the catalog when a value is read.
 */
import { assert, InvariantError } from '#base/assert.ts';
import { notSupported } from '#base/sql-error.ts';
import type { PgType } from '../postgres/pg-type.ts';
import type { NonNull, Type } from '../type.ts';
import { arrayBehaviour } from './array.ts';
import { ArrayValue } from './array-value.ts';
import { behaviour, type TypeBehaviour, type TypeFacts } from './behaviour.ts';
import { booleanType } from './boolean.ts';
import { byteaType } from './bytea.ts';
import { dateType } from './date-time/date.ts';
import { intervalType } from './date-time/interval.ts';
import { timeType, timetzType } from './date-time/time.ts';
import { timestampType, timestamptzType } from './date-time/timestamp.ts';
import { float4Type, float8Type } from './float.ts';
import { displayNameOf, isArrayType, pgTypeByName, pgTypeByOid } from './format-type.ts';
import { cidrType, inetType } from './inet.ts';
import { cidType, int2Type, int4Type, int8Type, oidType, xid8Type, xidType } from './integer.ts';
import { jsonpathType, jsonType } from './json.ts';
import { jsonbType } from './jsonb.ts';
import { numericType } from './numeric.ts';
import { recordBehaviour, rowTypeBehaviour } from './record.ts';
import { regTypes } from './reg.ts';
import { bpcharType, carriedTextType, charType, nameType, textType, varcharType, voidType } from './text.ts';
import { uuidType } from './uuid.ts';
import { vectorBehaviour } from './vector.ts';

export { formatType } from './format-type.ts';

/** The type, where there is one of that oid. */
export function findType(oid: number): Type | undefined {
  const known = types.get(oid);
  if (known !== undefined) return known;
  const described = pgTypeByOid(oid);
  return described === undefined ? undefined : make(described);
}

/** Hot. For oids that are known to be right. */
export function typeByOid(oid: number): Type {
  const type = types.get(oid) ?? findType(oid);
  if (type === undefined) throw new InvariantError(`no type has the oid ${oid}`);
  return type;
}

/** By pg_type.typname: int4, varchar, _text. */
export function typeByName(name: string): Type | undefined {
  const described = pgTypeByName(name);
  return described === undefined ? undefined : findType(described.oid);
}

/** False for types that only have a name here: money, xml, ranges, geometric and text search types and so on. */
export function isImplemented(oid: number): boolean {
  const described = pgTypeByOid(oid);
  if (described === undefined) return false;
  if (isArrayType(described)) return isImplemented(described.elementOid);
  return described.name === 'record' || described.kind === 'c' || described.name in vectorElements || behaviours.has(described.name);
}

const types = new Map<number, Type>();

function make(described: PgType): Type {
  const facts: TypeFacts = {
    oid: described.oid,
    name: described.name,
    displayName: displayNameOf(described),
    category: described.category,
    preferred: described.preferred,
    length: described.length,
    arrayOid: described.arrayOid,
    elementOid: described.elementOid,
  };
  const type: Type = { ...facts, ...behaviourOf(described, facts.displayName) };
  types.set(described.oid, type);
  return type;
}

function behaviourOf(described: PgType, displayName: string): TypeBehaviour {
  const own = behaviours.get(described.name);
  if (own !== undefined) return own;
  const vectorElement = vectorElements[described.name];
  if (vectorElement !== undefined) return vectorBehaviour(typeByOid(vectorElement));
  if (described.name === 'record') return recordBehaviour(typeByOid);
  if (described.kind === 'c') return rowTypeBehaviour(described.oid, typeByOid);
  if (isArrayType(described)) return arrayBehaviour(typeByOid(described.elementOid), delimiterOf(described.elementOid));
  if (described.name === 'anyarray') return anyArrayBehaviour();
  if (described.kind === 'p') return refusing(() => notSupported(`cannot accept a value of type ${described.name}`));
  return refusing(() => notSupported(`datatype ${displayName} not supported`));
}

/** Columns of pg_stats: shown as the array that a value is. */
function anyArrayBehaviour(): TypeBehaviour {
  const refused = refusing(() => notSupported('cannot accept a value of type anyarray'));
  const typeOf = (value: NonNull): Type => {
    assert(value instanceof ArrayValue, 'a value of type anyarray is an array');
    return typeByOid(typeByOid(value.elementOid).arrayOid);
  };
  return {
    ...refused,
    output: (value, context) => typeOf(value).output(value, context),
    send: (value, writer, context) => typeOf(value).send(value, writer, context),
  };
}

const delimiterOf = (elementOid: number): string => pgTypeByOid(elementOid)?.delimiter ?? ',';

function refusing(error: () => Error): TypeBehaviour {
  const refuse = (): never => {
    throw error();
  };
  return behaviour({ input: refuse, output: refuse, receive: refuse, send: refuse, encodeRow: refuse, decodeRow: refuse });
}

const vectorElements: Readonly<Record<string, number>> = { int2vector: 21, oidvector: 26 };

const behaviours: ReadonlyMap<string, TypeBehaviour> = new Map([
  ['bool', booleanType],
  ['int2', int2Type],
  ['int4', int4Type],
  ['int8', int8Type],
  ['oid', oidType],
  ['xid', xidType],
  ['cid', cidType],
  ['xid8', xid8Type],
  ['float4', float4Type],
  ['float8', float8Type],
  ['numeric', numericType],
  ['text', textType],
  ['varchar', varcharType],
  ['bpchar', bpcharType],
  ['name', nameType],
  ['char', charType],
  ['unknown', textType],
  ['cstring', textType],
  ['void', voidType],
  ['bytea', byteaType],
  ['uuid', uuidType],
  ['date', dateType],
  ['time', timeType],
  ['timetz', timetzType],
  ['timestamp', timestampType],
  ['timestamptz', timestamptzType],
  ['interval', intervalType],
  ['json', jsonType],
  ['jsonb', jsonbType],
  ['jsonpath', jsonpathType],
  ['inet', inetType],
  ['cidr', cidrType],
  ['refcursor', textType],
  // Columns of system catalogs: shown as they are.
  ['pg_node_tree', carriedTextType],
  ['aclitem', carriedTextType],
  ['tid', carriedTextType],
  ['pg_lsn', carriedTextType],
  ['pg_ndistinct', carriedTextType],
  ['pg_dependencies', carriedTextType],
  ['pg_mcv_list', carriedTextType],
  ['pg_snapshot', carriedTextType],
  ...regTypes,
]);
