/**
 * Reads the tables that scripts/extract-postgres-catalog.ts writes: a row a line, fields parted by tabs, `\N` for
 * an absent value. In a value, a backslash is `\\`, tab `\t`, newline `\n`, carriage return `\r`,
 * backtick `\q` and dollar sign `\d`, so that a block stands in a `String.raw` template as it is.
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

export function optionalText(field: string): string | undefined {
  return field === '\\N' ? undefined : text(field);
}

export function flag(field: string): boolean {
  return field === 't';
}

/** Numbers parted by spaces. */
export function numbers(field: string): readonly number[] {
  return field === '' ? none : field.split(' ').map(Number);
}

export function optionalNumbers(field: string): readonly number[] | undefined {
  return field === '\\N' ? undefined : numbers(field);
}

/** Texts parted by commas; a lone absent value is no list. */
export function optionalTexts(field: string): readonly string[] | undefined {
  return field === '\\N' ? undefined : text(field).split(',');
}

const none: readonly number[] = [];
