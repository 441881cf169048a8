/**
 * The hash chain that every journal carries, wherever it lies.
 *
 *   frame = position int64, epoch uint32, previous hash 32, payload (entry-codec.ts)
 *
 * The chain is SHA-256 over frames, starting from the hash of the journal's id: an entry thereby names the journal and everything before it, and two
 * replicas that hold one hash hold one history. It costs some two microseconds a batch, not a commit.
 */
import { hash } from 'node:crypto';
import type { JournalPosition } from './journal.ts';

/** Position, epoch and previous hash: what precedes an entry's payload in its frame. */
export const entryHeaderBytes = 44;
export const hashBytes = 32;

export const genesisHash = (journalId: string): Uint8Array => hash('sha256', `borealis journal ${journalId}`, 'buffer');

/** `frame` is position, epoch, previous hash and payload. */
export const chainHash = (frame: Uint8Array): Uint8Array => hash('sha256', frame, 'buffer');

/** Up to which entry a history goes, and what it amounts to. */
export type ChainEnd = { readonly position: JournalPosition; readonly hash: Uint8Array; readonly epoch: number };

export const sameHash = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The journal is not what was written (J4): somebody must look at it, the program does not guess. */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged';
}

/** The journal can no longer be written (J5). */
export class JournalFailed extends Error {
  override readonly name = 'JournalFailed';
}
