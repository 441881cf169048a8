/** Identifiers as text: quoting them as PostgreSQL prints them, and reading qualified names from strings. */
import { SqlError, sqlstate } from '#base/sql-error.ts';

/** Words that PostgreSQL quotes when they name something: reserved ones, and those that can be function or type names or column names only. */
const quotedWords = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check ' +
    'coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema ' +
    'current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch ' +
    'float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval ' +
    'into is isnull join lateral leading least left like limit localtime localtimestamp national natural nchar none normalize not notnull ' +
    'null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references returning ' +
    'right row select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to ' +
    'trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat ' +
    'xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable json_array json_arrayagg json_object ' +
    'json_objectagg'
  ).split(' '),
);

/** quote_identifier: in quotes only where needed. */
export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !quotedWords.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

export const quoteLiteral = (text: string): string =>
  text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;

/** `a."B c"` to ['a', 'B c']; bare parts in lower case. Throws 42602. */
export function splitQualifiedName(text: string): readonly string[] {
  const invalid = (): SqlError => new SqlError(sqlstate.invalidName, 'invalid name syntax');
  const parts: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")+)"|([^\s".]+))\s*(\.|$)/y;
  let at = 0;
  for (;;) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw invalid();
    parts.push(match[1] === undefined ? match[2].toLowerCase() : match[1].replaceAll('""', '"'));
    at = pattern.lastIndex;
    if (match[3] === '') return parts;
  }
}

/** The names of a search_path value: bare ones in lower case, quoted ones as they are. */
export function splitSearchPath(text: string): readonly string[] {
  const names: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/gy;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) break;
    const name = match[1] === undefined ? match[2].trim().toLowerCase() : match[1].replaceAll('""', '"');
    if (name !== '') names.push(name);
    if (pattern.lastIndex >= text.length) break;
  }
  return names;
}
