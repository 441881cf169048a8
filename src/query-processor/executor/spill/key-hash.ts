/**
 * Key hash: which partition a row belongs to, by its key. Equal keys (key-numbering.ts N2) have equal hashes, also across the integer types and
 * across the string types, which a hash join may compare. Each depth of partitioning has hashes of its own.
 */

import { datumAt, type Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { hashKeyOf } from '../key-numbering.ts';
import { partitionCount } from './partitions.ts';

const nullHash = 0x2545f491;

/** Spreads all bits of a 32-bit integer over all. */
function mix(bits: number): number {
  let h = bits;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const float = new Float64Array(1);
const floatBits = new Int32Array(float.buffer);

function hashPrimitive(value: Exclude<Datum, null | object>): number {
  switch (typeof value) {
    case 'number':
      if ((value | 0) === value) return mix(value);
      float[0] = value;
      return mix(floatBits[0] ^ Math.imul(floatBits[1], 31));
    case 'string': {
      let h = value.length;
      for (let at = 0; at < value.length; at++) h = Math.imul(h ^ value.charCodeAt(at), 0x01000193);
      return mix(h);
    }
    case 'bigint':
      return mix(Number(value & 0xffffffffn) ^ Number((value >> 32n) & 0xffffffffn));
    case 'boolean':
      return value ? 0x9e3779b9 : 0x7f4a7c15;
  }
}

export class KeyHash {
  readonly #hashKeys: readonly ReturnType<typeof hashKeyOf>[];

  constructor(typeOids: readonly number[]) {
    this.#hashKeys = typeOids.map((typeOid) => hashKeyOf(typeByOid(typeOid)));
  }

  /** The partition of each row. */
  partitions(vectors: readonly Vector[], rowCount: number, depth: number): Int32Array {
    const out = new Int32Array(rowCount);
    const seed = mix(depth + 1);
    for (let row = 0; row < rowCount; row++) {
      let h = seed;
      for (let k = 0; k < vectors.length; k++) {
        const value = datumAt(vectors[k], row);
        let bits = nullHash;
        if (value !== null) {
          const hashKey = this.#hashKeys[k];
          const key = hashKey === undefined ? value : hashKey(value);
          if (typeof key !== 'object') bits = hashPrimitive(key);
        }
        h = mix(Math.imul(h, 31) ^ bits);
      }
      out[row] = (h >>> 0) % partitionCount;
    }
    return out;
  }
}
