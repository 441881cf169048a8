/** Results as files, made in the browser from the rows that it has. */
import type { ResultColumn, Row } from './query-api.ts';

const csvField = (value: string | null): string =>
  value === null ? '' : value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

const csvLine = (values: Row): string => `${values.map(csvField).join(',')}\n`;

/** As COPY … (FORMAT csv, HEADER) writes it: NULL is an empty field, the empty text a quoted one. */
export const csvOf = (columns: readonly ResultColumn[], rows: readonly Row[]): string[] => [
  csvLine(columns.map(({ name }) => name)),
  ...rows.map(csvLine),
];

const numbers = new Set(['int2', 'int4', 'float4', 'float8']);

/** Numbers that a JSON number holds exactly are numbers, booleans booleans, documents themselves; everything else is its text. */
function jsonValue(value: string | null, type: string): string {
  if (value === null) return 'null';
  if (numbers.has(type) && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) return value;
  if (type === 'bool') return value === 't' ? 'true' : 'false';
  if (type === 'json' || type === 'jsonb') return value;
  return JSON.stringify(value);
}

export function jsonOf(columns: readonly ResultColumn[], rows: readonly Row[]): string[] {
  const names = columns.map(({ name }) => JSON.stringify(name));
  const object = (row: Row): string => `{${row.map((value, at) => `${names[at]}:${jsonValue(value, columns[at].type)}`).join(',')}}`;
  return ['[\n', ...rows.map((row, at) => `${object(row)}${at === rows.length - 1 ? '' : ','}\n`), ']\n'];
}

export function download(name: string, type: string, parts: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
