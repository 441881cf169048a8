/**
 * Reads the tables that scripts/extract-postgres-catalog.ts writes: a row a line, fields parted by tabs, `\N` for an absent value,
 * left off at the end of a line. In a value, a backslash is `\\`, tab `\t`, newline `\n`, carriage return `\r`, backtick `\q` and
 * dollar sign `\d`, so that a block stands in a `String.raw` template as it is.
 */

/** Rows of a `String.raw` block that begins and ends with a newline. */
export function readTable<Row>(block: string, row: (fields: readonly string[]) => Row): readonly Row[] {
  const lines = block.split('\n');
  const rows: Row[] = [];
  for (let index = 1; index < lines.length - 1; index++) rows.push(row(lines[index].split('\t')));
  return rows;
}

const escaped: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', q: '`', d: '$' };

export function text(field: string): string {
  return field.includes('\\') ? field.replace(/\\(.)/g, (_, letter: string) => escaped[letter] ?? letter) : field;
}

export function optionalText(field: string | undefined): string | undefined {
  return field === undefined || field === absent ? undefined : text(field);
}

/** The field, or the value that the table leaves out for being the usual one. */
export function or(field: string | undefined, usual: string): string {
  return field === undefined || field === absent ? usual : field;
}

/** Numbers parted by spaces; equal lists are one list. */
export function numbers(field: string): readonly number[] {
  let list = lists.get(field);
  if (list === undefined) {
    list = field === '' ? [] : field.split(' ').map(Number);
    lists.set(field, list);
  }
  return list;
}

export function optionalNumbers(field: string | undefined): readonly number[] | undefined {
  return field === undefined || field === absent ? undefined : numbers(field);
}

/** Texts parted by commas. */
export function optionalTexts(field: string | undefined): readonly string[] | undefined {
  return field === undefined || field === absent ? undefined : text(field).split(',');
}

const absent = '\\N';
const lists = new Map<string, readonly number[]>();
