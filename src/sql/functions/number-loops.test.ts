import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { datumAt, type Vector } from '../batch.ts';
import { procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import { int8 } from '../datum.ts';
import { fixedContext } from '../evaluate/fixed-context.ts';
import { chapters } from './chapters.ts';
import { implementationOf } from './registry.ts';
import { signatureOf } from './signature.ts';

const context = fixedContext();
const safe = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer(), fc.maxSafeInteger());
const wide = fc.oneof(safe, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int8));
const values: Readonly<Record<string, fc.Arbitrary<Datum>>> = {
  int2: fc.integer({ min: -32768, max: 32767 }),
  int4: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer()),
  int8: wide,
  oid: fc.nat(),
  bool: fc.boolean(),
  date: fc.integer({ min: -1000, max: 1000 }),
  time: fc.nat(),
  timestamp: wide,
  timestamptz: wide,
  uuid: fc.uuid(),
  text: fc.string(),
  name: fc.string(),
  float4: fc.float(),
  float8: fc.oneof(fc.double(), fc.constantFrom(0, -0, 1e308, -1e308, 1e-308)),
};

/** The same column as an array of datums, as a typed array where it can be one, and as a constant. */
function shapesOf(column: readonly Datum[]): Vector[] {
  const shapes: Vector[] = [
    { values: column, nulls: undefined, mask: -1 },
    { values: [column[0]], nulls: undefined, mask: 0 },
  ];
  const isNumeric = column.every((value) => value === null || typeof value === 'number');
  if (isNumeric) {
    const numbers = column.map((value) => (typeof value === 'number' ? value : 0));
    const nulls = Uint8Array.from(column, (value) => (value === null ? 1 : 0));
    shapes.push({ values: Float64Array.from(numbers), nulls, mask: -1 });
    if (numbers.every((value) => value === (value | 0) && !Object.is(value, -0)))
      shapes.push({ values: Int32Array.from(numbers), nulls, mask: -1 });
  }
  return shapes;
}

const outcome = (f: () => Datum[]): unknown => {
  try {
    // -0 and 0 are one value to SQL.
    return f().map((value) => (value === 0 ? 0 : value));
  } catch (error) {
    if (error instanceof SqlError) return `${error.sqlstate} ${error.message}`;
    throw error;
  }
};

const withLoops = Object.values(chapters)
  .flatMap((chapter) => Object.entries(chapter))
  .flatMap(([signature, implementation]) => (implementation.kind === 'scalar' && implementation.vector !== undefined ? [signature] : []));

it('there are loops to compare', () => {
  expect(withLoops.length).toBeGreaterThan(100);
});

it.each(withLoops)('%s: the loop agrees with the function', (signature) => {
  const proc = procsByName(signature.slice(0, signature.indexOf('('))).find((candidate) => signatureOf(candidate) === signature);
  if (proc === undefined) throw new Error(signature);
  const implementation = implementationOf(proc.oid);
  if (implementation.kind !== 'scalar' || implementation.vector === undefined) throw new Error(signature);
  const { vector } = implementation;
  const f = implementation.forTypes({ args: proc.argTypes, result: proc.returnType });
  const [left, right] = signature.slice(signature.indexOf('(') + 1, -1).split(',');
  const row = fc.tuple(fc.option(values[left]), fc.option(values[right]));
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
      for (const a of shapesOf(rows.map((pair) => pair[0])))
        for (const b of shapesOf(rows.map((pair) => pair[1]))) {
          const expected = outcome(() =>
            rows.map((_, at) => {
              const x = datumAt(a, at);
              const y = datumAt(b, at);
              return x === null || y === null ? null : f(x, y, context);
            }),
          );
          const own = outcome(() => {
            const answer = vector([a, b], rows.length, context);
            return rows.map((_, at) => datumAt(answer, at));
          });
          expect(own).toEqual(expected);
        }
    }),
    { numRuns: 12 },
  );
});
