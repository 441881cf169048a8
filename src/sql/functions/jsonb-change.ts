/** Changing jsonb: || - #- jsonb_set, jsonb_set_lax, jsonb_insert. Documents are never changed in place. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Implementations, scalar } from '../function.ts';
import type { ArrayValue } from '../types/array-value.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { arrayIndex, cannot } from './json-access.ts';
import { jsonObject } from './json-conversion.ts';
import { isArrayNode, isObjectNode, isScalarNode } from './jsonb-access.ts';

/** What to do where the path ends. */
type Change = {
  readonly kind: 'set' | 'replace' | 'insertBefore' | 'insertAfter' | 'delete';
  readonly value: JsonNode;
};

const addsNew = ({ kind }: Change): boolean => kind !== 'replace' && kind !== 'delete';

function changeAt(node: JsonNode, path: readonly (string | null)[], level: number, change: Change): JsonNode {
  if (isScalarNode(node)) return node;
  const step = path[level];
  if (step === null) throw new SqlError(sqlstate.nullValueNotAllowed, `path element at position ${level + 1} is null`);
  return isArrayNode(node) ? changeItem(node, path, level, step, change) : changeMember(node, path, level, step, change);
}

function changeMember(
  node: ReadonlyMap<string, JsonNode>,
  path: readonly (string | null)[],
  level: number,
  key: string,
  change: Change,
): JsonNode {
  const isLast = level === path.length - 1;
  const own = node.get(key);
  if (own === undefined) return isLast && addsNew(change) ? jsonObject([...node, [key, change.value]]) : node;
  const changed = new Map(node);
  if (!isLast) changed.set(key, changeAt(own, path, level + 1, change));
  else if (change.kind === 'delete') changed.delete(key);
  else if (change.kind === 'insertBefore' || change.kind === 'insertAfter') {
    throw new SqlError(sqlstate.invalidParameterValue, 'cannot replace existing key', {
      hint: 'Try using the function jsonb_set to replace key value.',
    });
  } else changed.set(key, change.value);
  return changed;
}

/** Indexes beyond the ends mean the ends. */
function changeItem(node: readonly JsonNode[], path: readonly (string | null)[], level: number, step: string, change: Change): JsonNode {
  const index = arrayIndex(step);
  if (index === undefined)
    throw new SqlError(sqlstate.invalidTextRepresentation, `path element at position ${level + 1} is not an integer: "${step}"`);
  const isLast = level === path.length - 1;
  const at = index < 0 ? node.length + index : Math.min(index, node.length);
  if (at < 0 || at >= node.length) {
    if (!isLast || !addsNew(change)) return node;
    return at < 0 ? [change.value, ...node] : [...node, change.value];
  }
  const replaced = (): JsonNode[] => {
    if (!isLast) return [changeAt(node[at], path, level + 1, change)];
    switch (change.kind) {
      case 'delete':
        return [];
      case 'insertBefore':
        return [change.value, node[at]];
      case 'insertAfter':
        return [node[at], change.value];
      default:
        return [change.value];
    }
  };
  return [...node.slice(0, at), ...replaced(), ...node.slice(at + 1)];
}

function checkPath(path: ArrayValue): readonly (string | null)[] {
  if (path.dimensions.length > 1) throw new SqlError(sqlstate.arraySubscriptError, 'wrong number of array subscripts');
  return path.items.map((step) => (step === null ? null : String(step)));
}

const isEmpty = (node: JsonNode): boolean => (isArrayNode(node) ? node.length === 0 : isObjectNode(node) && node.size === 0);

function changed(document: Jsonb, path: ArrayValue, change: Change): Jsonb {
  const steps = checkPath(path);
  const { root } = document;
  if (isScalarNode(root)) throw cannot(`cannot ${change.kind === 'delete' ? 'delete' : 'set'} path in scalar`);
  if (steps.length === 0 || (isEmpty(root) && !addsNew(change))) return document;
  return new Jsonb(changeAt(root, steps, 0, change));
}

const set = (document: Jsonb, path: ArrayValue, value: Jsonb, create: boolean): Jsonb =>
  changed(document, path, { kind: create ? 'set' : 'replace', value: value.root });

function setLax(
  document: Jsonb | null,
  path: ArrayValue | null,
  value: Jsonb | null,
  create: boolean | null,
  treatment: string | null,
): Jsonb | null {
  if (document === null || path === null || create === null) return null;
  const refused = 'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"';
  if (treatment === null) throw cannot(refused);
  if (value !== null) return set(document, path, value, create);
  switch (treatment) {
    case 'raise_exception':
      throw new SqlError(sqlstate.nullValueNotAllowed, 'JSON value must not be null', {
        detail: 'Exception was raised because null_value_treatment is "raise_exception".',
        hint: 'To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.',
      });
    case 'use_json_null':
      return set(document, path, new Jsonb(null), create);
    case 'delete_key':
      return changed(document, path, { kind: 'delete', value: null });
    case 'return_target':
      return document;
    default:
      throw cannot(refused);
  }
}

/** Two objects become one, everything else an array. */
function concat(a: Jsonb, b: Jsonb): Jsonb {
  if (isObjectNode(a.root) && isObjectNode(b.root)) return new Jsonb(jsonObject([...a.root, ...b.root]));
  const items = (node: JsonNode): readonly JsonNode[] => (isArrayNode(node) ? node : [node]);
  return new Jsonb([...items(a.root), ...items(b.root)]);
}

function deleteKeys(document: Jsonb, keys: readonly (string | null)[]): Jsonb {
  const { root } = document;
  if (isScalarNode(root)) throw cannot('cannot delete from scalar');
  if (isArrayNode(root)) return new Jsonb(root.filter((item) => typeof item !== 'string' || !keys.includes(item)));
  return new Jsonb(new Map([...root].filter(([key]) => !keys.includes(key))));
}

function deleteItem(document: Jsonb, index: number): Jsonb {
  const { root } = document;
  if (isObjectNode(root)) throw cannot('cannot delete from object using integer index');
  if (!isArrayNode(root)) throw cannot('cannot delete from scalar');
  const at = index < 0 ? root.length + index : index;
  return new Jsonb(root.filter((_, position) => position !== at));
}

export const jsonbChangeFunctions: Implementations = {
  'jsonb_concat(jsonb,jsonb)': scalar(concat),
  'jsonb_delete(jsonb,text)': scalar((document: Jsonb, key: string) => deleteKeys(document, [key])),
  'jsonb_delete(jsonb,int4)': scalar(deleteItem),
  'jsonb_delete(jsonb,_text)': scalar((document: Jsonb, keys: ArrayValue) => deleteKeys(document, checkPath(keys))),
  'jsonb_delete_path(jsonb,_text)': scalar((document: Jsonb, path: ArrayValue) => changed(document, path, { kind: 'delete', value: null })),
  'jsonb_set(jsonb,_text,jsonb,bool)': scalar(set),
  'jsonb_set_lax(jsonb,_text,jsonb,bool,text)': scalar(setLax),
  'jsonb_insert(jsonb,_text,jsonb,bool)': scalar((document: Jsonb, path: ArrayValue, value: Jsonb, after: boolean) =>
    changed(document, path, { kind: after ? 'insertAfter' : 'insertBefore', value: value.root }),
  ),
};
