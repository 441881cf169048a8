/** generate_series() over numbers; over timestamps it is date-time.ts'. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { type Implementations, setReturning } from '../function.ts';
import { addNumeric, compareNumeric } from '../types/numeric-arithmetic.ts';
import { Numeric } from '../types/numeric-value.ts';
import type { Int8 } from './integer.ts';

export const zeroStep = (): SqlError => new SqlError(sqlstate.invalidParameterValue, 'step size cannot equal zero');

/** Ends at the limits of int4 without an error, as at the stop. */
function* int4Series(start: number, stop: number, step: number): Generator<number> {
  if (step === 0) throw zeroStep();
  if (step > 0) for (let value = start; value <= stop; value += step) yield value;
  else for (let value = start; value >= stop; value += step) yield value;
}

function* int8Series(start: Int8, stop: Int8, step: Int8): Generator<Int8> {
  if (step === 0) throw zeroStep();
  const isSmall = [start, stop, step].every((value) => typeof value === 'number' && Math.abs(value) < 2 ** 52);
  if (isSmall) {
    yield* int4Series(Number(start), Number(stop), Number(step));
    return;
  }
  const last = BigInt(stop);
  const by = BigInt(step);
  for (let value = BigInt(start); by > 0n ? value <= last : value >= last; value += by) yield int8(value);
}

const one = Numeric.of(1n, 0);

function checkBound(value: Numeric, name: string): void {
  if (value.kind === 'nan') throw new SqlError(sqlstate.invalidParameterValue, `${name} cannot be NaN`);
  if (value.kind !== 'finite') throw new SqlError(sqlstate.invalidParameterValue, `${name} cannot be infinity`);
}

function* numericSeries(start: Numeric, stop: Numeric, step: Numeric): Generator<Numeric> {
  checkBound(start, 'start value');
  checkBound(stop, 'stop value');
  checkBound(step, 'step size');
  const direction = compareNumeric(step, Numeric.zero);
  if (direction === 0) throw zeroStep();
  for (let value = start; compareNumeric(value, stop) * direction <= 0; value = addNumeric(value, step)) yield value;
}

export const seriesFunctions: Implementations = {
  'generate_series(int4,int4)': setReturning((start: number, stop: number) => int4Series(start, stop, 1)),
  'generate_series(int4,int4,int4)': setReturning((start: number, stop: number, step: number) => int4Series(start, stop, step)),
  'generate_series(int8,int8)': setReturning((start: Int8, stop: Int8) => int8Series(start, stop, 1)),
  'generate_series(int8,int8,int8)': setReturning((start: Int8, stop: Int8, step: Int8) => int8Series(start, stop, step)),
  'generate_series(numeric,numeric)': setReturning((start: Numeric, stop: Numeric) => numericSeries(start, stop, one)),
  'generate_series(numeric,numeric,numeric)': setReturning((start: Numeric, stop: Numeric, step: Numeric) =>
    numericSeries(start, stop, step),
  ),
};
