/** Looking into jsonb: -> ->> #> #>> @> <@ ? ?| ?&, members and items, and casts from it. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type Implementation, type Implementations, scalar, setReturning } from '../function.ts';
import { oid } from '../oids.ts';
import type { ArrayValue } from '../types/array-value.ts';
import { inKeyOrder } from '../types/json-parser.ts';
import { compareJsonb, formatJsonb, quoteJson } from '../types/jsonb.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { formatNumeric } from '../types/numeric.ts';
import { Numeric } from '../types/numeric-value.ts';
import { typeByOid } from '../types/registry.ts';
import { castFunctions } from './casts.ts';
import { arrayIndex, cannot } from './json-access.ts';

export const isArrayNode = (node: JsonNode): node is readonly JsonNode[] => Array.isArray(node);
export const isObjectNode = (node: JsonNode): node is ReadonlyMap<string, JsonNode> => node instanceof Map;
export const isScalarNode = (node: JsonNode): node is null | boolean | string | Numeric => !isArrayNode(node) && !isObjectNode(node);

export function kindOfNode(node: JsonNode): string {
  if (node === null) return 'null';
  if (typeof node === 'string') return 'string';
  if (typeof node === 'boolean') return 'boolean';
  if (isArrayNode(node)) return 'array';
  return isObjectNode(node) ? 'object' : 'number';
}

/** As text: strings without quotes, JSON null as NULL. */
export function nodeAsText(node: JsonNode): string | null {
  if (node === null || typeof node === 'string') return node;
  return node instanceof Numeric ? formatNumeric(node) : formatJsonb(node);
}

const member = (node: JsonNode, key: string): JsonNode | undefined => (isObjectNode(node) ? node.get(key) : undefined);

function item(node: JsonNode, index: number): JsonNode | undefined {
  return isArrayNode(node) ? node[index < 0 ? node.length + index : index] : undefined;
}

/** A scalar document counts as an array of it. */
const rootItem = (root: JsonNode, index: number): JsonNode | undefined => item(isScalarNode(root) ? [root] : root, index);

export function atPath(node: JsonNode, path: ArrayValue): JsonNode | undefined {
  let found: JsonNode | undefined = node;
  for (const step of path.items) {
    if (step === null || found === undefined) return undefined;
    if (isObjectNode(found)) found = found.get(String(step));
    else {
      const index = arrayIndex(String(step));
      found = index === undefined ? undefined : item(found, index);
    }
  }
  return found;
}

const wrapped = (node: JsonNode | undefined): Jsonb | null => (node === undefined ? null : new Jsonb(node));
const textOf = (node: JsonNode | undefined): string | null => (node === undefined ? null : nodeAsText(node));

const isSame = (a: JsonNode, b: JsonNode): boolean => compareJsonb(a, b) === 0;

/** @>: every part of `b` stands in `a`, arrays as sets. A scalar document is contained in an array of it. */
function contains(a: JsonNode, b: JsonNode): boolean {
  if (isArrayNode(a) && isScalarNode(b)) return a.some((one) => isScalarNode(one) && isSame(one, b));
  return containsNode(a, b);
}

function containsNode(a: JsonNode, b: JsonNode): boolean {
  if (isObjectNode(a) && isObjectNode(b)) {
    for (const [key, value] of b) {
      const own = a.get(key);
      if (own === undefined || !containsNode(own, value)) return false;
    }
    return true;
  }
  if (isArrayNode(a) && isArrayNode(b)) return b.every((wanted) => a.some((one) => containsNode(one, wanted)));
  return isScalarNode(a) && isScalarNode(b) && isSame(a, b);
}

/** ?: a key of an object, a string in an array, or a string itself. */
function exists(node: JsonNode, key: string): boolean {
  if (isObjectNode(node)) return node.has(key);
  return isArrayNode(node) ? node.includes(key) : node === key;
}

const keysOf = (keys: ArrayValue): string[] => keys.items.flatMap((key) => (key === null ? [] : [String(key)]));

function arrayLength({ root }: Jsonb): number {
  if (isArrayNode(root)) return root.length;
  throw cannot(`cannot get array length of a ${isObjectNode(root) ? 'non-array' : 'scalar'}`);
}

function* items({ root }: Jsonb, convert: (node: JsonNode) => Datum): Generator<Datum> {
  if (!isArrayNode(root)) throw cannot(`cannot extract elements from ${isObjectNode(root) ? 'an object' : 'a scalar'}`);
  for (const one of root) yield convert(one);
}

function* members({ root }: Jsonb, name: string, convert: (node: JsonNode) => Datum): Generator<Datum[]> {
  if (!isObjectNode(root)) throw cannot(`cannot call ${name} on a non-object`);
  for (const [key, value] of root) yield [key, convert(value)];
}

function* keys({ root }: Jsonb): Generator<string> {
  if (!isObjectNode(root)) throw cannot(`cannot call jsonb_object_keys on ${isArrayNode(root) ? 'an array' : 'a scalar'}`);
  yield* root.keys();
}

function stripNulls(node: JsonNode): JsonNode {
  if (isArrayNode(node)) return node.map(stripNulls);
  if (!isObjectNode(node)) return node;
  return inKeyOrder(new Map([...node].flatMap(([key, value]) => (value === null ? [] : [[key, stripNulls(value)] as const]))));
}

function pretty(node: JsonNode, indent: string): string {
  const inner = `${indent}    `;
  if (isArrayNode(node))
    return node.length === 0 ? `[\n${indent}]` : `[\n${node.map((one) => inner + pretty(one, inner)).join(',\n')}\n${indent}]`;
  if (!isObjectNode(node)) return formatJsonb(node);
  const lines = [...node].map(([key, value]) => `${inner}${quoteJson(key)}: ${pretty(value, inner)}`);
  return lines.length === 0 ? `{\n${indent}}` : `{\n${lines.join(',\n')}\n${indent}}`;
}

const kindNames: Readonly<Record<string, string>> = { number: 'numeric' };

/** A number of the document through the cast from numeric. */
function toNumber(name: string, typeOid: number): Implementation {
  const { displayName } = typeByOid(typeOid);
  const cast = castFunctions[`${name}(numeric)`];
  return {
    kind: 'scalar',
    forTypes: (types) => {
      const convert = cast?.kind === 'scalar' ? cast.forTypes(types) : undefined;
      return ({ root }: Jsonb, context: unknown) => {
        if (!(root instanceof Numeric)) throw cannotCast(root, displayName);
        return convert === undefined ? root : convert(root, context);
      };
    },
    vector: undefined,
  };
}

function cannotCast(node: JsonNode, typeName: string): SqlError {
  const kind = kindOfNode(node);
  return new SqlError(sqlstate.invalidParameterValue, `cannot cast jsonb ${kindNames[kind] ?? kind} to type ${typeName}`);
}

export const jsonbAccessFunctions: Implementations = {
  'jsonb_object_field(jsonb,text)': scalar(({ root }: Jsonb, key: string) => wrapped(member(root, key))),
  'jsonb_object_field_text(jsonb,text)': scalar(({ root }: Jsonb, key: string) => textOf(member(root, key))),
  'jsonb_array_element(jsonb,int4)': scalar(({ root }: Jsonb, index: number) => wrapped(rootItem(root, index))),
  'jsonb_array_element_text(jsonb,int4)': scalar(({ root }: Jsonb, index: number) => textOf(rootItem(root, index))),
  'jsonb_extract_path(jsonb,_text)': scalar(({ root }: Jsonb, path: ArrayValue) => wrapped(atPath(root, path))),
  'jsonb_extract_path_text(jsonb,_text)': scalar(({ root }: Jsonb, path: ArrayValue) => textOf(atPath(root, path))),
  'jsonb_contains(jsonb,jsonb)': scalar((a: Jsonb, b: Jsonb) => contains(a.root, b.root)),
  'jsonb_contained(jsonb,jsonb)': scalar((a: Jsonb, b: Jsonb) => contains(b.root, a.root)),
  'jsonb_exists(jsonb,text)': scalar(({ root }: Jsonb, key: string) => exists(root, key)),
  'jsonb_exists_any(jsonb,_text)': scalar(({ root }: Jsonb, list: ArrayValue) => keysOf(list).some((key) => exists(root, key))),
  'jsonb_exists_all(jsonb,_text)': scalar(({ root }: Jsonb, list: ArrayValue) => keysOf(list).every((key) => exists(root, key))),
  'jsonb_array_length(jsonb)': scalar(arrayLength),
  'jsonb_array_elements(jsonb)': setReturning((document: Jsonb) => items(document, wrapped)),
  'jsonb_array_elements_text(jsonb)': setReturning((document: Jsonb) => items(document, nodeAsText)),
  'jsonb_each(jsonb)': setReturning((document: Jsonb) => members(document, 'jsonb_each', wrapped)),
  'jsonb_each_text(jsonb)': setReturning((document: Jsonb) => members(document, 'jsonb_each_text', nodeAsText)),
  'jsonb_object_keys(jsonb)': setReturning(keys),
  'jsonb_typeof(jsonb)': scalar(({ root }: Jsonb) => kindOfNode(root)),
  'jsonb_strip_nulls(jsonb)': scalar(({ root }: Jsonb) => new Jsonb(stripNulls(root))),
  'jsonb_pretty(jsonb)': scalar(({ root }: Jsonb) => pretty(root, '')),
  'bool(jsonb)': scalar(({ root }: Jsonb) => {
    if (typeof root !== 'boolean') throw cannotCast(root, 'boolean');
    return root;
  }),
  'numeric(jsonb)': toNumber('numeric', oid.numeric),
  'int2(jsonb)': toNumber('int2', oid.int2),
  'int4(jsonb)': toNumber('int4', oid.int4),
  'int8(jsonb)': toNumber('int8', oid.int8),
  'float4(jsonb)': toNumber('float4', oid.float4),
  'float8(jsonb)': toNumber('float8', oid.float8),
};
