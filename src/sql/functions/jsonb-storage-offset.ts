/**
 * Where an object stands within PostgreSQL's stored form of a jsonb document: jsonpath's keyvalue() numbers objects by it.
 *
 * A container is a header of four bytes, four bytes for each key and each value, then the keys, then the values; numbers and
 * containers begin at multiples of four.
 */
import type { JsonNode } from '../types/jsonb-value.ts';
import { Numeric } from '../types/numeric-value.ts';
import { isArrayNode, isObjectNode, isScalarNode } from './jsonb-access.ts';

/** 0 for the document itself, and for what is no part of it. */
export function offsetInStorage(document: JsonNode, wanted: JsonNode): number {
  let found = 0;
  const aligned = (at: number): number => (at + 3) & ~3;

  /** One past the node that begins at `at`. */
  const place = (node: JsonNode, at: number): number => {
    if (node === wanted) found = at;
    if (typeof node === 'string') return at + Buffer.byteLength(node);
    if (node instanceof Numeric) return aligned(at) + numericSize(node);
    if (isArrayNode(node)) {
      let end = at + 4 + node.length * 4;
      for (const item of node) end = place(item, isScalarNode(item) ? end : aligned(end));
      return end;
    }
    if (isObjectNode(node)) {
      let end = at + 4 + node.size * 8;
      for (const key of node.keys()) end += Buffer.byteLength(key);
      for (const value of node.values()) end = place(value, isScalarNode(value) ? end : aligned(end));
      return end;
    }
    return at;
  };

  place(document, 0);
  return found;
}

/** Two bytes for every four decimal digits, counted from the point; six or eight of header. */
function numericSize(value: Numeric): number {
  const magnitude = String(value.unscaled < 0n ? -value.unscaled : value.unscaled).padStart(value.scale + 1, '0');
  const whole = magnitude.slice(0, magnitude.length - value.scale);
  const fraction = magnitude.slice(magnitude.length - value.scale);
  const groups =
    (whole.padStart(Math.ceil(whole.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')).match(/.{4}/g) ?? [];
  const first = groups.findIndex((group) => group !== '0000');
  if (first < 0) return 6;
  const last = groups.findLastIndex((group) => group !== '0000');
  const weight = Math.ceil(whole.length / 4) - 1 - first;
  const header = value.scale > 63 || weight > 63 || weight < -64 ? 8 : 6;
  return header + (last - first + 1) * 2;
}
