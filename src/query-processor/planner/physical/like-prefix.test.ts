import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterPrefix, parsePattern } from './like-prefix.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
/** Keys order text as its UTF-8 bytes. */
const isBelow = (a: string, b: string) => Buffer.compare(bytes(a), bytes(b)) < 0;
const character = fc.oneof(fc.constantFrom('a', 'b', 'z', '\x7f', '\u07ff', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'));
const word = fc.array(character, { maxLength: 4 }).map((characters) => characters.join(''));

describe('afterPrefix', () => {
  it('bounds exactly the texts that begin with the prefix', () => {
    fc.assert(
      fc.property(word, word, (prefix, text) => {
        const end = afterPrefix(prefix);
        const isWithin = !isBelow(text, prefix) && (end === undefined || isBelow(text, end));
        expect(isWithin).toBe(text.startsWith(prefix));
      }),
    );
  });

  it('has no bound above the greatest character', () => {
    expect(afterPrefix('\u{10ffff}')).toBeUndefined();
    expect(afterPrefix('a\u{10ffff}')).toBe('b');
  });
});

describe('parsePattern', () => {
  it.each([
    ['abc%', { prefix: 'abc', rest: '%' }],
    ['abc', { prefix: 'abc', rest: '' }],
    ['a\\%b%', { prefix: 'a%b', rest: '%' }],
    ['a_c', { prefix: 'a', rest: '_c' }],
    ['%a', { prefix: '', rest: '%a' }],
    ['a\\', undefined],
  ])('%s', (pattern, expected) => {
    expect(parsePattern(pattern)).toEqual(expected);
  });
});
