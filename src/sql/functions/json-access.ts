/** Taking json apart: -> ->> #> #>> and the functions over members and items. jsonb is jsonb-access.ts. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type Implementations, scalar, setReturning } from '../function.ts';
import type { ArrayValue } from '../types/array-value.ts';
import { quoteJson } from '../types/jsonb.ts';
import { checkEscapes, decodeJsonString, jsonAsText, jsonItem, jsonKind, jsonMember, jsonParts } from './json-text.ts';

export const cannot = (message: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message);

/** The whole of a text as an array index; undefined when it is none. */
export function arrayIndex(text: string): number | undefined {
  if (!/^[ \t\n\r\v\f]*[+-]?\d+$/.test(text)) return undefined;
  const index = Number(text);
  return index >= -2147483648 && index <= 2147483647 ? index : undefined;
}

const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;
const textOrNull = (value: string | undefined): string | null => (value === undefined ? null : jsonAsText(value));

function atPath(text: string, path: ArrayValue): string | undefined {
  let found: string | undefined = text.trim();
  for (const step of path.items) {
    if (step === null || found === undefined) return undefined;
    const kind = jsonKind(found);
    const index = kind === 'array' ? arrayIndex(String(step)) : undefined;
    found = kind === 'object' ? jsonMember(found, String(step)) : index === undefined ? undefined : jsonItem(found, index);
  }
  return found;
}

function checkArray(text: string, name: string): void {
  const kind = jsonKind(text);
  if (kind === 'object') throw cannot(`cannot call ${name} on a non-array`);
  if (kind !== 'array') throw cannot(`cannot call ${name} on a scalar`);
}

function checkObject(text: string): void {
  const kind = jsonKind(text);
  if (kind === 'array') throw cannot('cannot deconstruct an array as an object');
  if (kind !== 'object') throw cannot('cannot deconstruct a scalar');
}

const same = (value: string): string => value;

function* items(text: string, name: string, convert: (value: string) => Datum): Generator<Datum> {
  checkArray(text, name);
  if (convert !== same) checkEscapes(text);
  for (const { value } of jsonParts(text)) yield convert(value);
}

function* members(text: string, convert: (value: string) => Datum): Generator<Datum[]> {
  checkObject(text);
  for (const { key, value } of jsonParts(checkEscapes(text))) yield [key, convert(value)];
}

function* keys(text: string): Generator<string> {
  const kind = jsonKind(text);
  if (kind === 'array') throw cannot('cannot call json_object_keys on an array');
  if (kind !== 'object') throw cannot('cannot call json_object_keys on a scalar');
  for (const { key } of jsonParts(checkEscapes(text))) yield key;
}

function arrayLength(text: string): number {
  const kind = jsonKind(text);
  if (kind === 'object') throw cannot('cannot get array length of a non-array');
  if (kind !== 'array') throw cannot('cannot get array length of a scalar');
  return [...jsonParts(text)].length;
}

/** Without the members that are null, and without blanks. */
function stripNulls(text: string): string {
  const kind = jsonKind(text);
  if (kind === 'array') return `[${[...jsonParts(text)].map(({ value }) => stripNulls(value)).join(',')}]`;
  if (kind === 'string') return quoteJson(decodeJsonString(text));
  if (kind !== 'object') return text.trim();
  const kept = [...jsonParts(text)].filter(({ value }) => jsonKind(value) !== 'null');
  return `{${kept.map(({ key, value }) => `${quoteJson(key)}:${stripNulls(value)}`).join(',')}}`;
}

export const jsonAccessFunctions: Implementations = {
  'json_object_field(json,text)': scalar((text: string, key: string) => orNull(jsonMember(checkEscapes(text), key))),
  'json_object_field_text(json,text)': scalar((text: string, key: string) => textOrNull(jsonMember(checkEscapes(text), key))),
  'json_array_element(json,int4)': scalar((text: string, index: number) => orNull(jsonItem(checkEscapes(text), index))),
  'json_array_element_text(json,int4)': scalar((text: string, index: number) => textOrNull(jsonItem(checkEscapes(text), index))),
  'json_extract_path(json,_text)': scalar((text: string, path: ArrayValue) => orNull(atPath(checkEscapes(text), path))),
  'json_extract_path_text(json,_text)': scalar((text: string, path: ArrayValue) => textOrNull(atPath(checkEscapes(text), path))),
  'json_array_length(json)': scalar(arrayLength),
  'json_array_elements(json)': setReturning((text: string) => items(text, 'json_array_elements', same)),
  'json_array_elements_text(json)': setReturning((text: string) => items(text, 'json_array_elements_text', jsonAsText)),
  'json_each(json)': setReturning((text: string) => members(text, same)),
  'json_each_text(json)': setReturning((text: string) => members(text, jsonAsText)),
  'json_object_keys(json)': setReturning(keys),
  'json_typeof(json)': scalar(jsonKind),
  'json_strip_nulls(json)': scalar((text: string) => stripNulls(checkEscapes(text))),
};
