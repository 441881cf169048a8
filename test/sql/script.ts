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
 * `statement error 42501 ?` checks message, detail and hint (UPDATE puts them in the place of the question mark), and `statement notices` checks what is
 * said beside success: a line each behind `----`. `connect as ROLE` goes on in a new session of that role; `connect as admin` comes back to the
 * first one. A script that has such a line runs on PostgreSQL as a role `admin` with CREATEROLE, as it does here.
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
  readonly kind: 'statement' | 'query' | 'connect';
  /** SQLSTATE that is expected; undefined: success. */
  readonly error: string | undefined;
  /** Message that is expected, `?` to have it filled in; undefined: any. */
  readonly message: string | undefined;
  readonly checksNotices: boolean;
  /** Of `connect as`. */
  readonly role: string;
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
    const directive =
      /^(?:(statement) (?:ok|(notices)|error (\w{5})(?: (.+))?)|(query)(?: (unordered))?|(query) error (\w{5})(?: (.+))?|(connect) as (\w+))$/.exec(
        block[first],
      );
    if (directive === null) throw new Error(`line ${start + first + 1}: not a directive: ${block[first]}`);
    const divider = block.indexOf('----');
    const sqlEnd = divider < 0 ? block.length : divider;
    records.push({
      line: start + first + 1,
      kind: directive[1] === 'statement' ? 'statement' : directive[10] === 'connect' ? 'connect' : 'query',
      error: directive[3] ?? directive[8],
      message: directive[4] ?? directive[9],
      checksNotices: directive[2] !== undefined,
      role: directive[11] ?? '',
      isUnordered: directive[6] !== undefined,
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

type Answer = { readonly error: string } | { readonly lines: readonly string[]; readonly notices: readonly string[] };

/** Types that the catalog makes, such as row types, have different oids here and there. */
async function typeName(client: pg.Client, typeOid: number): Promise<string> {
  const known = typeNames.get(typeOid);
  if (known !== undefined) return known;
  const { rows } = await client.query<{ name: string }>('SELECT $1::oid::regtype::text AS name', [typeOid]);
  return rows[0].name;
}

async function ask(client: pg.Client, sql: string): Promise<Answer> {
  const notices: string[] = [];
  const listen = (notice: { severity?: string | undefined; code?: string | undefined; message?: string | undefined }): void => {
    notices.push(`${notice.severity} ${notice.code} ${notice.message}`);
  };
  client.on('notice', listen);
  try {
    const result = await client.query({ text: sql, rowMode: 'array', types: rawText });
    if (Array.isArray(result) || result.fields.length === 0) return { lines: [], notices };
    const types = await Promise.all(result.fields.map((field) => typeName(client, field.dataTypeID)));
    const header = result.fields.map((field, at) => `${field.name}:${types[at]}`).join('|');
    return { lines: [header, ...result.rows.map((row: (string | null)[]) => row.map(escapeValue).join('|'))], notices };
  } catch (error) {
    const { code, message, detail, hint } = error as { code?: string; message: string; detail?: string; hint?: string };
    if (code === undefined || !/^\w{5}$/.test(code)) throw error;
    const more = [detail, hint].flatMap((part) => (part === undefined ? [] : [` -- ${part.replaceAll('\n', '\\n')}`]));
    return { error: `${code} ${message}${more.join('')}` };
  } finally {
    client.off('notice', listen);
  }
}

/** Whose statements a script runs now. */
class ScriptSessions {
  readonly #first: pg.Client;
  readonly #connectAs: ConnectAs;
  #other: pg.Client | undefined;

  constructor(first: pg.Client, connectAs: ConnectAs) {
    this.#first = first;
    this.#connectAs = connectAs;
  }

  get current(): pg.Client {
    return this.#other ?? this.#first;
  }

  async connectAs(role: string): Promise<void> {
    await this.close();
    if (role !== 'admin') this.#other = await this.#connectAs(role);
  }

  async close(): Promise<void> {
    await this.#other?.end();
    this.#other = undefined;
  }
}

/** Opens a session of a role. */
export type ConnectAs = (role: string) => Promise<pg.Client>;

/** True for scripts that are run by several roles. */
export const hasRoles = (file: string): boolean => /^connect as /m.test(readFileSync(file, 'utf8'));

function escapeValue(value: string | null): string {
  if (value === null) return 'NULL';
  if (value === '') return '(empty)';
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('|', '\\|');
}

/** Differences, each as a readable text; [] when all answers are as written. */
export async function runScript(file: string, client: pg.Client, engine: Engine, connectAs: ConnectAs): Promise<string[]> {
  const sessions = new ScriptSessions(client, connectAs);
  try {
    return await differences(file, sessions, engine);
  } finally {
    await sessions.close();
  }
}

async function differences(file: string, sessions: ScriptSessions, engine: Engine): Promise<string[]> {
  const different: string[] = [];
  for (const record of parseScript(readFileSync(file, 'utf8'))) {
    if (record.skips.includes(engine)) continue;
    if (record.kind === 'connect') {
      await sessions.connectAs(record.role);
      continue;
    }
    const answer = await ask(sessions.current, record.sql);
    const report = (what: string) => different.push(`line ${record.line}: ${record.sql}\n  ${what}`);
    if ('error' in answer) {
      if (record.error === undefined || !answer.error.startsWith(record.error))
        report(`expected ${record.error ?? 'success'}, got error ${answer.error}`);
      else if (record.message !== undefined && answer.error !== `${record.error} ${record.message}`)
        report(`expected ${record.error} ${record.message}, got error ${answer.error}`);
    } else if (record.error !== undefined) report(`expected error ${record.error}, got ${answer.lines.join('\n  ') || 'success'}`);
    else if (record.checksNotices) {
      if (answer.notices.join('\n') !== record.expected.join('\n'))
        report(`expected:\n    ${record.expected.join('\n    ')}\n  got:\n    ${answer.notices.join('\n    ')}`);
    } else if (record.kind === 'query') {
      const arrange = (lines: readonly string[]) => (record.isUnordered ? [lines[0], ...lines.slice(1).sort()] : lines).join('\n');
      if (arrange(answer.lines) !== arrange(record.expected)) {
        report(`expected:\n    ${record.expected.join('\n    ')}\n  got:\n    ${answer.lines.join('\n    ')}`);
      }
    }
  }
  return different;
}

/** Writes the engine's answers into the file, where they are not skipped there. */
export async function updateScript(file: string, client: pg.Client, connectAs: ConnectAs): Promise<void> {
  const sessions = new ScriptSessions(client, connectAs);
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
    if (record.kind === 'connect') {
      await sessions.connectAs(record.role);
      out.push(head);
      continue;
    }
    const answer = await ask(sessions.current, record.sql);
    const lines = head.split('\n');
    const directiveAt = lines.findIndex((line) => /^(statement|query)\b/.test(line));
    if ('error' in answer) {
      const message = record.message === undefined ? answer.error.slice(0, 5) : answer.error;
      lines[directiveAt] = `${record.kind} error ${message}`;
      out.push(lines.join('\n'));
    } else if (record.checksNotices) out.push([...lines, '----', ...answer.notices].join('\n'));
    else if (record.kind === 'query') {
      lines[directiveAt] = record.isUnordered ? 'query unordered' : 'query';
      const rows = record.isUnordered ? [answer.lines[0], ...answer.lines.slice(1).sort()] : answer.lines;
      out.push([...lines, '----', ...rows].join('\n'));
    } else {
      lines[directiveAt] = 'statement ok';
      out.push(lines.join('\n'));
    }
  }
  await sessions.close();
  writeFileSync(file, `${out.join('\n\n')}\n`);
}
