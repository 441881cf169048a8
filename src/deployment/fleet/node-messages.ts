/**
 * What the nodes of a cluster say to each other, as bytes (format 1 of each kind; a first byte that is not known is passed over by whoever gets it).
 *
 *   node -> leader (subject `leader.EPOCH`)      heartbeat, receipt, farewell, commits; asking: head
 *   leader -> one node (subject `node.NAME`)     grant, verdicts
 *   leader -> all nodes (subject `stable`)       stable mark, hand-over
 */
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import { decodeRequest, decodeVerdict, encodeVerdict, MalformedMessage } from '#adjudicator/request-codec.ts';
import { ByteReader, ByteWriter, EndOfBytes } from '#base/bytes.ts';
import { readCount, readLatin1, writeCount, writeLatin1 } from '#base/compact.ts';
import type { Timestamp } from '#base/world.ts';
import type { LeaseOfNode, SentAt } from '#crossbar/read-leases.ts';
import type { JournalPosition } from '#journal/journal.ts';

export const messageKind = {
  heartbeat: 1,
  receipt: 2,
  farewell: 3,
  head: 4,
  commits: 5,
  grant: 6,
  stable: 7,
  verdicts: 8,
  handOver: 9,
} as const;

/** Bytes that no node of a known version has sent. */
export const isMalformed = (error: unknown): error is Error => error instanceof MalformedMessage || error instanceof EndOfBytes;

export type Heartbeat = {
  readonly node: string;
  readonly sentAt: SentAt;
  readonly received: JournalPosition;
  /** Up to here the node needs the journal no more. */
  readonly flushed: JournalPosition;
  /** It asks for a read lease; otherwise it only tells that it is there. */
  readonly wantsLease: boolean;
};

export function encodeHeartbeat({ node, sentAt, received, flushed, wantsLease }: Heartbeat): Uint8Array {
  const writer = started(messageKind.heartbeat, 64);
  writeLatin1(writer, node);
  writer.float64(sentAt.monotonicMs);
  writer.int64(sentAt.wall);
  writer.int64(received);
  writer.int64(flushed);
  writer.uint8(wantsLease ? 1 : 0);
  return writer.view();
}

export function decodeHeartbeat(reader: ByteReader): Heartbeat {
  const node = readLatin1(reader);
  const sentAt = { monotonicMs: reader.float64(), wall: Number(reader.int64()) };
  return { node, sentAt, received: Number(reader.int64()), flushed: Number(reader.int64()), wantsLease: reader.uint8() === 1 };
}

export type Receipt = { readonly node: string; readonly position: JournalPosition };

export function encodeReceipt({ node, position }: Receipt): Uint8Array {
  const writer = started(messageKind.receipt, 32);
  writeLatin1(writer, node);
  writer.int64(position);
  return writer.view();
}

export const decodeReceipt = (reader: ByteReader): Receipt => ({ node: readLatin1(reader), position: Number(reader.int64()) });

/** The node has given up its lease: nobody has to wait for it. */
export function encodeFarewell(node: string): Uint8Array {
  const writer = started(messageKind.farewell, 32);
  writeLatin1(writer, node);
  return writer.view();
}

export const decodeFarewell = (reader: ByteReader): string => readLatin1(reader);

export const headQuestion = (): Uint8Array => started(messageKind.head, 1).view();

/** 0 where the leader does not lead any more. */
export function encodeHead(timestamp: Timestamp | undefined): Uint8Array {
  const writer = new ByteWriter(8);
  writer.int64(timestamp ?? -1);
  return writer.view();
}

export function decodeHead(reader: ByteReader): Timestamp | undefined {
  const timestamp = Number(reader.int64());
  return timestamp < 0 ? undefined : timestamp;
}

/** Encoded requests that a node has made in one turn. */
export function encodeCommits(node: string, requests: readonly Uint8Array[]): Uint8Array {
  let bytes = node.length + 16;
  for (const { length } of requests) bytes += length + 5;
  const writer = started(messageKind.commits, bytes);
  writeLatin1(writer, node);
  writeCount(writer, requests.length);
  for (const request of requests) writePart(writer, request);
  return writer.view();
}

export type Commits = { readonly node: string; readonly requests: readonly CommitRequest[] };

/** Throws MalformedMessage. */
export function decodeCommits(reader: ByteReader): Commits {
  const node = readLatin1(reader);
  const requests: CommitRequest[] = [];
  for (let left = readCount(reader); left > 0; left--) requests.push(decodeRequest(readPart(reader)));
  return { node, requests };
}

export type TransactionVerdict = { readonly transactionId: string; readonly verdict: Verdict };

export function encodeVerdicts(epoch: number, verdicts: readonly TransactionVerdict[]): Uint8Array {
  const writer = started(messageKind.verdicts, 16 + verdicts.length * 64);
  writer.uint32(epoch);
  writeCount(writer, verdicts.length);
  for (const { transactionId, verdict } of verdicts) {
    writeLatin1(writer, transactionId);
    writePart(writer, encodeVerdict(verdict));
  }
  return writer.view();
}

export type Verdicts = { readonly epoch: number; readonly verdicts: readonly TransactionVerdict[] };

/** Throws MalformedMessage. */
export function decodeVerdicts(reader: ByteReader): Verdicts {
  const epoch = reader.uint32();
  const verdicts: TransactionVerdict[] = [];
  for (let left = readCount(reader); left > 0; left--)
    verdicts.push({ transactionId: readLatin1(reader), verdict: decodeVerdict(readPart(reader)) });
  return { epoch, verdicts };
}

export type Grant = { readonly epoch: number; readonly number: number; readonly sentAt: SentAt };

export function encodeGrant({ epoch, number, sentAt }: Grant): Uint8Array {
  const writer = started(messageKind.grant, 40);
  writer.uint32(epoch);
  writer.int64(number);
  writer.float64(sentAt.monotonicMs);
  writer.int64(sentAt.wall);
  return writer.view();
}

export const decodeGrant = (reader: ByteReader): Grant => ({
  epoch: reader.uint32(),
  number: Number(reader.int64()),
  sentAt: { monotonicMs: reader.float64(), wall: Number(reader.int64()) },
});

export type StableAnnouncement = { readonly epoch: number; readonly stable: Timestamp };

export function encodeStable({ epoch, stable }: StableAnnouncement): Uint8Array {
  const writer = started(messageKind.stable, 16);
  writer.uint32(epoch);
  writer.int64(stable);
  return writer.view();
}

export const decodeStable = (reader: ByteReader): StableAnnouncement => ({ epoch: reader.uint32(), stable: Number(reader.int64()) });

/** What a leader that has stopped leaves behind: it grants no lease any more, and these are all that anybody may trust. */
export type HandOver = { readonly epoch: number; readonly leases: readonly LeaseOfNode[] };

export function encodeHandOver({ epoch, leases }: HandOver): Uint8Array {
  const writer = started(messageKind.handOver, 16 + leases.length * 40);
  writer.uint32(epoch);
  writeCount(writer, leases.length);
  for (const { node, number } of leases) {
    writeLatin1(writer, node);
    writer.int64(number);
  }
  return writer.view();
}

export function decodeHandOver(reader: ByteReader): HandOver {
  const epoch = reader.uint32();
  const leases: LeaseOfNode[] = [];
  for (let left = readCount(reader); left > 0; left--) leases.push({ node: readLatin1(reader), number: Number(reader.int64()) });
  return { epoch, leases };
}

function started(kind: number, bytes: number): ByteWriter {
  const writer = new ByteWriter(bytes);
  writer.uint8(kind);
  return writer;
}

function writePart(writer: ByteWriter, bytes: Uint8Array): void {
  writeCount(writer, bytes.length);
  writer.bytes(bytes);
}

const readPart = (reader: ByteReader): ByteReader => new ByteReader(reader.bytes(readCount(reader)));
