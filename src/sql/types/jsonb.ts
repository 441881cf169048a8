/**
 * jsonb: a parsed document (jsonb-value.ts).
 *
 *   order  Object > Array > Boolean > Number > String > null; containers by size first, then member by member. An empty array
 *          stands below every scalar document, as it does in PostgreSQL.
 *   row    a tag byte a node, lengths as base-128 numbers; the keys of objects are in order already
 */
import type { ByteWriter } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { behaviour } from './behaviour.ts';
import { joinHashKey } from './element-hash.ts';
import { checkVersion } from './json.ts';
import { depthExceeded, maxJsonbDepth, parseJson } from './json-parser.ts';
import { Jsonb, type JsonNode } from './jsonb-value.ts';
import { formatNumeric, hashNumeric, numericType } from './numeric.ts';
import { compareNumeric } from './numeric-arithmetic.ts';
import { Numeric } from './numeric-value.ts';
import { compareText, decodeTextRow, receiveText } from './text.ts';

/** Documents are walked by recursion, and values built by functions may be deeper than those that were read. */
function deeper(depth: number): number {
  if (depth >= maxJsonbDepth) throw depthExceeded();
  return depth + 1;
}

export const parseJsonb = (text: string): Jsonb => new Jsonb(parseJson(text));

const isArray = (node: JsonNode): node is readonly JsonNode[] => Array.isArray(node);

/** Text as jsonb prints it, with ", " and ": ". */
export const formatJsonb = (node: JsonNode): string => formatNode(node, 0);

function formatNode(node: JsonNode, depth: number): string {
  if (node === null) return 'null';
  if (typeof node === 'string') return quoteJson(node);
  if (typeof node === 'boolean') return node ? 'true' : 'false';
  if (node instanceof Numeric) return formatNumeric(node);
  let text = '';
  if (isArray(node)) {
    for (const item of node) text += text === '' ? formatNode(item, deeper(depth)) : `, ${formatNode(item, deeper(depth))}`;
    return `[${text}]`;
  }
  for (const [key, value] of node) {
    text += `${text === '' ? '' : ', '}${quoteJson(key)}: ${formatNode(value, deeper(depth))}`;
  }
  return `{${text}}`;
}

/** A JSON string with its quotes. JavaScript escapes the same characters in the same way. */
export const quoteJson = (text: string): string => JSON.stringify(text);

/** null, string, number, boolean, array, object: PostgreSQL's order of kinds. */
function rank(node: JsonNode): number {
  if (node === null) return 0;
  if (typeof node === 'string') return 1;
  if (typeof node === 'boolean') return 3;
  if (node instanceof Numeric) return 2;
  return isArray(node) ? 4 : 5;
}

export function compareJsonb(a: JsonNode, b: JsonNode): number {
  // PostgreSQL keeps a scalar document as an array of one element, below arrays of one element and above those of none.
  const left = rank(a);
  const right = rank(b);
  if (left < 4 && right === 4) return isArray(b) && b.length === 0 ? 1 : -1;
  if (right < 4 && left === 4) return isArray(a) && a.length === 0 ? -1 : 1;
  return compareNodes(a, b, 0);
}

function compareNodes(a: JsonNode, b: JsonNode, depth: number): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Numeric && b instanceof Numeric) return compareNumeric(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Map && b instanceof Map) return compareObjects(a, b, deeper(depth));
  if (isArray(a) && isArray(b)) {
    if (a.length !== b.length) return a.length - b.length;
    for (let at = 0; at < a.length; at++) {
      const order = compareNodes(a[at], b[at], deeper(depth));
      if (order !== 0) return order;
    }
    return 0;
  }
  return rank(a) - rank(b);
}

function compareObjects(a: ReadonlyMap<string, JsonNode>, b: ReadonlyMap<string, JsonNode>, depth: number): number {
  if (a.size !== b.size) return a.size - b.size;
  const others = b.entries();
  for (const [key, value] of a) {
    const other = others.next();
    if (other.done === true) break;
    const order = compareText(key, other.value[0]) || compareNodes(value, other.value[1], depth);
    if (order !== 0) return order;
  }
  return 0;
}

function hashNode(joined: string, node: JsonNode, depth: number): string {
  if (node === null) return joinHashKey(joined, undefined);
  if (node instanceof Numeric) {
    const key = hashNumeric(node);
    return `${joined}#${key};`;
  }
  if (typeof node === 'string' || typeof node === 'boolean') return joinHashKey(joined, node);
  let text = joined;
  if (isArray(node)) {
    text += '[';
    for (const item of node) text = hashNode(text, item, deeper(depth));
    return `${text}]`;
  }
  text += '{';
  for (const [key, value] of node) text = hashNode(joinHashKey(text, key), value, deeper(depth));
  return `${text}}`;
}

const tag = { null: 0, false: 1, true: 2, string: 3, numeric: 4, array: 5, object: 6 } as const;

function writeLength(length: number, writer: ByteWriter): void {
  let rest = length;
  while (rest >= 0x80) {
    writer.uint8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.uint8(rest);
}

function writeText(text: string, writer: ByteWriter): void {
  writeLength(Buffer.byteLength(text), writer);
  writer.utf8(text);
}

function encodeNode(node: JsonNode, writer: ByteWriter, depth: number): void {
  if (node === null) writer.uint8(tag.null);
  else if (typeof node === 'boolean') writer.uint8(node ? tag.true : tag.false);
  else if (typeof node === 'string') {
    writer.uint8(tag.string);
    writeText(node, writer);
  } else if (node instanceof Numeric) {
    writer.uint8(tag.numeric);
    const at = writer.length;
    writer.int32(0);
    numericType.encodeRow(node, writer);
    writer.patchInt32(at, writer.length - at - 4);
  } else if (isArray(node)) {
    writer.uint8(tag.array);
    writeLength(node.length, writer);
    for (const item of node) encodeNode(item, writer, deeper(depth));
  } else {
    writer.uint8(tag.object);
    writeLength(node.size, writer);
    for (const [key, value] of node) {
      writeText(key, writer);
      encodeNode(value, writer, deeper(depth));
    }
  }
}

class NodeReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer, offset: number) {
    this.#buffer = buffer;
    this.#at = offset;
  }

  node(): JsonNode {
    switch (this.#buffer[this.#at++]) {
      case tag.null:
        return null;
      case tag.false:
        return false;
      case tag.true:
        return true;
      case tag.string:
        return this.#text();
      case tag.numeric: {
        const length = this.#buffer.readInt32BE(this.#at);
        const value = numericType.decodeRow(this.#buffer, this.#at + 4, length);
        this.#at += 4 + length;
        return value instanceof Numeric ? value : null;
      }
      case tag.array: {
        const count = this.#length();
        const items: JsonNode[] = [];
        for (let index = 0; index < count; index++) items.push(this.node());
        return items;
      }
      case tag.object: {
        const count = this.#length();
        const entries = new Map<string, JsonNode>();
        for (let index = 0; index < count; index++) {
          const key = this.#text();
          entries.set(key, this.node());
        }
        return entries;
      }
      default:
        throw new SqlError(sqlstate.dataCorrupted, 'unknown kind of node in a stored jsonb value');
    }
  }

  #text(): string {
    const length = this.#length();
    const text = decodeTextRow(this.#buffer, this.#at, length);
    this.#at += length;
    return text;
  }

  #length(): number {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#buffer[this.#at++];
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) return length;
    }
  }
}

export const jsonbType = behaviour<Jsonb>({
  input: parseJsonb,
  output: (value) => formatJsonb(value.root),
  receive(reader) {
    checkVersion('jsonb', reader.uint8());
    return parseJsonb(receiveText(reader));
  },
  send(value, writer) {
    writer.uint8(1);
    writer.utf8(formatJsonb(value.root));
  },
  compare: (a, b) => compareJsonb(a.root, b.root),
  hashKey: (value) => hashNode('', value.root, 0),
  encodeRow: (value, writer) => encodeNode(value.root, writer, 0),
  decodeRow: (buffer, offset) => new Jsonb(new NodeReader(buffer, offset).node()),
});
