/** Quoting of identifiers and literals, as quote_ident() and quote_literal() do it. */
import { keywords } from './keywords.ts';

let quoted: ReadonlySet<string> | undefined;

/** Keywords that cannot stand as a column's name everywhere: all but PostgreSQL's unreserved ones. */
function isQuotedKeyword(word: string): boolean {
  quoted ??= new Set(keywords.filter(({ category }) => category !== 'U').map((keyword) => keyword.word));
  return quoted.has(word);
}

export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !isQuotedKeyword(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteral(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
