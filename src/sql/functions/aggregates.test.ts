import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { vectorOf } from '../batch.ts';
import { procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import { int8 } from '../datum.ts';
import { fixedContext } from '../evaluate/fixed-context.ts';
import type { AggregateFunction } from '../function.ts';
import { oid } from '../oids.ts';
import { ArrayValue } from '../types/array-value.ts';
import { Interval } from '../types/interval-value.ts';
import { Numeric } from '../types/numeric-value.ts';
import { typeByOid } from '../types/registry.ts';
import { implementationOf } from './registry.ts';
import { signatureOf } from './signature.ts';

const context = fixedContext();

/** Polymorphic ones are told their argument's type. */
function aggregateOf(signature: string, result?: number, arg?: number): AggregateFunction {
  const proc = procsByName(signature.slice(0, signature.indexOf('('))).find((candidate) => signatureOf(candidate) === signature);
  if (proc === undefined) throw new Error(`no aggregate ${signature}`);
  const implementation = implementationOf(proc.oid);
  if (implementation.kind !== 'aggregate') throw new Error(`${signature} is no aggregate`);
  return implementation.forTypes({ args: arg === undefined ? proc.argTypes : [arg], result: result ?? proc.returnType });
}

const print = (typeOid: number, value: Datum): string => (value === null ? 'NULL' : typeByOid(typeOid).output(value, context));

const integer = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int8));
const numeric = fc.tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.nat(3)).map(([unscaled, scale]) => Numeric.of(unscaled, scale));

describe('folding in parts, and by vectors, gives what folding row by row gives', () => {
  const cases: readonly (readonly [string, number, fc.Arbitrary<Datum>])[] = [
    ['count(any)', oid.int8, integer],
    ['sum(int8)', oid.numeric, integer],
    ['avg(int8)', oid.numeric, integer],
    ['max(int8)', oid.int8, integer],
    ['min(int8)', oid.int8, integer],
    ['sum(numeric)', oid.numeric, numeric],
    ['avg(numeric)', oid.numeric, numeric],
    ['stddev(numeric)', oid.numeric, numeric],
    ['var_pop(int8)', oid.numeric, integer],
    ['max(text)', oid.text, fc.string()],
    ['min(float8)', oid.float8, fc.double()],
    ['bool_and(bool)', oid.bool, fc.boolean()],
    ['bit_xor(int8)', oid.int8, integer],
    ['array_agg(anynonarray)', oid.int8Array, integer],
    ['any_value(anyelement)', oid.int8, integer],
  ];
  it.each(cases)('%s', (signature, result, value) => {
    const typed = aggregateOf(signature, result, /any/.test(signature) && !signature.startsWith('count') ? oid.int8 : undefined);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.option(value), fc.nat(2)), { maxLength: 12 }), fc.nat(12), (rows, cut) => {
        const values = rows.map((row) => row[0]);
        const fold = (part: readonly Datum[]): unknown =>
          part.reduce<unknown>((state, one) => typed.step(state, [one], context), typed.initial());
        const whole = print(result, typed.final(fold(values), context));
        const parts = typed.combine(fold(values.slice(0, cut)), fold(values.slice(cut)), context);
        expect(print(result, typed.final(parts, context))).toBe(whole);
        if (typed.stepVector === undefined) return;
        const states = [typed.initial()];
        if (values.length > 0) typed.stepVector(states, undefined, vectorOf(values), values.length);
        expect(print(result, typed.final(states[0], context))).toBe(whole);
        const grouped = [0, 1, 2].map(() => typed.initial());
        const groups = Int32Array.from(rows, (row) => row[1]);
        if (values.length > 0) typed.stepVector(grouped, groups, vectorOf(values), values.length);
        for (const group of [0, 1, 2]) {
          const own = rows.filter((row) => row[1] === group).map((row) => row[0]);
          expect(print(result, typed.final(grouped[group], context))).toBe(print(result, typed.final(fold(own), context)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('string_agg keeps the delimiters between parts', () => {
    const f = aggregateOf('string_agg(text,text)');
    const fold = (rows: readonly (readonly Datum[])[]): unknown =>
      rows.reduce<unknown>((state, row) => f.step(state, row, context), f.initial());
    const joined = f.combine(
      fold([
        ['a', ','],
        ['b', ';'],
      ]),
      fold([
        [null, '!'],
        ['c', '-'],
        ['d', null],
      ]),
      context,
    );
    expect(f.final(joined, context)).toBe('a;b-cd');
    expect(f.final(f.combine(fold([]), fold([]), context), context)).toBe(null);
  });
});

it('count(*) counts rows, by vector too', () => {
  const f = aggregateOf('count()');
  const states = [f.initial(), f.initial()];
  f.stepVector?.(states, Int32Array.of(0, 1, 1), vectorOf([null, null, null]), 3);
  expect(states.map((state) => f.final(state, context))).toEqual([1, 2]);
});

describe('ordered-set aggregates', () => {
  const byNumber = (a: readonly Datum[], b: readonly Datum[]): number => Number(a[0]) - Number(b[0]);
  const run = (signature: string, rows: readonly Datum[], direct: readonly Datum[], result?: number): Datum => {
    const { finalOrdered } = aggregateOf(signature, result);
    if (finalOrdered === undefined) throw new Error(`${signature} is not ordered`);
    return finalOrdered(
      rows.map((row) => [row]),
      direct,
      context,
      byNumber,
    );
  };

  // Answers of PostgreSQL 16 over the values 1, 2, 3, 4, 10.
  const rows = [1, 2, 3, 4, 10];
  it.each([
    ['percentile_cont(float8,float8)', 0.5, 3],
    ['percentile_cont(float8,float8)', 0.9, 7.6],
    ['percentile_cont(float8,float8)', 0, 1],
    ['percentile_cont(float8,float8)', 1, 10],
    ['percentile_disc(float8,anyelement)', 0.5, 3],
    ['percentile_disc(float8,anyelement)', 0.2, 1],
    ['percentile_disc(float8,anyelement)', 0.21, 2],
    ['percentile_disc(float8,anyelement)', 0, 1],
    ['rank(any)', 3, 3],
    ['rank(any)', 3.5, 4],
    ['dense_rank(any)', 11, 6],
    ['percent_rank(any)', 3, 0.4],
    ['cume_dist(any)', 3, 4 / 6],
    ['cume_dist(any)', 0, 1 / 6],
  ] as const)('%s of %s', (signature, direct, answer) => {
    expect(run(signature, rows, [direct])).toBeCloseTo(answer, 12);
  });

  it('leave NULLs out, and answer NULL for no rows or no fraction', () => {
    expect(run('percentile_disc(float8,anyelement)', [1, 2, null], [1])).toBe(2);
    expect(run('percentile_cont(float8,float8)', [null], [0.5])).toBe(null);
    expect(run('percentile_cont(float8,float8)', [1], [null])).toBe(null);
    expect(() => run('percentile_cont(float8,float8)', [1], [1.5])).toThrow(
      new SqlError('22003', 'percentile value 1.5 is not between 0 and 1'),
    );
  });

  it('several percentiles at once', () => {
    const fractions = new ArrayValue(oid.float8, [0.25, null, 1]);
    expect(run('percentile_cont(_float8,float8)', [1, 3], [fractions], 1022)).toEqual(new ArrayValue(oid.float8, [1.5, null, 3]));
  });

  it('percentiles of intervals', () => {
    const { finalOrdered } = aggregateOf('percentile_cont(float8,interval)');
    const days = [[new Interval(0, 1, 0)], [new Interval(0, 2, 0)]];
    expect(finalOrdered?.(days, [0.5], context, () => 0)).toEqual(new Interval(0, 1, 12 * 3600000000));
  });

  it('mode takes the first of the most frequent', () => {
    expect(run('mode(anyelement)', [1, 2, 2, 3, 3, null], [])).toBe(2);
    expect(run('mode(anyelement)', [null], [])).toBe(null);
  });

  it('ranks count peers once', () => {
    expect(run('rank(any)', [1, 1, 2, 2, 3], [3])).toBe(5);
    expect(run('dense_rank(any)', [1, 1, 2, 2, 3], [3])).toBe(3);
  });
});
