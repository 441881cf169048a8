import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { KeyNumbering } from './key-numbering.ts';

/** Values that lie close together, far apart, below zero, and beyond 32 bits. */
const someNumber = fc.oneof(fc.nat(20), fc.nat(20_000), fc.integer(), fc.constantFrom(-0, 2 ** 31, 2 ** 32 + 1, -(2 ** 40), 4095, 4096));
const someBatch = fc.record({
  values: fc.array(fc.option(someNumber, { freq: 8 }), { minLength: 1, maxLength: 60 }),
  form: fc.constantFrom('int32', 'float64', 'datums'),
  adds: fc.boolean(),
});

/** The same values in one of the forms that vectors have. */
function vectorAs(form: string, values: readonly (number | null)[]): Vector {
  if (form === 'datums') return { values, nulls: undefined, mask: -1 };
  const numbers = values.map((value) => value ?? 0);
  const fits = numbers.every((value) => (value | 0) === value);
  return {
    values: form === 'int32' && fits ? Int32Array.from(numbers) : Float64Array.from(numbers),
    nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
    mask: -1,
  };
}

it('numbers equal keys alike and distinct ones in the order of their first appearance, in whatever form they come', () => {
  fc.assert(
    fc.property(fc.array(someBatch, { maxLength: 12 }), fc.boolean(), (batches, isRamp) => {
      const numbering = new KeyNumbering([oid.int8]);
      const model = new Map<Datum, number>();
      const ramp = { values: Array.from({ length: 9000 }, (_, n) => n), form: 'int32', adds: true };
      for (const { values, form, adds } of isRamp ? [ramp, ...batches] : batches) {
        const numbers = new Int32Array(values.length);
        const vector = vectorAs(form, values);
        if (adds) numbering.number([vector], values.length, numbers);
        else numbering.find([vector], values.length, numbers);
        const expected = values.map((value) => {
          // A Map takes -0 and 0 for one key, as SQL does.
          const known = model.get(value);
          if (known !== undefined || !adds) return known ?? -1;
          model.set(value, model.size);
          return model.size - 1;
        });
        expect([...numbers]).toEqual(expected);
        expect(numbering.size).toBe(model.size);
      }
    }),
    { numRuns: 200 },
  );
});
