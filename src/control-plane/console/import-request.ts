/** What a browser says of the file that it is going to send, checked. */
import type { ImportRequest } from './import-shapes.ts';

/** A text says what is wrong. */
export function importRequest(body: Readonly<Record<string, unknown>>): ImportRequest | string {
  if (body.kind === 'sql') return { kind: 'sql', stopsAtError: body.stopsAtError === true };
  if (body.kind !== 'csv') return 'kind is csv or sql';
  const { schema, table, columns, hasHeader, delimiter = ',', quote = '"', nullText = '' } = body;
  if (!isText(schema) || !isText(table)) return 'schema and table are texts';
  if (!Array.isArray(columns) || !columns.every(isText)) return 'columns are texts';
  if (!isText(delimiter) || !isOneByte(delimiter)) return 'delimiter is one character';
  if (!isText(quote) || !isOneByte(quote) || quote === delimiter) return 'quote is one character, and not the delimiter';
  if (!isText(nullText) || /[\r\n\0]/.test(nullText)) return 'nullText is a text without line ends';
  return { kind: 'csv', schema, table, columns, hasHeader: hasHeader === true, delimiter, quote, nullText };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isOneByte = (text: string): boolean => /^[\t\x20-\x7e]$/.test(text);
