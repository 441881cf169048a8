/** Copy writer: rows become COPY data in text or CSV format. */
import type { CopyOptions } from './copy-options.ts';
import { isForced } from './copy-options.ts';

/** Writes lines for rows of text fields (null is NULL). */
export class CopyLineWriter {
  readonly #options: CopyOptions;
  readonly #forced: readonly boolean[];
  readonly #special: RegExp;

  constructor(options: CopyOptions, columns: readonly string[]) {
    this.#options = options;
    this.#forced = columns.map((column) => isForced(options.forceQuote, column));
    const delimiter = options.delimiter.replace(/[\\\]^-]/g, '\\$&');
    this.#special =
      options.format === 'csv'
        ? new RegExp(`[${delimiter}${options.quote.replace(/[\\\]^-]/g, '\\$&')}\\r\\n]`)
        : new RegExp(`[\\b\\f\\n\\r\\t\\v\\\\${delimiter}]`, 'g');
  }

  header(columns: readonly string[]): string {
    const names = columns.map((column) =>
      this.#options.format === 'csv' ? this.#csv(column, false, columns.length === 1) : this.#text(column),
    );
    return `${names.join(this.#options.delimiter)}\n`;
  }

  // Hot: once a row.
  line(fields: readonly (string | null)[]): string {
    const { delimiter, nullText, format } = this.#options;
    let line = '';
    for (let at = 0; at < fields.length; at++) {
      const field = fields[at];
      if (at > 0) line += delimiter;
      if (field === null) line += nullText;
      else line += format === 'csv' ? this.#csv(field, this.#forced[at], fields.length === 1) : this.#text(field);
    }
    return `${line}\n`;
  }

  #text(field: string): string {
    // \b in a character class is backspace.
    this.#special.lastIndex = 0;
    if (!this.#special.test(field)) return field;
    return field.replace(this.#special, (letter) => escapes[letter] ?? `\\${letter}`);
  }

  #csv(field: string, isForcedQuote: boolean, isOnly: boolean): string {
    const { quote, escape: escapeWith, nullText } = this.#options;
    // A lone \. would end the data, and a field like the null text would read as NULL.
    const quotes = isForcedQuote || field === nullText || this.#special.test(field) || (isOnly && field === '\\.');
    if (!quotes) return field;
    let inner = field;
    if (escapeWith !== quote) inner = inner.replaceAll(escapeWith, escapeWith + escapeWith);
    inner = inner.replaceAll(quote, escapeWith + quote);
    return quote + inner + quote;
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};
