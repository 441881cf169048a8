import { expect, it } from 'vitest';
import { procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import { fixedContext } from '../evaluate/fixed-context.ts';
import type { WindowPartition } from '../function.ts';
import { implementationOf } from './registry.ts';
import { signatureOf } from './signature.ts';

/** One partition ordered by its values; the frame runs from the start to the row's last peer, as by default. */
function partitionOf(values: readonly Datum[], further: readonly Datum[] = [], excludesRow = false): WindowPartition {
  const peerStart = (row: number): number => values.indexOf(values[row]);
  const peerEnd = (row: number): number => values.lastIndexOf(values[row]) + 1;
  return {
    rowCount: values.length,
    arg: (index, row) => (index === 0 ? values[row] : further[index - 1]),
    peerStart,
    peerEnd,
    frame: (row) => ({ start: 0, end: peerEnd(row) }),
    excluded: (row, other) => excludesRow && row === other,
  };
}

function run(signature: string, partition: WindowPartition): Datum[] {
  const proc = procsByName(signature.slice(0, signature.indexOf('('))).find((candidate) => signatureOf(candidate) === signature);
  const implementation = implementationOf(proc?.oid ?? 0);
  if (implementation.kind !== 'window') throw new Error(`${signature} is no window function`);
  const f = implementation.forTypes({ args: [], result: 0 })(partition, fixedContext());
  return Array.from({ length: partition.rowCount }, (_, row) => f(row));
}

const values = [10, 20, 20, 30, 30, 30, 40];

it.each([
  ['row_number()', [1, 2, 3, 4, 5, 6, 7]],
  ['rank()', [1, 2, 2, 4, 4, 4, 7]],
  ['dense_rank()', [1, 2, 2, 3, 3, 3, 4]],
  ['percent_rank()', [0, 1 / 6, 1 / 6, 0.5, 0.5, 0.5, 1]],
  ['cume_dist()', [1 / 7, 3 / 7, 3 / 7, 6 / 7, 6 / 7, 6 / 7, 1]],
  ['lag(anyelement)', [null, 10, 20, 20, 30, 30, 30]],
  ['lead(anyelement)', [20, 20, 30, 30, 30, 40, null]],
  ['first_value(anyelement)', [10, 10, 10, 10, 10, 10, 10]],
  ['last_value(anyelement)', [10, 20, 20, 30, 30, 30, 40]],
] as const)('%s', (signature, answers) => {
  expect(run(signature, partitionOf(values))).toEqual(answers);
});

it('lag and lead with offset and default', () => {
  expect(run('lag(anyelement,int4)', partitionOf([1, 2, 3], [2]))).toEqual([null, null, 1]);
  expect(run('lag(anyelement,int4)', partitionOf([1, 2, 3], [-1]))).toEqual([2, 3, null]);
  expect(run('lead(anyelement,int4)', partitionOf([1, 2, 3], [null]))).toEqual([null, null, null]);
  expect(run('lead(anycompatible,int4,anycompatible)', partitionOf([1, 2, 3], [1, 99]))).toEqual([2, 3, 99]);
});

it('ntile makes the first buckets the larger ones', () => {
  const tiles = (rows: number, buckets: Datum): Datum[] => {
    const partition = partitionOf(new Array(rows).fill(0));
    return run('ntile(int4)', { ...partition, arg: () => buckets });
  };
  expect(tiles(7, 3)).toEqual([1, 1, 1, 2, 2, 3, 3]);
  expect(tiles(2, 5)).toEqual([1, 2]);
  expect(tiles(2, null)).toEqual([null, null]);
  expect(() => tiles(1, 0)).toThrow('argument of ntile must be greater than zero');
});

it('nth_value, and frames that leave the row out', () => {
  expect(run('nth_value(anyelement,int4)', partitionOf(values, [2]))).toEqual([null, 20, 20, 20, 20, 20, 20]);
  expect(run('first_value(anyelement)', partitionOf([1, 2, 3], [], true))).toEqual([null, 1, 1]);
  expect(run('last_value(anyelement)', partitionOf([1, 2, 3], [], true))).toEqual([null, 1, 2]);
  expect(() => run('nth_value(anyelement,int4)', partitionOf([1], [0]))).toThrow('argument of nth_value must be greater than zero');
});

it('single rows', () => {
  expect(run('percent_rank()', partitionOf([1]))).toEqual([0]);
  expect(run('cume_dist()', partitionOf([1]))).toEqual([1]);
});
