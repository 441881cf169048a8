/**
 * Assignment to a part of a jsonb document by subscripts: the document with the value at the path. What the path lacks is made, an array
 * where an integer stands and an object elsewhere; gaps of arrays are filled with nulls.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { jsonObject } from '../functions/json-conversion.ts';
import { Jsonb, type JsonNode } from './jsonb-value.ts';

export type JsonStep = string | number;

const notComposite = (): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, 'cannot replace existing key', {
    detail: 'The path assumes key is a composite object, but it is a scalar value.',
  });

/** `document` undefined: there is none yet, and the first step tells what to begin with. */
export function assignJson(document: Jsonb | undefined, path: readonly JsonStep[], value: JsonNode): Jsonb {
  if (document === undefined) return new Jsonb(changed(typeof path[0] === 'number' ? [] : new Map(), path, 0, value));
  return new Jsonb(changed(document.root, path, 0, value));
}

function changed(node: JsonNode, path: readonly JsonStep[], level: number, value: JsonNode): JsonNode {
  if (level === path.length) return value;
  if (node instanceof Map) {
    const key = String(path[level]);
    const own = node.get(key);
    return jsonObject([...node, [key, own === undefined ? made(path, level + 1, value) : changed(own, path, level + 1, value)]]);
  }
  if (!isArray(node)) throw notComposite();
  const given = integerOf(path[level]);
  if (given === undefined)
    throw new SqlError(sqlstate.invalidTextRepresentation, `path element at position ${level + 1} is not an integer: "${path[level]}"`);
  if (given < -node.length)
    throw new SqlError(sqlstate.invalidParameterValue, `path element at position ${level + 1} is out of range: ${given}`);
  const index = given < 0 ? node.length + given : given;
  if (index < node.length) return [...node.slice(0, index), changed(node[index], path, level + 1, value), ...node.slice(index + 1)];
  return [...node, ...nulls(index - node.length), made(path, level + 1, value)];
}

/** What stands at the rest of a path that is not there yet. */
function made(path: readonly JsonStep[], level: number, value: JsonNode): JsonNode {
  if (level === path.length) return value;
  const index = integerOf(path[level]);
  const inner = made(path, level + 1, value);
  return index === undefined ? jsonObject([[String(path[level]), inner]]) : [...nulls(index), inner];
}

const isArray = (node: JsonNode): node is readonly JsonNode[] => Array.isArray(node);
const nulls = (count: number): JsonNode[] => new Array<JsonNode>(Math.max(0, count)).fill(null);

function integerOf(step: JsonStep): number | undefined {
  if (typeof step === 'number') return step;
  if (!/^[ \t\n\r\v\f]*[+-]?\d+$/.test(step)) return undefined;
  const value = Number(step);
  return value >= -2147483648 && value <= 2147483647 ? value : undefined;
}
