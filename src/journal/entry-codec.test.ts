import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { decodeEntry, encodeEntry, MalformedEntry } from './entry-codec.ts';
import type { JournalEntry } from './journal.ts';
import { commitsOf, plain } from './journal-contract.ts';

const key = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const timestamp = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({
    kind: fc.constant('claim' as const),
    epoch: fc.nat(),
    floor: timestamp,
    claimant: fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
  }),
  fc.record({
    kind: fc.constant('commits' as const),
    epoch: fc.nat(),
    records: fc.array(
      fc.record({
        transactionId: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
        timestamp,
        snapshot: timestamp,
        writes: fc.array(
          fc.record({
            key,
            value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
            mode: fc.constantFrom('write', 'update', 'blind'),
          }),
          { maxLength: 5 },
        ),
        marks: fc.array(fc.record({ key, mode: fc.constantFrom('write', 'share') }), { maxLength: 5 }),
      }),
      { maxLength: 5 },
    ),
  }),
);

const encoded = (value: JournalEntry): Buffer => {
  const writer = new ByteWriter(8);
  encodeEntry(value, writer);
  return writer.take();
};

it('gives back what went in', () => {
  fc.assert(
    fc.property(entry, (value) => {
      expect(plain(decodeEntry(new ByteReader(encoded(value)), value.epoch))).toEqual(plain(value));
    }),
  );
});

it('refuses bytes that were cut, lengthened, or are of another format', () => {
  const bytes = encoded(commitsOf(1, 5));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeEntry(new ByteReader(bytes.subarray(0, length)), 1)).toThrow(MalformedEntry);
  }
  expect(() => decodeEntry(new ByteReader(Buffer.concat([bytes, Buffer.of(0)])), 1)).toThrow(MalformedEntry);
  expect(() => decodeEntry(new ByteReader(Buffer.concat([Buffer.of(2), bytes.subarray(1)])), 1)).toThrow(/format 2/);
});
