/**
 * PostgreSQL's hash functions (Bob Jenkins' lookup3), bit for bit: applications use hashtext() and hashtextextended() to make lock keys and to
 * spread rows, and expect the same numbers.
 */
import { int8 } from '../datum.ts';
import { type Implementation, type Implementations, scalar } from '../function.ts';
import { trimBlanks } from '../types/text.ts';
import { uuidToBytes } from '../types/uuid.ts';

const start = 0x9e3779b9 + 3923095;

/** The three words of the hash's state. */
type Words = [number, number, number];

const rotate = (value: number, count: number): number => (value << count) | (value >>> (32 - count));

function mix(words: Words): void {
  let [a, b, c] = words;
  a = (a - c) ^ rotate(c, 4);
  c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 6);
  a = (a + c) | 0;
  c = (c - b) ^ rotate(b, 8);
  b = (b + a) | 0;
  a = (a - c) ^ rotate(c, 16);
  c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 19);
  a = (a + c) | 0;
  c = (c - b) ^ rotate(b, 4);
  b = (b + a) | 0;
  words[0] = a;
  words[1] = b;
  words[2] = c;
}

function finish(words: Words): void {
  let [a, b, c] = words;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  words[0] = a;
  words[1] = b;
  words[2] = c;
}

function begin(length: number, seed: bigint): Words {
  const word = (start + length) | 0;
  const words: Words = [word, word, word];
  if (seed !== 0n) {
    words[0] = (word + Number(BigInt.asIntN(32, seed >> 32n))) | 0;
    words[1] = (word + Number(BigInt.asIntN(32, seed))) | 0;
    mix(words);
  }
  return words;
}

function hashBytes(bytes: Uint8Array, seed: bigint): Words {
  const words = begin(bytes.length, seed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (; at + 12 <= bytes.length; at += 12) {
    words[0] = (words[0] + view.getInt32(at, true)) | 0;
    words[1] = (words[1] + view.getInt32(at + 4, true)) | 0;
    words[2] = (words[2] + view.getInt32(at + 8, true)) | 0;
    mix(words);
  }
  const rest = bytes.length - at;
  for (let i = 0; i < rest; i++) {
    // The lowest byte of the third word is the length's.
    const word = i < 4 ? 0 : i < 8 ? 1 : 2;
    const shift = word === 2 ? (i - 8 + 1) * 8 : (i & 3) * 8;
    words[word] = (words[word] + (bytes[at + i] << shift)) | 0;
  }
  finish(words);
  return words;
}

function hashWord(value: number, seed: bigint): Words {
  const words = begin(4, seed);
  words[0] = (words[0] + value) | 0;
  finish(words);
  return words;
}

const to32 = (words: Words): number => words[2];
const to64 = (words: Words): number | bigint => int8(BigInt.asIntN(64, (BigInt(words[1] >>> 0) << 32n) | BigInt(words[2] >>> 0)));

type Hash<Value> = (value: Value, seed: bigint) => Words;

const ofText: Hash<string> = (text, seed) => hashBytes(Buffer.from(text, 'utf8'), seed);
const ofBpchar: Hash<string> = (text, seed) => ofText(trimBlanks(text), seed);
const ofInteger: Hash<number> = hashWord;
const int8Max = 2n ** 63n - 1n;
/** An int8 hashes as the int4 of the same value; infinite timestamps are its ends. */
const ofInt8: Hash<number | bigint> = (value, seed) => {
  const whole = value === Number.POSITIVE_INFINITY ? int8Max : value === Number.NEGATIVE_INFINITY ? -int8Max - 1n : BigInt(value);
  const high = Number(BigInt.asIntN(32, whole >> 32n));
  return hashWord(Number(BigInt.asIntN(32, whole)) ^ (whole >= 0n ? high : ~high), seed);
};
const ofChar: Hash<string> = (value, seed) => hashWord(value === '' ? 0 : (value.charCodeAt(0) << 24) >> 24, seed);
const ofUuid: Hash<string> = (uuid, seed) => {
  const bytes = new Uint8Array(16);
  uuidToBytes(uuid, bytes);
  return hashBytes(bytes, seed);
};

const plain = <Value>(hash: Hash<Value>): Implementation => scalar((value: Value) => to32(hash(value, 0n)));
const extended = <Value>(hash: Hash<Value>): Implementation =>
  scalar((value: Value, seed: number | bigint) => to64(hash(value, BigInt(seed))));

/** Floats hash their bytes; both zeros are one value, and so are all NaNs. */
const ofFloat8: Hash<number> = (value, seed) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return hashBytes(new Uint8Array(view.buffer), seed);
};

export const hashFunctions: Implementations = {
  'hashtext(text)': plain(ofText),
  'hashtextextended(text,int8)': extended(ofText),
  'hashname(name)': plain(ofText),
  'hashnameextended(name,int8)': extended(ofText),
  'hashbpchar(bpchar)': plain(ofBpchar),
  'hashbpcharextended(bpchar,int8)': extended(ofBpchar),
  'hashchar(char)': plain(ofChar),
  'hashcharextended(char,int8)': extended(ofChar),
  'hashint2(int2)': plain(ofInteger),
  'hashint2extended(int2,int8)': extended(ofInteger),
  'hashint4(int4)': plain(ofInteger),
  'hashint4extended(int4,int8)': extended(ofInteger),
  'hashint8(int8)': plain(ofInt8),
  'hashint8extended(int8,int8)': extended(ofInt8),
  'hashoid(oid)': plain(ofInteger),
  'hashoidextended(oid,int8)': extended(ofInteger),
  'uuid_hash(uuid)': plain(ofUuid),
  'uuid_hash_extended(uuid,int8)': extended(ofUuid),
  ...Object.fromEntries(
    ['time', 'timestamp'].flatMap((type) => [
      [`${type}_hash(${type})`, plain(ofInt8)],
      [`${type}_hash_extended(${type},int8)`, extended(ofInt8)],
    ]),
  ),
  'hashfloat8(float8)': scalar((value: number) => (value === 0 ? 0 : to32(ofFloat8(value, 0n)))),
  'hashfloat8extended(float8,int8)': scalar((value: number, seed: number | bigint) =>
    value === 0 ? seed : to64(ofFloat8(value, BigInt(seed))),
  ),
  'hashfloat4(float4)': scalar((value: number) => (value === 0 ? 0 : to32(ofFloat8(value, 0n)))),
  'hashfloat4extended(float4,int8)': scalar((value: number, seed: number | bigint) =>
    value === 0 ? seed : to64(ofFloat8(value, BigInt(seed))),
  ),
};
