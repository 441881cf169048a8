/**
 * The btree support functions that answer a distance and not just a sign: PostgreSQL hands out what memcmp says of the first bytes that
 * differ, or the difference of two small numbers.
 */
import type { Implementation, Implementations } from '../function.ts';
import { scalar } from '../function.ts';
import { trimBlanks } from '../types/text.ts';
import { uuidToBytes } from '../types/uuid.ts';

/** The difference of the first bytes that differ, else the sign of the difference in length. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return a[at] - b[at];
  return Math.sign(a.length - b.length);
}

/** Names end in a zero byte, which takes part. */
function compareNames(a: Uint8Array, b: Uint8Array): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const ofTexts = (compare: (a: Uint8Array, b: Uint8Array) => number): Implementation =>
  scalar((a: string, b: string) => compare(Buffer.from(a), Buffer.from(b)));

const ofBlankPadded = scalar((a: string, b: string) => compareBytes(Buffer.from(trimBlanks(a)), Buffer.from(trimBlanks(b))));

function uuidBytes(uuid: string): Uint8Array {
  const bytes = new Uint8Array(16);
  uuidToBytes(uuid, bytes);
  return bytes;
}

const byteOf = (char: string): number => (char === '' ? 0 : char.charCodeAt(0) & 0xff);

export const byteComparisons: Implementations = {
  'bttextcmp(text,text)': ofTexts(compareBytes),
  'bttext_pattern_cmp(text,text)': ofTexts(compareBytes),
  'btnametextcmp(name,text)': ofTexts(compareBytes),
  'bttextnamecmp(text,name)': ofTexts(compareBytes),
  'btnamecmp(name,name)': ofTexts(compareNames),
  'bpcharcmp(bpchar,bpchar)': ofBlankPadded,
  'btbpchar_pattern_cmp(bpchar,bpchar)': ofBlankPadded,
  'byteacmp(bytea,bytea)': scalar(compareBytes),
  'uuid_cmp(uuid,uuid)': scalar((a: string, b: string) => compareBytes(uuidBytes(a), uuidBytes(b))),
  'btcharcmp(char,char)': scalar((a: string, b: string) => byteOf(a) - byteOf(b)),
  'btint2cmp(int2,int2)': scalar((a: number, b: number) => a - b),
};
