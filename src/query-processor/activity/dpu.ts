/**
 * Distributed processing units, as Aurora DSQL's documentation prices work (dsql-behaviour 11.5; docs/observing.md says what is measured here).
 *
 * A component of a transaction has a minimum once there is any of it; an estimate of one statement has none, because minimums are met per
 * transaction.
 */

/** DSQL: rows and index entries are written, and partitions read, in units of at least so many bytes. */
const leastBytes = 128;
const readDpuPerByte = 0.000_001_831_05;
const writeDpuPerByte = 0.000_048_83;
/** DSQL: what a transaction pays at least for having read 2 048 bytes or fewer, or written 1 024 or fewer. */
const leastReadBytes = 2048;
const leastWrittenBytes = 1024;

export const minimumReadDpu = leastReadBytes * readDpuPerByte;
export const minimumWriteDpu = leastWrittenBytes * writeDpuPerByte;

export type Work = {
  /** Milliseconds of computing, planning included. */
  readonly computeMs: number;
  /** Keys and values met in storage. */
  readonly readBytes: number;
  /** As `writtenBytes` counts. */
  readonly writtenBytes: number;
};

/** Bytes of a write set, index entries included, each counted as 128 at least. */
export function writtenBytes(writes: Iterable<{ readonly key: string; readonly value: Uint8Array | undefined }>): number {
  let bytes = 0;
  for (const { key, value } of writes) bytes += Math.max(leastBytes, key.length + (value === undefined ? 0 : value.length));
  return bytes;
}

export type Dpu = { readonly compute: number; readonly read: number; readonly write: number };

/** What a statement is estimated at. */
export const statementDpu = ({ computeMs, readBytes, writtenBytes }: Work): Dpu => ({
  compute: computeMs / 1000,
  read: readBytes === 0 ? 0 : Math.max(leastBytes, readBytes) * readDpuPerByte,
  write: writtenBytes * writeDpuPerByte,
});

/** What a transaction is metered at. */
export const transactionDpu = ({ computeMs, readBytes, writtenBytes }: Work): Dpu => ({
  compute: computeMs / 1000,
  read: readBytes === 0 ? 0 : Math.max(leastReadBytes, readBytes) * readDpuPerByte,
  write: writtenBytes === 0 ? 0 : Math.max(leastWrittenBytes, writtenBytes) * writeDpuPerByte,
});

/** The lines that EXPLAIN (ANALYZE, VERBOSE) ends with. In a cluster of several Regions what is written is paid in each. */
export function dpuLines(work: Work, isMultiRegion: boolean): readonly string[] {
  const { compute, read, write } = statementDpu(work);
  const line = (name: string, dpu: number, minimum = 0): string =>
    `  ${name}: ${dpu.toFixed(5)} DPU${dpu > 0 && dpu < minimum ? ` (Transaction minimum: ${minimum.toFixed(5)})` : ''}`;
  return [
    'Statement DPU Estimate:',
    line('Compute', compute),
    line('Read', read, minimumReadDpu),
    line('Write', write, minimumWriteDpu),
    ...(isMultiRegion ? [line('Multi-Region Write', write, minimumWriteDpu)] : []),
    line('Total', compute + read + write * (isMultiRegion ? 2 : 1)),
  ];
}
