/** What JSON_OBJECT and JSON_ARRAY make of their arguments: json's text, or jsonb. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { EvaluationContext } from '../function.ts';
import { quoteJson } from '../types/jsonb.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { jsonObject, toJsonKey, toJsonNode, toJsonText } from './json-conversion.ts';

export type JsonOptions = {
  /** Type of each argument. */
  readonly types: readonly number[];
  /** jsonb rather than json. */
  readonly isBinary: boolean;
  readonly absentOnNull: boolean;
  readonly uniqueKeys: boolean;
};

export function jsonArray(values: readonly Datum[], options: JsonOptions, context: EvaluationContext): Datum {
  const kept = values
    .map((value, at) => ({ value, type: options.types[at] }))
    .filter(({ value }) => value !== null || !options.absentOnNull);
  if (options.isBinary) return new Jsonb(kept.map(({ value, type }) => toJsonNode(value, type, context)));
  return `[${kept.map(({ value, type }) => toJsonText(value, type, context)).join(', ')}]`;
}

export function jsonObjectOf(values: readonly Datum[], options: JsonOptions, context: EvaluationContext): Datum {
  const { types, isBinary, absentOnNull, uniqueKeys } = options;
  const seen = new Set<string>();
  const members: string[] = [];
  const entries: [string, JsonNode][] = [];
  for (let at = 0; at < values.length; at += 2) {
    const key = values[at];
    const value = values[at + 1];
    const isAbsent = absentOnNull && value === null;
    // An absent member counts where keys must differ, and else not at all.
    if (isAbsent && !uniqueKeys && !isBinary) continue;
    if (key === null) throw nullKey(at, isBinary);
    if (isAbsent && !uniqueKeys) continue;
    const name = toJsonKey(key, types[at], context);
    if (uniqueKeys && seen.has(name)) throw duplicateKey(name, isBinary);
    seen.add(name);
    if (isAbsent) continue;
    if (isBinary) {
      // jsonb leaves out JSON's null as well as SQL's.
      const node = toJsonNode(value, types[at + 1], context);
      if (node !== null || !absentOnNull) entries.push([name, node]);
    } else members.push(`${quoteJson(name)} : ${toJsonText(value, types[at + 1], context)}`);
  }
  return isBinary ? new Jsonb(jsonObject(entries)) : `{${members.join(', ')}}`;
}

const nullKey = (at: number, isBinary: boolean): SqlError =>
  isBinary
    ? new SqlError(sqlstate.invalidParameterValue, `argument ${at + 1}: key must not be null`)
    : new SqlError(sqlstate.nullValueNotAllowed, 'null value not allowed for object key');

const duplicateKey = (name: string, isBinary: boolean): SqlError =>
  new SqlError(sqlstate.duplicateJsonObjectKeyValue, `duplicate JSON object key value${isBinary ? '' : `: ${quoteJson(name)}`}`);
