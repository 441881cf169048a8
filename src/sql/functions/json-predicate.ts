/** IS JSON: whether a text is a JSON document, of which kind, and with object keys that differ. */
import { SqlError } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { checkJson } from '../types/json.ts';
import { parseJson } from '../types/json-parser.ts';
import { Jsonb } from '../types/jsonb-value.ts';
import { jsonKind, jsonParts } from './json-text.ts';
import { kindOfNode } from './jsonb-access.ts';

export type JsonTest = 'value' | 'object' | 'array' | 'scalar';

/** `isText`: the value is text, which may be no JSON at all; else it is json or jsonb. */
export function isJson(value: Exclude<Datum, null>, test: JsonTest, uniqueKeys: boolean, isText: boolean): boolean {
  if (value instanceof Jsonb) return fits(kindOfNode(value.root), test);
  const text = String(value);
  if (isText && !isDocument(text, uniqueKeys)) return false;
  if (!fits(jsonKind(text), test)) return false;
  // Only text that is looked at in full has its escapes read as well.
  return !uniqueKeys || (isDocument(text, true) && hasUniqueKeys(text));
}

const fits = (kind: string, test: JsonTest): boolean =>
  test === 'value' || (test === 'scalar' ? kind !== 'object' && kind !== 'array' : kind === test);

function isDocument(text: string, readsEscapes: boolean): boolean {
  try {
    if (readsEscapes) parseJson(text);
    else checkJson(text);
    return true;
  } catch (error) {
    if (error instanceof SqlError) return false;
    throw error;
  }
}

function hasUniqueKeys(text: string): boolean {
  const kind = jsonKind(text);
  if (kind !== 'object' && kind !== 'array') return true;
  const keys = new Set<string>();
  for (const { key, value } of jsonParts(text)) {
    if (kind === 'object' && keys.has(key)) return false;
    keys.add(key);
    if (!hasUniqueKeys(value)) return false;
  }
  return true;
}
