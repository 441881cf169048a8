/** Window functions. The operator knows partitions, peers and frames; each function here answers for one row of a partition. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type Implementations, type WindowFunction, type WindowPartition, windowFunction } from '../function.ts';

const rank: WindowFunction = (partition) => (row) => partition.peerStart(row) + 1;

/** Peer groups are numbered once for the partition. */
const denseRank: WindowFunction = (partition) => {
  const ranks = new Int32Array(partition.rowCount);
  let number = 0;
  for (let row = 0; row < partition.rowCount; ) {
    const end = partition.peerEnd(row);
    number++;
    ranks.fill(number, row, end);
    row = end;
  }
  return (row) => ranks[row];
};

const percentRank: WindowFunction = (partition) => (row) =>
  partition.rowCount <= 1 ? 0 : partition.peerStart(row) / (partition.rowCount - 1);

const cumulativeDistribution: WindowFunction = (partition) => (row) => partition.peerEnd(row) / partition.rowCount;

/** The first buckets are one row larger where the rows do not divide evenly. The count is that of the partition's first row. */
const ntile: WindowFunction = (partition) => {
  const count = partition.arg(0, 0);
  if (count === null) return () => null;
  const buckets = Number(count);
  if (buckets <= 0) throw new SqlError(sqlstate.invalidArgumentForNtile, 'argument of ntile must be greater than zero');
  const size = Math.floor(partition.rowCount / buckets);
  const larger = partition.rowCount % buckets;
  const inLarger = larger * (size + 1);
  return (row) => (row < inLarger ? Math.floor(row / (size + 1)) + 1 : larger + Math.floor((row - inLarger) / size) + 1);
};

/** lag (direction -1) and lead (1): offset and default may be given. */
const neighbour =
  (direction: -1 | 1, hasOffset: boolean, hasDefault: boolean): WindowFunction =>
  (partition) =>
  (row) => {
    const offset = hasOffset ? partition.arg(1, row) : 1;
    if (offset === null) return null;
    const other = row + direction * Number(offset);
    if (other >= 0 && other < partition.rowCount) return partition.arg(0, other);
    return hasDefault ? partition.arg(2, row) : null;
  };

/** Rows of the frame from its start, those left out by its exclusion passed over. */
function nthOfFrame(partition: WindowPartition, row: number, count: number): Datum {
  const { start, end } = partition.frame(row);
  let seen = 0;
  for (let other = start; other < end; other++) {
    if (partition.excluded(row, other)) continue;
    if (++seen === count) return partition.arg(0, other);
  }
  return null;
}

const lastValue: WindowFunction = (partition) => (row) => {
  const { start, end } = partition.frame(row);
  for (let other = end - 1; other >= start; other--) if (!partition.excluded(row, other)) return partition.arg(0, other);
  return null;
};

const nthValue: WindowFunction = (partition) => (row) => {
  const count = partition.arg(1, row);
  if (count === null) return null;
  if (Number(count) <= 0) throw new SqlError(sqlstate.invalidArgumentForNthValue, 'argument of nth_value must be greater than zero');
  return nthOfFrame(partition, row, Number(count));
};

export const windowFunctions: Implementations = {
  'row_number()': windowFunction(() => (row) => row + 1),
  'rank()': windowFunction(rank),
  'dense_rank()': windowFunction(denseRank),
  'percent_rank()': windowFunction(percentRank),
  'cume_dist()': windowFunction(cumulativeDistribution),
  'ntile(int4)': windowFunction(ntile),
  'lag(anyelement)': windowFunction(neighbour(-1, false, false)),
  'lag(anyelement,int4)': windowFunction(neighbour(-1, true, false)),
  'lag(anycompatible,int4,anycompatible)': windowFunction(neighbour(-1, true, true)),
  'lead(anyelement)': windowFunction(neighbour(1, false, false)),
  'lead(anyelement,int4)': windowFunction(neighbour(1, true, false)),
  'lead(anycompatible,int4,anycompatible)': windowFunction(neighbour(1, true, true)),
  'first_value(anyelement)': windowFunction((partition) => (row) => nthOfFrame(partition, row, 1)),
  'last_value(anyelement)': windowFunction(lastValue),
  'nth_value(anyelement,int4)': windowFunction(nthValue),
};
