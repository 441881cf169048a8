/**
 * Storage: multi-version rows and index entries of one replica, built from the journal alone.
 *
 * Readers name a snapshot, wait for no writer and leave no trace. Writers never come here: versions arrive from the crossbar,
 * committed, in commit order. A replica can be thrown away and rebuilt.
 *
 *   S1  The versions of a key strictly descend in commit timestamp.
 *   S2  apply() only moves the applied position forward, one entry at a time, each whole: a reader sees all of a commit or nothing.
 *   S3  A read as of t answers only when every commit at or below t has been applied.
 *   S4  Collection keeps, of each key, the newest version at or below the horizon, and all newer ones; a read below the horizon is an error.
 *   S5  What is in LMDB carries the journal position and chain hash in the same LMDB transaction; replay from there is idempotent.
 *
 * A read lays four sources over each other: the transaction's own writes, recent (memory), delta (LMDB, versioned) and, later, base (LMDB, blocks).
 */
import type { Timestamp } from '#base/world.ts';
import type { Batch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Expression } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { Key, KeyRange, SpaceId } from '#sql/key.ts';

/** Something that the caller must wait for before it asks for more (see query-processor/executor/operator.ts). */
export type Wait = Promise<void>;

export interface Storage {
  /** Every commit at or below this is applied and visible here. */
  readonly appliedTimestamp: Timestamp;
  /** Commit timestamp of the newest applied commit that wrote in the catalog's space (sql/spaces.ts); 0 when none has. */
  readonly catalogTimestamp: Timestamp;
  /** Oldest snapshot that can be read. */
  readonly horizon: Timestamp;
  /**
   * Roughly how many rows (or index entries) a space holds: a power of two, at least 1 024, that moves seldom (row-counts.ts). For plans only.
   */
  rowCount(space: SpaceId): number;
  /**
   * Rows of a space, and the versions of rows that were written in it since it was last empty (on this replica: since it was built), as far as they have
   * been flushed. To judge by how much a table has changed.
   */
  flushedCount(space: SpaceId): { readonly rows: number; readonly versions: number };
  /** Bytes of all that this replica holds, in the store and over it. */
  readonly heldBytes: number;
  /** Changes whenever some space's rowCount does, and when a row of the statistics' space is written: plans are then made anew. */
  readonly statisticsVersion: number;
  /** Resolves when appliedTimestamp >= timestamp; undefined when it is so already. */
  untilApplied(timestamp: Timestamp): Promise<void> | undefined;

  /**
   * Values of the keys as of the snapshot, undefined where there is none (or a tombstone). Synchronous: data is local.
   * `observed` is raised to the newest commit timestamp met.
   */
  get(snapshot: Timestamp, keys: readonly Key[], observed: Observed): readonly (Uint8Array | undefined)[];

  /**
   * Rows of the ranges as of the snapshot, in key order (or its reverse), filtered and projected here beside the data.
   * Yields batches of 1 to 1 024 rows, or a Wait now and then: a long scan gives other work its turn.
   */
  scan(request: ScanRequest, context: EvaluationContext, observed: Observed): Generator<Batch | Wait, void, undefined>;

  /**
   * Raw versions, for index builds, digests and backups: newest at or below the snapshot, tombstones left out. They end behind `limit` rows, or behind the
   * row that brings their keys and values to `byteLimit`.
   */
  scanKeys(
    snapshot: Timestamp,
    range: KeyRange,
    limit: number,
    byteLimit?: number,
  ): readonly { readonly key: Key; readonly value: Uint8Array; readonly timestamp: Timestamp }[];
}

/**
 * The newest commit timestamp among the versions that a statement has met, visible or not, tombstones included. The session holds the
 * answer back until the stable mark has passed it (design 4.6).
 */
export type Observed = {
  newest: Timestamp;
  /** Grows by the keys and values met, where there is such a count to be kept. */
  bytes?: number;
  /** Where it is given: rows that a scan's filter has left out are added. */
  removed?: number;
};

/** Plain data but for the overlay. */
export type ScanRequest = {
  readonly snapshot: Timestamp;
  readonly ranges: readonly KeyRange[];
  readonly descending: boolean;
  /** How stored values are laid out: the type oid of each stored field, in order (sql/row.ts). */
  readonly fieldTypes: readonly number[];
  /**
   * What a batch of the result holds: a stored field by position, or the row's key (as a byte string datum).
   * A field beyond the stored ones reads as `missing[field]`, NULL when undefined (columns added later).
   */
  readonly columns: readonly (number | 'key')[];
  readonly missing: readonly (Datum | undefined)[];
  /** Over the result's columns: ColumnId i means columns[i]. Rows where it is not true are left out. */
  readonly filter: Expression | undefined;
  /** Stop after so many rows (after the filter). */
  readonly limit: number | undefined;
  /** The transaction's own writes, laid over the snapshot. */
  readonly overlay: Overlay | undefined;
};

/** A transaction's own writes in key order. */
export interface Overlay {
  get(key: Key): { readonly value: Uint8Array | undefined } | undefined;
  /** Entries in [start, end) in key order, or in reverse. */
  entries(range: KeyRange, descending: boolean): Iterable<{ readonly key: Key; readonly value: Uint8Array | undefined }>;
}
