/** Window functions and frames against the definition of a frame: every row asked of every other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import type { Expression, WindowCall } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { FrameBound, WindowFrame } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { rowComparator } from './row-order.ts';
import { runPlan } from './testing/in-memory-run.ts';
import { estimate, key, op, out, procOid, valuesPlan } from './testing/plans.ts';

type Row = readonly Datum[];
const types = [oid.int4, oid.int4, oid.int4];

const windowCall = (
  name: string,
  argTypes: readonly number[],
  args: readonly Expression[],
  result: number,
  more: Partial<WindowCall> = {},
): WindowCall => ({
  kind: 'window',
  function: procOid(name, argTypes),
  args,
  isStar: argTypes.length === 0,
  isAggregate: false,
  filter: undefined,
  specification: 0,
  type: typeRef(result),
  ...more,
});
const sum = (more: Partial<WindowCall> = {}) => windowCall('sum', [oid.int4], [column(3)], oid.int8, { isAggregate: true, ...more });

const wholeFrame: WindowFrame = {
  mode: 'range',
  start: { kind: 'unboundedPreceding' },
  end: { kind: 'currentRow' },
  exclusion: 'none',
};

function plan(
  rows: readonly Row[],
  calls: readonly WindowCall[],
  frame: WindowFrame,
  order = { descending: false, nullsFirst: false },
): PhysicalPlan {
  return {
    kind: 'window',
    output: [out(1), out(2), out(3), ...calls.map((item, at) => out(101 + at, item.type.oid))],
    estimate,
    input: valuesPlan(1, types, rows),
    specification: {
      name: undefined,
      partitionBy: [column(1)],
      orderBy: [key(column(2), order.descending, order.nullsFirst)],
      frame,
    },
    calls: calls.map((item, at) => ({ id: 101 + at, call: item })),
  };
}

const inRange = procOid('in_range', [oid.int4, oid.int4, oid.int4, oid.bool, oid.bool]);
const number = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null, freq: 5 });
const rowsOf = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), number, fc.integer({ min: 1, max: 9 })), { maxLength: 20 });

const boundOf = (mode: WindowFrame['mode'], isStart: boolean): fc.Arbitrary<FrameBound> =>
  fc.oneof(
    fc.constant<FrameBound>({ kind: isStart ? 'unboundedPreceding' : 'unboundedFollowing' }),
    fc.constant<FrameBound>({ kind: 'currentRow' }),
    fc.record({
      kind: fc.constantFrom('preceding' as const, 'following' as const),
      offset: fc.integer({ min: 0, max: 3 }).map((value) => constant(value, mode === 'range' ? oid.int4 : oid.int8)),
      inRange: fc.constant(mode === 'range' ? inRange : undefined),
    }),
  );
const frameOf: fc.Arbitrary<WindowFrame> = fc.constantFrom('rows' as const, 'range' as const, 'groups' as const).chain((mode) =>
  fc.record({
    mode: fc.constant(mode),
    start: boundOf(mode, true),
    end: boundOf(mode, false),
    exclusion: fc.constantFrom('none' as const, 'currentRow' as const, 'group' as const, 'ties' as const),
  }),
);

const offsetOf = (bound: FrameBound): number => {
  if (!('offset' in bound) || bound.offset.kind !== 'constant') return 0;
  return bound.kind === 'preceding' ? -Number(bound.offset.value) : Number(bound.offset.value);
};

/** Is row `other` in the frame of row `row`? Straight from SQL's text. */
function inFrame(partition: readonly Row[], row: number, other: number, frame: WindowFrame, descending: boolean): boolean {
  const groups = [...new Set(partition.map((item) => String(item[1])))];
  const group = (at: number): number => groups.indexOf(String(partition[at][1]));
  const beyond = (bound: FrameBound, isStart: boolean): boolean => {
    if (bound.kind === 'unboundedPreceding' || bound.kind === 'unboundedFollowing') return false;
    const sign = isStart ? 1 : -1;
    if (bound.kind === 'currentRow') {
      const distance = frame.mode === 'rows' ? other - row : group(other) - group(row);
      return sign * distance < 0;
    }
    const offset = offsetOf(bound);
    if (frame.mode === 'rows') return sign * (other - row - offset) < 0;
    if (frame.mode === 'groups') return sign * (group(other) - group(row) - offset) < 0;
    const [mine, its] = [partition[row][1], partition[other][1]];
    if (mine === null || its === null) return mine !== its && sign * (other - row) < 0;
    return sign * ((descending ? Number(mine) - Number(its) : Number(its) - Number(mine)) - offset) < 0;
  };
  if (beyond(frame.start, true) || beyond(frame.end, false)) return false;
  if (frame.exclusion === 'currentRow') return other !== row;
  if (frame.exclusion === 'group') return group(other) !== group(row);
  return frame.exclusion !== 'ties' || other === row || group(other) !== group(row);
}

describe('window', () => {
  it('aggregates over every kind of frame', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, frameOf, fc.boolean(), fc.boolean(), async (rows, frame, descending, nullsFirst) => {
        const compare = rowComparator([
          { typeOid: oid.int4, descending: false, nullsFirst: false },
          { typeOid: oid.int4, descending, nullsFirst },
        ]);
        const sorted: Row[] = [...rows].sort(compare);
        const expected = sorted.map((row) => {
          const partition = sorted.filter((item) => item[0] === row[0]);
          const at = partition.indexOf(row);
          const seen = partition.filter((_, other) => inFrame(partition, at, other, frame, descending));
          const odd = seen.filter((item) => Number(item[2]) > 4);
          const total = (items: readonly Row[]): Datum =>
            items.length === 0 ? null : items.reduce((all, item) => all + Number(item[2]), 0);
          return [...row, total(seen), total(odd)];
        });
        const calls = [sum(), sum({ filter: op(column(3), '>', constant(4)) })];
        expect(await runPlan(plan(rows, calls, frame, { descending, nullsFirst }))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses negative and NULL offsets', async () => {
    const frame = (value: Datum): WindowFrame => ({
      ...wholeFrame,
      mode: 'rows',
      start: { kind: 'preceding', offset: constant(value, oid.int8), inRange: undefined },
    });
    await expect(runPlan(plan([[1, 1, 1]], [sum()], frame(-1)))).rejects.toThrow('frame starting offset must not be negative');
    await expect(runPlan(plan([[1, 1, 1]], [sum()], frame(null)))).rejects.toThrow('frame starting offset must not be null');
  });

  it('answers that are lists stay as they were when the frame grows', async () => {
    const rows = [1, 2, 3].map((value) => [1, value, value * 10]);
    const list = windowCall('array_agg', [oid.anynonarray], [column(3)], oid.int4Array, { isAggregate: true });
    const answers = (await runPlan(plan(rows, [list], wholeFrame))).map((row) => (row[3] instanceof ArrayValue ? row[3].items : undefined));
    expect(answers).toEqual([[10], [10, 20], [10, 20, 30]]);
  });

  it('numbers and ranks', async () => {
    const rows = [
      [1, 5, 0],
      [0, 2, 0],
      [1, 4, 0],
      [1, 5, 0],
      [1, 6, 0],
    ];
    const calls = [windowCall('row_number', [], [], oid.int8), windowCall('rank', [], [], oid.int8)];
    expect((await runPlan(plan(rows, calls, wholeFrame))).map((row) => [row[0], row[1], row[3], row[4]])).toEqual([
      [0, 2, 1, 1],
      [1, 4, 1, 1],
      [1, 5, 2, 2],
      [1, 5, 3, 2],
      [1, 6, 4, 4],
    ]);
  });
});
