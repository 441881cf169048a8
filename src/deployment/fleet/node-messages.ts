/**
 * What the nodes of a cluster say to each other, as bytes (format 1 of each kind; a first byte that is not known is passed over by whoever gets it).
 *
 *   node -> leader (subject `leader.EPOCH`)      heartbeat, receipt, farewell; asking: head, commit
 *   leader -> one node (subject `node.NAME`)     grant
 *   leader -> all nodes (subject `stable`)       stable mark
 */
import { type ByteReader, ByteWriter } from '#base/bytes.ts';
import { readLatin1, writeLatin1 } from '#base/compact.ts';
import type { Timestamp } from '#base/world.ts';
import type { SentAt } from '#crossbar/read-leases.ts';
import type { JournalPosition } from '#journal/journal.ts';

export const messageKind = { heartbeat: 1, receipt: 2, farewell: 3, head: 4, commit: 5, grant: 6, stable: 7 } as const;

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

export function commitQuestion(request: Uint8Array): Uint8Array {
  const writer = started(messageKind.commit, request.length + 1);
  writer.bytes(request);
  return writer.view();
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

function started(kind: number, bytes: number): ByteWriter {
  const writer = new ByteWriter(bytes);
  writer.uint8(kind);
  return writer;
}
