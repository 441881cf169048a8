import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import type { CopyOptions } from './copy-options.ts';
import { CopyLineReader, splitCsvLine, splitTextLine } from './copy-reader.ts';
import { CopyLineWriter } from './copy-writer.ts';

const text: CopyOptions = {
  format: 'text',
  delimiter: '\t',
  nullText: '\\N',
  header: 'none',
  freeze: false,
  quote: '"',
  escape: '"',
  forceQuote: [],
  forceNotNull: [],
  forceNull: [],
};
const csv: CopyOptions = { ...text, format: 'csv', delimiter: ',', nullText: '' };

function linesOf(options: CopyOptions, pieces: readonly Uint8Array[]): string[] | string {
  const reader = new CopyLineReader(options);
  const lines: string[] = [];
  try {
    for (const piece of pieces) for (const line of reader.push(piece)) lines.push(line.text);
    for (const line of reader.end()) lines.push(line.text);
  } catch (error) {
    if (error instanceof SqlError) return error.message;
    throw error;
  }
  return lines;
}

const whole = (options: CopyOptions, data: string): string[] | string => linesOf(options, [Buffer.from(data)]);

describe('lines', () => {
  it.each<[string, CopyOptions, string, string[] | string]>([
    ['plain', text, 'a\nb\n', ['a', 'b']],
    ['without a last line end', text, 'a\nb', ['a', 'b']],
    ['of Windows', text, 'a\r\nb\r\n', ['a', 'b']],
    ['of old Macs', text, 'a\rb\r', ['a', 'b']],
    ['with an escaped line end', text, 'a\\\nb\nc\n', ['a\\\nb', 'c']],
    ['with a backslash before a line end', text, 'a\\\\\nb\n', ['a\\\\', 'b']],
    ['that end with the mark', text, 'a\n\\.\nb\n', ['a']],
    ['empty ones', text, '\n\n', ['', '']],
    ['with a stray carriage return', text, 'a\nb\rc\n', 'literal carriage return found in data'],
    ['with a stray newline', text, 'a\r\nb\nc\r\n', 'literal newline found in data'],
    ['of CSV with a quoted line end', csv, 'a,"b\nc"\nd\n', ['a,"b\nc"', 'd']],
    ['of CSV with a doubled quote', csv, '"a""\n"\nb\n', ['"a""\n"', 'b']],
    ['of CSV with another escape', { ...csv, escape: '\\' }, '"a\\"\n"\nb\n', ['"a\\"\n"', 'b']],
    ['of CSV cut short', csv, '"a\n', 'unterminated CSV quoted field'],
    ['of CSV in Windows style', csv, 'a\r\n"b\r\n"\r\n', ['a', '"b\r\n"']],
    ['of CSV with a stray newline', csv, 'a\r\nb\nc', 'unquoted newline found in data'],
    ['with long characters', text, 'é€😀\n😀\n', ['é€😀', '😀']],
    ['that are not UTF-8', text, '', []],
  ])('%s', (_, options, data, lines) => {
    expect(whole(options, data)).toEqual(lines);
  });

  it('come out alike wherever the data is cut', () => {
    const samples: [CopyOptions, string][] = [
      [text, 'a\tb\\\nc\n\\\\\\\n€\n\\N\t\\.\n\\.\nrest'],
      [text, 'a\r\nb\\\r\nc\r\n'],
      [text, 'a\rb\rc'],
      [csv, 'a,"b\n""c"\n"😀",\n\n'],
      [csv, '"a\r\nb"\r\nc\r\n'],
      [{ ...csv, escape: '\\' }, '"a\\"\n\\\\"\nb\n'],
    ];
    for (const [options, data] of samples) {
      const bytes = Buffer.from(data);
      const expected = linesOf(options, [bytes]);
      for (let at = 0; at <= bytes.length; at++)
        expect(linesOf(options, [bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at} of ${JSON.stringify(data)}`).toEqual(expected);
      expect(
        linesOf(
          options,
          [...bytes].map((byte) => Uint8Array.of(byte)),
        ),
      ).toEqual(expected);
    }
  });
});

describe('fields', () => {
  it('in text format', () => {
    expect(splitTextLine('a\t\\N\t\t\\\\N', text)).toEqual(['a', null, '', '\\N']);
    expect(splitTextLine('\\t\\x41\\101\\q\\', text)).toEqual(['\tAAq\\']);
    expect(splitTextLine('\\xe2\\x82\\xac', text)).toEqual(['€']);
    expect(splitTextLine('a\\\tb', text)).toEqual(['a\tb']);
  });

  it('in CSV', () => {
    expect(splitCsvLine('a,"b,""c""",', csv)).toEqual([
      { text: 'a', isQuoted: false },
      { text: 'b,"c"', isQuoted: true },
      { text: '', isQuoted: false },
    ]);
  });

  const field = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\t', '\n', '\r', '\\', '.', 'N', '€', ' ') }), { nil: null });

  it('come back as they were written, in text format', () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), (row) => {
        const line = new CopyLineWriter(
          text,
          row.map(() => 'x'),
        ).line(row);
        const [read] = whole(text, line);
        expect(read === undefined ? [''] : splitTextLine(read, text)).toEqual(row);
      }),
    );
  });

  it('come back as they were written, in CSV', () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 2, maxLength: 4 }), (row) => {
        const line = new CopyLineWriter(
          csv,
          row.map(() => 'x'),
        ).line(row);
        const read = whole(csv, line);
        expect(splitCsvLine(read[0], csv).map((entry) => (entry.text === '' && !entry.isQuoted ? null : entry.text))).toEqual(row);
      }),
    );
  });
});
