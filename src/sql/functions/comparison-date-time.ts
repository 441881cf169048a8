/** Comparisons between date, timestamp and timestamptz: both sides become moments first, a side without a zone in the session's. */
import { int8 } from '../datum.ts';
import { type EvaluationContext, type Implementation, type Implementations, scalar } from '../function.ts';
import { isInfinite, type Microseconds, microsecondsPerDay, splitTimestamp } from '../types/date-time/calendar.ts';
import { offsetAtLocal, sessionZone } from '../types/date-time/parse-date-time.ts';
import { sixOf } from './comparison.ts';
import { comparePlain } from './plain-comparison.ts';

type Kind = 'date' | 'timestamp' | 'timestamptz';

/** Midnight of a day; exact beyond timestamp's range too, so that such dates still compare. */
function startOfDay(days: number): Microseconds {
  if (isInfinite(days)) return days;
  const microseconds = days * microsecondsPerDay;
  return Number.isSafeInteger(microseconds) ? microseconds : BigInt(days) * BigInt(microsecondsPerDay);
}

/** The moment at which the session's clock shows a local time. */
function momentOf(local: Microseconds, context: EvaluationContext): Microseconds {
  if (isInfinite(local)) return local;
  const zone = sessionZone(context);
  if (zone.fixedOffset === 0) return local;
  const { days, microseconds } = splitTimestamp(local);
  const offset = offsetAtLocal(zone, days, microseconds) * 1000000;
  return int8(BigInt(local) - BigInt(offset));
}

function toMoment(kind: Kind, needsZone: boolean): (value: Microseconds, context: EvaluationContext) => Microseconds {
  if (kind === 'timestamptz') return (value) => value;
  const toLocal = kind === 'date' ? (value: Microseconds) => startOfDay(Number(value)) : (value: Microseconds) => value;
  return needsZone ? (value, context) => momentOf(toLocal(value), context) : toLocal;
}

const pairs: readonly (readonly [Kind, Kind])[] = [
  ['date', 'timestamp'],
  ['date', 'timestamptz'],
  ['timestamp', 'date'],
  ['timestamptz', 'date'],
  ['timestamp', 'timestamptz'],
  ['timestamptz', 'timestamp'],
];

function ofPair([left, right]: readonly [Kind, Kind]): Implementations {
  const needsZone = left === 'timestamptz' || right === 'timestamptz';
  const leftMoment = toMoment(left, needsZone);
  const rightMoment = toMoment(right, needsZone);
  const named = (suffix: string): string => `${left}_${suffix}_${right}`;
  const cmp: Implementation = scalar((a: Microseconds, b: Microseconds, context: EvaluationContext) => {
    const x = leftMoment(a, context);
    const y = rightMoment(b, context);
    return x < y ? -1 : x === y ? 0 : 1;
  });
  const names = { '<': named('lt'), '<=': named('le'), '=': named('eq'), '<>': named('ne'), '>=': named('ge'), '>': named('gt') };
  return {
    ...sixOf({ prefix: '', left, right, names }, (name) => {
      const compare = comparePlain[name];
      return scalar((a: Microseconds, b: Microseconds, context: EvaluationContext) =>
        compare(leftMoment(a, context), rightMoment(b, context)),
      );
    }),
    [`${named('cmp')}(${left},${right})`]: cmp,
  };
}

export const dateTimeComparisonFunctions: Implementations = Object.assign({}, ...pairs.map(ofPair));
