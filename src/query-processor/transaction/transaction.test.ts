import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base32, fromBase32 } from '#base/base32.ts';
import { dsqlTransactionLimits } from '#base/limits.ts';
import { SqlError } from '#base/sql-error.ts';
import { commitRequest, failureOf } from './commit.ts';
import { OpenTransaction } from './open-transaction.ts';
import { WriteBuffer } from './write-buffer.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const random = { bytes: (count: number) => new Uint8Array(count), float: () => 0 };
const open = (profile: 'open' | 'dsql' = 'dsql'): OpenTransaction =>
  new OpenTransaction({ snapshot: 5, startTimestamp: 5, startedMs: 0, epoch: 1, isReadOnly: false, profile });

const failure = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof SqlError) return `${error.sqlstate} ${error.message} (${error.fields.detail})`;
    throw error;
  }
  return 'no error';
};

describe('write buffer', () => {
  it('keeps the last value under the strongest mode', () => {
    const buffer = new WriteBuffer();
    buffer.write('k', bytes('long value'), 'write');
    buffer.write('k', bytes('v'), 'update');
    expect(buffer.contents().writes).toEqual([{ key: 'k', value: bytes('v'), mode: 'write' }]);
    expect(buffer.bytes).toBe(2);
    buffer.write('k', undefined, 'blind');
    expect(buffer.contents().writes).toEqual([{ key: 'k', value: undefined, mode: 'write' }]);
    expect(buffer.bytes).toBe(1);
  });

  it('leaves out marks that a write implies, and no others', () => {
    const buffer = new WriteBuffer();
    buffer.write('w', bytes('1'), 'write');
    buffer.write('u', bytes('1'), 'update');
    buffer.write('b', bytes('1'), 'blind');
    buffer.mark('w', 'write');
    buffer.mark('u', 'write');
    buffer.mark('b', 'share');
    buffer.mark('m', 'read');
    buffer.mark('m', 'share');
    expect(buffer.contents()).toEqual({
      writes: [
        { key: 'w', value: bytes('1'), mode: 'write' },
        { key: 'u', value: bytes('1'), mode: 'write' },
        { key: 'b', value: bytes('1'), mode: 'blind' },
      ],
      marks: [
        { key: 'b', mode: 'share' },
        { key: 'm', mode: 'share' },
      ],
    });
  });

  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const change = fc.tuple(
    key,
    fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
    fc.constantFrom('write', 'update', 'blind') as fc.Arbitrary<'write'>,
  );

  it('takes a whole map of writes as it takes each of them', () => {
    const statement = fc.uniqueArray(change, { selector: ([name]) => name });
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 4 }), fc.nat(4), (statements, savepointAt) => {
        const whole = new WriteBuffer();
        const single = new WriteBuffer();
        const state = (buffer: WriteBuffer) => ({
          writes: new Map(buffer.contents().writes.map((entry) => [entry.key, entry])),
          bytes: buffer.bytes,
          size: buffer.size,
          inOrder: [...buffer.entries({ start: '', end: '~' }, false)],
        });
        const states: ReturnType<typeof state>[] = [];
        let savepoint: number | undefined;
        statements.forEach((changes, at) => {
          if (at === savepointAt) {
            savepoint = whole.savepoint();
            states.push(state(whole));
          }
          const writes = changes.map(([key, value, mode]) => ({ key, value: value === undefined ? undefined : bytes(value), mode }));
          whole.writeAll(new Map(writes.map((write) => [write.key, write])));
          for (const { key, value, mode } of writes) single.write(key, value, mode);
          expect(state(whole)).toEqual(state(single));
        });
        if (savepoint === undefined) return;
        whole.rollbackTo(savepoint);
        expect(state(whole)).toEqual(states[0]);
      }),
    );
  });

  it('gives ranges in order, both ways, as a sorted map does', () => {
    fc.assert(
      fc.property(fc.array(change), key, key, fc.boolean(), (changes, start, end, descending) => {
        const buffer = new WriteBuffer();
        const model = new Map<string, Uint8Array | undefined>();
        for (const [name, value, mode] of changes) {
          const image = value === undefined ? undefined : bytes(value);
          buffer.write(name, image, mode);
          model.set(name, image);
          // Reading in between must not change what comes later.
          [...buffer.entries({ start: 'a', end: 'z' }, false)];
        }
        const expected = [...model].filter(([name]) => name >= start && name < end).sort(([a], [b]) => (a < b ? -1 : 1));
        if (descending) expected.reverse();
        expect([...buffer.entries({ start, end }, descending)].map((entry) => [entry.key, entry.value])).toEqual(expected);
      }),
    );
  });

  it('goes back to a savepoint exactly', () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(change), (before, after) => {
        const buffer = new WriteBuffer();
        for (const [name, value, mode] of before) buffer.write(name, value === undefined ? undefined : bytes(value), mode);
        const state = () => ({ ...buffer.contents(), bytes: buffer.bytes, entries: [...buffer.entries({ start: '', end: '~' }, false)] });
        const sorted = (s: ReturnType<typeof state>) => ({ ...s, writes: [...s.writes].sort((a, b) => (a.key < b.key ? -1 : 1)) });
        const expected = sorted(state());
        const savepoint = buffer.savepoint();
        for (const [name, value, mode] of after) {
          buffer.write(name, value === undefined ? undefined : bytes(value), mode);
          buffer.mark(name, 'share');
        }
        buffer.rollbackTo(savepoint);
        expect(sorted(state())).toEqual(expected);
      }),
    );
  });
});

describe('limits', () => {
  it('of rows: 3 000 are taken, one more is not', () => {
    const transaction = open();
    transaction.countRows(3000);
    expect(failure(() => transaction.countRows(1))).toBe('54000 transaction row limit exceeded (undefined)');
  });

  it('of size, checked at commit', () => {
    const transaction = open();
    transaction.write('k', new Uint8Array(dsqlTransactionLimits.bytes), 'write');
    expect(failure(() => commitRequest(transaction, random, 0))).toBe(
      '54000 transaction size limit 10mb exceeded (Current transaction size 11mb 10mb)',
    );
    const small = open();
    small.write('k', new Uint8Array(dsqlTransactionLimits.bytes - 1), 'write');
    expect(commitRequest(small, random, 0)?.bytes).toBe(dsqlTransactionLimits.bytes);
  });

  it('of age, checked at commit, for readers too', () => {
    expect(failure(() => commitRequest(open(), random, 310_000))).toBe(
      '54000 transaction age limit of 300s exceeded (Current transaction age 310s exceeds 300s)',
    );
    expect(commitRequest(open(), random, 300_000)).toBeUndefined();
  });
});

it('asks nothing of the adjudicator for reads, but for locks', () => {
  const transaction = open();
  transaction.useRelation(20000, false);
  expect(commitRequest(transaction, random, 0)).toBeUndefined();
  transaction.mark('row', 'write');
  expect(commitRequest(transaction, random, 0)?.marks.length).toBe(2);
});

it('tells verdicts as SQLSTATEs', () => {
  expect(failureOf({ kind: 'committed', timestamp: 1, position: 1 })).toBeUndefined();
  expect(failureOf({ kind: 'conflict', code: 'OC001', key: 'k', winner: 1 })?.message).toBe(
    'schema has been updated by another transaction (OC001)',
  );
  expect(failureOf({ kind: 'tooOld' })?.sqlstate).toBe('40001');
  expect(failureOf({ kind: 'unavailable', reason: 'no quorum' })?.sqlstate).toBe('08006');
  expect(failureOf({ kind: 'unknown' })?.sqlstate).toBe('08007');
});

it('writes ids as base32 and reads them back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (id) => {
      const text = base32(id);
      expect(text).toMatch(/^[a-z2-7]{26}$/);
      expect(fromBase32(text)).toEqual(id);
    }),
  );
  expect(fromBase32('nope')).toBeUndefined();
});
