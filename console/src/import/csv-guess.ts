/** What a CSV file looks like, guessed from its beginning: the user may correct it. */
import type { RelationFacts } from '../schema-browser/schema-api.ts';

/** Fields of the first record. */
export function firstFields(text: string, delimiter: string, quote: string): string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isQuoted && letter === quote && text[at + 1] === quote) {
      field += quote;
      at++;
    } else if (letter === quote) isQuoted = !isQuoted;
    else if (!isQuoted && letter === delimiter) {
      fields.push(field);
      field = '';
    } else if (!isQuoted && (letter === '\n' || letter === '\r')) break;
    else field += letter;
  }
  return [...fields, field];
}

export function guessedDelimiter(text: string): string {
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: firstFields(text, delimiter, '"').length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).delimiter;
}

/** The columns that the fields go to: by their names in a header, else all columns, else those that do not fill themselves. */
export function guessedColumns(fields: readonly string[], hasHeader: boolean, { columns }: RelationFacts): string[] {
  if (hasHeader) {
    const named = fields.map((field) => columns.find(({ name }) => name.toLowerCase() === field.trim().toLowerCase())?.name);
    const known = named.filter((name) => name !== undefined);
    if (known.length === fields.length) return known;
  }
  const plain = columns.filter(({ defaultText, identity }) => defaultText === null && identity === undefined);
  const fitting = plain.length === fields.length ? plain : columns;
  return fitting.map(({ name }) => name);
}

/** Every field of the first record is a column's name. */
export const looksLikeHeader = (fields: readonly string[], { columns }: RelationFacts): boolean =>
  fields.every((field) => columns.some(({ name }) => name.toLowerCase() === field.trim().toLowerCase()));
