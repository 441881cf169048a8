/**
 * SQL scripts: statements with the answers that PostgreSQL gives, one file a feature, run on Borealis and on PostgreSQL alike.
 *
 *     statement ok
 *     CREATE TABLE t (id int primary key)
 *
 *     statement error 23505
 *     INSERT INTO t VALUES (1), (1)
 *
 *     query [unordered]
 *     SELECT id FROM t ORDER BY id
 *     ----
 *     id:int4
 *     1
 *
 * A record ends at an empty line. `# ...` lines are comments. The first line of an answer names the columns with their types; then a row a
 * line, values separated by `|`, NULL as NULL, an empty text as (empty), line breaks and backslashes escaped. `unordered` compares rows as a bag.
 * `skipif postgres` / `skipif borealis` before a record leaves it out there, and must give its reason behind it.
 *
 * UPDATE=1 writes PostgreSQL's answers into the files: the program is the judge, not we.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type pg from 'pg';
import { pgTypes } from '../../src/sql/postgres/pg-type.ts';

export type Engine = 'borealis' | 'postgres';

type SqlRecord = {
  readonly line: number;
  readonly kind: 'statement' | 'query';
  /** SQLSTATE that is expected; undefined: success. */
  readonly error: string | undefined;
  readonly isUnordered: boolean;
  readonly skips: readonly Engine[];
  readonly sql: string;
  readonly expected: readonly string[];
  /** Lines of the file before the answer, for UPDATE. */
  readonly head: readonly string[];
};

export function parseScript(text: string): SqlRecord[] {
  const lines = text.split('\n');
  const records: SqlRecord[] = [];
  let at = 0;
  while (at < lines.length) {
    const start = at;
    while (at < lines.length && lines[at].trim() !== '') at++;
    const block = lines.slice(start, at);
    at++;
    const skips: Engine[] = [];
    let first = 0;
    for (; first < block.length; first++) {
      const skip = /^skipif (borealis|postgres)\b(.*)$/.exec(block[first]);
      if (skip !== null) {
        if (skip[2].trim() === '') throw new Error(`line ${start + first + 1}: skipif needs a reason`);
        skips.push(skip[1] as Engine);
      } else if (!block[first].startsWith('#')) break;
    }
    if (first >= block.length) continue;
    const directive = /^(?:(statement) (?:ok|error (\w{5}))|(query)(?: (unordered))?|(query) error (\w{5}))$/.exec(block[first]);
    if (directive === null) throw new Error(`line ${start + first + 1}: not a directive: ${block[first]}`);
    const divider = block.indexOf('----');
    const sqlEnd = divider < 0 ? block.length : divider;
    records.push({
      line: start + first + 1,
      kind: directive[1] === 'statement' ? 'statement' : 'query',
      error: directive[2] ?? directive[6],
      isUnordered: directive[4] !== undefined,
      skips,
      sql: block.slice(first + 1, sqlEnd).join('\n'),
      expected: divider < 0 ? [] : block.slice(divider + 1),
      head: block.slice(0, sqlEnd),
    });
  }
  return records;
}

const typeNames = new Map(pgTypes.map((type) => [type.oid, type.name]));
const rawText = { getTypeParser: () => (value: string) => value };

type Answer = { readonly error: string } | { readonly lines: readonly string[] };

async function ask(client: pg.Client, sql: string): Promise<Answer> {
  try {
    const result = await client.query({ text: sql, rowMode: 'array', types: rawText });
    if (Array.isArray(result) || result.fields.length === 0) return { lines: [] };
    const header = result.fields.map((field) => `${field.name}:${typeNames.get(field.dataTypeID) ?? field.dataTypeID}`).join('|');
    return { lines: [header, ...result.rows.map((row: (string | null)[]) => row.map(escapeValue).join('|'))] };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined || !/^\w{5}$/.test(code)) throw error;
    return { error: `${code} ${message}` };
  }
}

function escapeValue(value: string | null): string {
  if (value === null) return 'NULL';
  if (value === '') return '(empty)';
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('|', '\\|');
}

/** Differences, each as a readable text; [] when all answers are as written. */
export async function runScript(file: string, client: pg.Client, engine: Engine): Promise<string[]> {
  const different: string[] = [];
  for (const record of parseScript(readFileSync(file, 'utf8'))) {
    if (record.skips.includes(engine)) continue;
    const answer = await ask(client, record.sql);
    const report = (what: string) => different.push(`line ${record.line}: ${record.sql}\n  ${what}`);
    if ('error' in answer) {
      if (record.error === undefined || !answer.error.startsWith(record.error))
        report(`expected ${record.error ?? 'success'}, got error ${answer.error}`);
    } else if (record.error !== undefined) report(`expected error ${record.error}, got ${answer.lines.join('\n  ') || 'success'}`);
    else if (record.kind === 'query') {
      const arrange = (lines: readonly string[]) => (record.isUnordered ? [lines[0], ...lines.slice(1).sort()] : lines).join('\n');
      if (arrange(answer.lines) !== arrange(record.expected)) {
        report(`expected:\n    ${record.expected.join('\n    ')}\n  got:\n    ${answer.lines.join('\n    ')}`);
      }
    }
  }
  return different;
}

/** Writes the engine's answers into the file, where they are not skipped there. */
export async function updateScript(file: string, client: pg.Client): Promise<void> {
  const text = readFileSync(file, 'utf8');
  const out: string[] = [];
  const records = new Map(parseScript(text).map((record) => [record.head.join('\n'), record]));
  for (const block of text.split(/\n(?:[ \t]*\n)+/)) {
    const head = block
      .split('\n----\n')[0]
      .replace(/\n----$/, '')
      .replace(/\n+$/, '');
    const record = records.get(head);
    if (record === undefined || record.skips.includes('postgres')) {
      out.push(block.replace(/\n+$/, ''));
      continue;
    }
    const answer = await ask(client, record.sql);
    const lines = head.split('\n');
    const directiveAt = lines.findIndex((line) => /^(statement|query)\b/.test(line));
    if ('error' in answer) {
      lines[directiveAt] = `${record.kind} error ${answer.error.slice(0, 5)}`;
      out.push(lines.join('\n'));
    } else if (record.kind === 'query') {
      lines[directiveAt] = record.isUnordered ? 'query unordered' : 'query';
      const rows = record.isUnordered ? [answer.lines[0], ...answer.lines.slice(1).sort()] : answer.lines;
      out.push([...lines, '----', ...rows].join('\n'));
    } else {
      lines[directiveAt] = 'statement ok';
      out.push(lines.join('\n'));
    }
  }
  writeFileSync(file, `${out.join('\n\n')}\n`);
}
