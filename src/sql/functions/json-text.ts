/**
 * Looking into a json value without taking it apart: it stays the text it is, and its parts are slices of that. The text has been
 * checked when the value was made, so the scanner only finds where things end.
 */
import { parseJson } from '../types/json-parser.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** A member of an object or an item of an array, whose key is then ''. */
export type JsonPart = { readonly key: string; readonly value: string };

const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const code = text.charCodeAt(at++);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at;
  }
}

/** One past the value that begins here. */
function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  let at = from;
  if (first !== '{' && first !== '[') {
    while (at < text.length && !/[,\]}\s]/.test(text[at])) at++;
    return at;
  }
  for (let depth = 0; ; ) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at);
      continue;
    }
    at++;
    if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at;
  }
}

export function jsonKind(text: string): JsonKind {
  switch (text[skipBlanks(text, 0)]) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

/** What a JSON string says; its escapes are read here for the first time, and may be refused. */
export function decodeJsonString(literal: string): string {
  const text = literal.trim();
  return text.includes('\\') ? String(parseJson(text)) : text.slice(1, -1);
}

/** Escapes in any place of the text are refused where PostgreSQL reads all of it, even when another part was asked for. */
export function checkEscapes(text: string): string {
  if (text.includes('\\u')) parseJson(text);
  return text;
}

/** The members or items of a container in order, equal keys included. */
export function* jsonParts(text: string): Generator<JsonPart> {
  let at = skipBlanks(text, 0);
  const isObject = text[at] === '{';
  at = skipBlanks(text, at + 1);
  while (text[at] !== '}' && text[at] !== ']') {
    let key = '';
    if (isObject) {
      const end = endOfString(text, at);
      key = decodeJsonString(text.slice(at, end));
      at = skipBlanks(text, skipBlanks(text, end) + 1);
    }
    const end = endOfValue(text, at);
    yield { key, value: text.slice(at, end) };
    at = skipBlanks(text, end);
    if (text[at] === ',') at = skipBlanks(text, at + 1);
  }
}

/** The last member of that name; undefined where there is none, or no object. */
export function jsonMember(text: string, key: string): string | undefined {
  if (jsonKind(text) !== 'object') return undefined;
  let found: string | undefined;
  for (const part of jsonParts(text)) if (part.key === key) found = part.value;
  return found;
}

/** Negative indexes count from the end. */
export function jsonItem(text: string, index: number): string | undefined {
  if (jsonKind(text) !== 'array') return undefined;
  const items = [...jsonParts(text)];
  return items[index < 0 ? items.length + index : index]?.value;
}

/** As text: strings without quotes, JSON null as NULL. */
export function jsonAsText(text: string): string | null {
  const kind = jsonKind(text);
  if (kind === 'null') return null;
  return kind === 'string' ? decodeJsonString(text) : text;
}
