/**
 * Characters of text: PostgreSQL counts code points, JavaScript UTF-16 units. Text without surrogates, nearly all of it, goes the short way.
 * Letters are ASCII's: under the C collation case and character classes know no others.
 */

const surrogate = /[\ud800-\udfff]/;

export const hasSurrogates = (text: string): boolean => surrogate.test(text);

export function characterCount(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The characters from `start` (0-based) up to `end`; both within or beyond the text. */
export function sliceCharacters(text: string, start: number, end: number): string {
  if (end <= start) return '';
  if (!surrogate.test(text)) return text.slice(Math.max(0, start), Math.max(0, end));
  return Array.from(text).slice(Math.max(0, start), Math.max(0, end)).join('');
}

/** Index in UTF-16 units to index in characters. */
export const characterIndex = (text: string, unit: number): number => (surrogate.test(text) ? characterCount(text.slice(0, unit)) : unit);

/** Index in characters to index in UTF-16 units; the length where the text is shorter. */
export function unitIndex(text: string, character: number): number {
  if (!surrogate.test(text)) return Math.min(character, text.length);
  let unit = 0;
  for (let left = character; left > 0 && unit < text.length; left--) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  return unit;
}

export const lowerAscii = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;

export const upperAscii = (text: string): string =>
  /[a-z]/.test(text) ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) : text;

export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8');
