/**
 * What a journal needs of a replicated stream, and no more: so that the same journal runs over NATS JetStream (nats-record-stream.ts) and over the simulated one.
 *
 * A stream gives each stored message the next sequence (1, 2, 3, ...), for good. What it promises, and what it does not (dsql-internals section 3):
 *
 *   - `stored` means: on a majority of its servers' disks. A message that was stored is never changed.
 *   - The expected last sequence is compared when a message comes in. Of several messages under way one in the middle may be refused while a later one
 *     is taken, in the place that the refused one was meant to have. Hence the record rule (record-rule.ts): being stored is not yet counting.
 *   - `unknown`: it may have been stored, may be stored yet, or never. Sent again with the same expectation it is stored at most once.
 *   - A reader gets every message in order. Reading may lag behind what is stored; asking the bounds goes to the stream's leader, who may just have been deposed.
 */

/** 1-based number of a message in its stream. */
export type Sequence = number;

export type Publication =
  | { readonly kind: 'stored'; readonly sequence: Sequence }
  /** The stream's last message was another one than expected. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown'; readonly reason: string };

export type StreamBounds = { readonly first: Sequence; readonly last: Sequence /** What it holds, about. */; readonly bytes: number };

export interface RecordStream {
  /** 26 characters: which journal the stream was made for. */
  readonly journalId: string;
  /** Greatest size of one message. */
  readonly maximumMessageBytes: number;
  /** `first` is `last + 1` when the stream holds nothing. Rejects when it cannot be learnt now. */
  bounds(): Promise<StreamBounds>;
  publish(message: Uint8Array, expectedLast: Sequence): Promise<Publication>;
  /**
   * Calls `take` for every message from `from` on, in order, as they are stored, until closed; goes on by itself after a lost connection. `onLost` when messages that should
   * be there are not: they were given up by truncation, or the stream has been damaged or replaced.
   */
  follow(
    from: Sequence,
    take: (sequence: Sequence, message: Uint8Array) => void,
    onLost: (error: Error) => void,
  ): { readonly close: () => void };
  /** The stored messages from `from` on, at most `count`; fewer at the end, or when they are large. */
  fetch(from: Sequence, count: number): Promise<readonly { readonly sequence: Sequence; readonly message: Uint8Array }[]>;
  /** Gives up what lies before `sequence`; a smaller sequence than the first does nothing. */
  purgeBefore(sequence: Sequence): Promise<void>;
  close(): Promise<void>;
}
