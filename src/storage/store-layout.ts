/**
 * How a replica's state lies in its ordered store.
 *
 *   key                                   value                               entry
 *   K                                     timestamp, mark, row                newest version of K: "current"
 *   0 'h' K ~timestamp                    mark, row                           a superseded version of K: "history"
 *   0 'c' timestamp sequence              list of (K, superseded timestamp)   what may be collected when the horizon passes `timestamp`
 *   0 'n' space                           rows, versions written              of a space, in eight bytes each (row-counts.ts)
 *   0 'm'                                 format, journal, position, ...      the header, written with every batch (S5)
 *
 * Timestamps are eight bytes, big-endian; ~ is the complement, so that newer comes first. The mark is 1 for a row, 0 for a tombstone.
 * Space 0 is the store's own: no key of a replica begins with four zero bytes, so the kinds cannot meet.
 *
 * Current entries hold one entry a key, as base blocks will: a point read at a fresh snapshot is one exact look-up (a third of the price
 * of a seek), and a scan steps over no old versions however often a row was written. Only a read behind the newest version seeks in history:
 * the first entry at or after K ~snapshot is the version it wants.
 *
 * The history key is not ambiguous: it ends in eight bytes always, so K is what lies between. Nor can the entries of two keys
 * interleave: no key is a proper prefix of another (K2 within a space; two spaces differ within their four bytes), hence two keys differ
 * at a byte that both have, and whatever follows does not change their order.
 */
import { assert } from '#base/assert.ts';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { Timestamp } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import type { OrderedStore } from './ordered-store.ts';

/** Changes whenever anything on this page does: an older store is wiped and rebuilt. */
const formatVersion = 2;

const ownSpace = spacePrefix(0);
export const headerKey: Key = `${ownSpace}m`;
const historyPrefix: Key = `${ownSpace}h`;
const collectionPrefix: Key = `${ownSpace}c`;
const rowCountPrefix: Key = `${ownSpace}n`;
export const rowCountStart: Key = rowCountPrefix;
export const rowCountEnd: Key = `${ownSpace}o`;
export const collectionStart: Key = collectionPrefix;
export const collectionEnd: Key = `${ownSpace}d`;
/** Everything that a store holds lies in [storeStart, storeEnd). */
export const storeStart: Key = ownSpace;
export const storeEnd: Key = '\xff'.repeat(64);
/** Where the keys of replicas begin. */
export const firstKey: Key = spacePrefix(1);

const tombstoneMark = 0;
const rowMark = 1;
/** Bytes before the row in a current entry, and in a history entry. */
export const currentHeaderBytes = 9;
export const historyHeaderBytes = 1;

export const timestampOf = (current: Buffer): Timestamp =>
  ((current[0] << 24) | (current[1] << 16) | (current[2] << 8) | current[3]) * 4294967296 +
  (((current[4] << 24) | (current[5] << 16) | (current[6] << 8) | current[7]) >>> 0);

export const isCurrentTombstone = (current: Buffer): boolean => current[8] === tombstoneMark;
export const isHistoryTombstone = (history: Buffer): boolean => history[0] === tombstoneMark;

/** A current entry's value, laid at the start of `target`; returns its length. */
export function writeCurrent(target: Buffer, timestamp: Timestamp, row: Uint8Array | undefined): number {
  writeTimestamp(target, timestamp);
  // Not by way of a view of the rest: a view costs more than the row. Hot: once a flushed row.
  target[8] = row === undefined ? tombstoneMark : rowMark;
  if (row === undefined) return currentHeaderBytes;
  target.set(row, currentHeaderBytes);
  return currentHeaderBytes + row.length;
}

/** A history entry's value, laid at the start of `target`; returns its length. */
export function writeHistory(target: Buffer, row: Buffer | undefined): number {
  target[0] = row === undefined ? tombstoneMark : rowMark;
  if (row === undefined) return historyHeaderBytes;
  target.set(row, historyHeaderBytes);
  return historyHeaderBytes + row.length;
}

export const historyKey = (key: Key, timestamp: Timestamp): Key => historyPrefix + key + complement(timestamp);
/** Behind the last history entry of the key. */
export const historyEnd = (key: Key): Key => `${historyPrefix}${key}\xff\xff\xff\xff\xff\xff\xff\xff\xff`;
/** The timestamp at the end of a history entry's key. */
export function historyTimestamp(key: Key): Timestamp {
  let high = 0;
  let low = 0;
  const at = key.length - 8;
  for (let i = 0; i < 4; i++) {
    high = high * 256 + (0xff - key.charCodeAt(at + i));
    low = low * 256 + (0xff - key.charCodeAt(at + 4 + i));
  }
  return high * 4294967296 + low;
}

/**
 * A version of the key that goes when the horizon passes `by`: the one of timestamp `superseded`, by a newer one; or, when the two are
 * equal, the tombstone of that timestamp itself, if it is still the key's newest version then.
 */
export type Collectable = { readonly key: Key; readonly by: Timestamp; readonly superseded: Timestamp };

export const collectionKey = (timestamp: Timestamp, sequence: number): Key =>
  collectionPrefix + timestampBytes(timestamp) + uint32Bytes(sequence);

/** The timestamp in a collection entry's key: the greatest `by` in its list. */
export function collectionTimestamp(key: Key): Timestamp {
  let timestamp = 0;
  for (let i = 0; i < 8; i++) timestamp = timestamp * 256 + key.charCodeAt(collectionPrefix.length + i);
  return timestamp;
}

export function encodeCollection(list: readonly Collectable[]): Buffer {
  const writer = new ByteWriter(4096);
  for (const { key, by, superseded } of list) {
    writer.int16(key.length);
    writer.latin1(key);
    writer.int64(by);
    writer.int64(superseded);
  }
  return writer.take();
}

export function decodeCollection(bytes: Buffer, length: number): Collectable[] {
  const reader = new ByteReader(bytes, 0, length);
  const list: Collectable[] = [];
  while (reader.remaining > 0) {
    const key = reader.latin1(reader.uint16());
    list.push({ key, by: Number(reader.int64()), superseded: Number(reader.int64()) });
  }
  return list;
}

/** By the space's prefix. */
export const rowCountKey = (prefix: Key): Key => rowCountPrefix + prefix;
export const spaceOfRowCount = (key: Key): Key => key.slice(rowCountPrefix.length);

/** Of one space: its rows, and the versions of rows that have been written in it. */
export type SpaceCount = { readonly rows: number; readonly versions: number };

export function encodeRowCount({ rows, versions }: SpaceCount): Buffer {
  const bytes = Buffer.allocUnsafeSlow(16);
  bytes.writeBigInt64BE(BigInt(rows), 0);
  bytes.writeBigInt64BE(BigInt(versions), 8);
  return bytes;
}

/** Stores of older releases have no number of versions: then there have been as many as there are rows. */
export function decodeRowCount(bytes: Buffer, length: number): SpaceCount {
  const rows = Number(bytes.readBigInt64BE(0));
  return { rows, versions: length < 16 ? rows : Number(bytes.readBigInt64BE(8)) };
}

/** Where a replica stands. */
export type Header = {
  readonly journalId: string;
  readonly position: JournalPosition;
  /** Chain hash of the journal after `position`. */
  readonly hash: Buffer;
  readonly appliedTimestamp: Timestamp;
  readonly catalogTimestamp: Timestamp;
  /** Reads below it are refused: versions that they need may be gone. */
  readonly horizon: Timestamp;
};

export function encodeHeader(header: Header): Buffer {
  const writer = new ByteWriter(128);
  writer.uint8(formatVersion);
  writer.uint8(header.journalId.length);
  writer.latin1(header.journalId);
  writer.int64(header.position);
  writer.int64(header.appliedTimestamp);
  writer.int64(header.catalogTimestamp);
  writer.int64(header.horizon);
  writer.uint8(header.hash.length);
  writer.bytes(header.hash);
  return writer.take();
}

/** undefined when it is of another format, or makes no sense. */
function decodeHeader(bytes: Buffer, length: number): Header | undefined {
  if (length < 2 || bytes[0] !== formatVersion || length < 2 + bytes[1] + 33) return undefined;
  const reader = new ByteReader(bytes, 1, length);
  const journalId = reader.latin1(reader.uint8());
  const [position, appliedTimestamp, catalogTimestamp, horizon] = [reader.int64(), reader.int64(), reader.int64(), reader.int64()].map(
    Number,
  );
  const hashBytes = reader.uint8();
  if (reader.remaining !== hashBytes) return undefined;
  const hash = Buffer.from(reader.bytes(hashBytes));
  if (position < 0 || catalogTimestamp > appliedTimestamp || horizon > appliedTimestamp) return undefined;
  return { journalId, position, hash, appliedTimestamp, catalogTimestamp, horizon };
}

/** Where the store stands; undefined when it holds nothing readable. */
export function readHeader(store: OrderedStore): Header | undefined {
  const length = store.get(headerKey);
  return length < 0 ? undefined : decodeHeader(store.bytes, length);
}

function writeTimestamp(target: Buffer, timestamp: Timestamp): void {
  const high = Math.floor(timestamp / 4294967296);
  const low = timestamp - high * 4294967296;
  target[0] = high >>> 24;
  target[1] = high >>> 16;
  target[2] = high >>> 8;
  target[3] = high;
  target[4] = low >>> 24;
  target[5] = low >>> 16;
  target[6] = low >>> 8;
  target[7] = low;
}

function complement(timestamp: Timestamp): string {
  assert(timestamp >= 0 && Number.isSafeInteger(timestamp), 'a timestamp is a whole number of microseconds');
  const high = Math.floor(timestamp / 4294967296);
  return uint32Bytes(0xffffffff - high) + uint32Bytes(0xffffffff - (timestamp - high * 4294967296));
}

function timestampBytes(timestamp: Timestamp): string {
  const high = Math.floor(timestamp / 4294967296);
  return uint32Bytes(high) + uint32Bytes(timestamp - high * 4294967296);
}

const uint32Bytes = (value: number): string =>
  String.fromCharCode((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
