/**
 * What clients of a list-append workload have seen. Each list is one key; a transaction appends numbers that nobody else appends, and reads whole lists.
 */
import type { Timestamp } from '#base/world.ts';

export type Operation =
  | { readonly kind: 'append'; readonly key: string; readonly value: number }
  | { readonly kind: 'read'; readonly key: string; readonly values: readonly number[] };

export type HistoryTransaction = {
  readonly id: number;
  /** Places in the one order of all invocations and returns, as the driver of the clients has seen them. */
  readonly invoked: number;
  readonly returned: number;
  /** ok: acknowledged; fail: certainly without effect; info: nobody knows. */
  readonly outcome: 'ok' | 'fail' | 'info';
  readonly operations: readonly Operation[];
  /** For checkTimestamps: as the journal has it, when that is known. */
  readonly snapshot: Timestamp;
  readonly commitTimestamp: Timestamp | undefined;
};

export type Violation = { readonly name: string; readonly detail: string };
