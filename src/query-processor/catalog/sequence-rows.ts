/** Sequence rows: where a sequence has got to, one small row each under `sequenceKey(oid)`; none until the first value is taken. */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { SequenceDescriptor } from './descriptors.ts';

export type SequenceState = {
  readonly lastValue: bigint;
  /** False: lastValue itself is the next value. */
  readonly isCalled: boolean;
};

const formatVersion = 1;

export const initialState = (sequence: SequenceDescriptor): SequenceState => ({ lastValue: BigInt(sequence.start), isCalled: false });

export const encodeSequenceState = (state: SequenceState): Uint8Array =>
  Buffer.from(JSON.stringify({ format: formatVersion, lastValue: String(state.lastValue), isCalled: state.isCalled }), 'utf8');

export function decodeSequenceState(row: Uint8Array): SequenceState {
  const stored = JSON.parse(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('utf8')) as {
    readonly format?: number;
    readonly lastValue: string;
    readonly isCalled: boolean;
  };
  if (stored.format !== formatVersion) throw new InvariantError('a sequence row of an unknown format');
  return { lastValue: BigInt(stored.lastValue), isCalled: stored.isCalled };
}

export type SequenceBlock = { readonly first: bigint; readonly count: number; readonly increment: bigint };

/**
 * The next `count` values, fewer at the end of the range, and the state after them. Throws 2200H when there is none left.
 */
export function takeBlock(
  sequence: SequenceDescriptor,
  state: SequenceState,
  count: number,
): { readonly block: SequenceBlock; readonly after: SequenceState } {
  const increment = BigInt(sequence.increment);
  const minimum = BigInt(sequence.minimum);
  const maximum = BigInt(sequence.maximum);
  let first = state.isCalled ? state.lastValue + increment : state.lastValue;
  if (first > maximum || first < minimum) {
    if (!sequence.cycle) {
      const [bound, value] = increment > 0n ? ['maximum', maximum] : ['minimum', minimum];
      throw new SqlError(
        sqlstate.sequenceGeneratorLimitExceeded,
        `nextval: reached ${bound} value of sequence "${sequence.name}" (${value})`,
      );
    }
    first = increment > 0n ? minimum : maximum;
  }
  const room = (increment > 0n ? maximum - first : first - minimum) / (increment > 0n ? increment : -increment) + 1n;
  const taken = room < BigInt(count) ? Number(room) : count;
  return { block: { first, count: taken, increment }, after: { lastValue: first + increment * BigInt(taken - 1), isCalled: true } };
}
