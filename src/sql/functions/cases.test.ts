/**
 * Runs the tables of cases under cases/: what each function answers, as PostgreSQL 16 does. A table is text:
 *
 *     ## lpad(text,int4,text)
 *     'hi' 5 'xy' -> 'xyxhi'
 *     'hi' NULL '' -> NULL
 *     ## array_append(anycompatiblearray,anycompatible) as _int4,int4 gives _int4
 *     {1,2} 3 -> {1,2,3}
 *     ## int4pl(int4,int4)
 *     2147483647 1 -> error 22003 integer out of range
 *
 * Arguments and answers are text forms, in quotes where they hold blanks (E'..' with \n for a newline). A set's answer is the array of its rows' text; an
 * aggregate's line holds the rows of its input one after another. UPDATE=1 asks PostgreSQL and rewrites the answers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { procsByName } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import { evaluateOnce } from '../evaluate/compile.ts';
import { fixedContext } from '../evaluate/fixed-context.ts';
import type { Expression } from '../expression.ts';
import { oid } from '../oids.ts';
import type { PgProc } from '../postgres/pg-proc.ts';
import { ArrayValue } from '../types/array-value.ts';
import { RecordValue } from '../types/record-value.ts';
import { typeByName, typeByOid } from '../types/registry.ts';
import { implementationOf } from './registry.ts';
import { signatureOf } from './signature.ts';

type Section = { readonly signature: string; readonly proc: PgProc; readonly args: readonly string[]; readonly result: string };
type Case = { readonly line: number; readonly section: Section; readonly values: readonly (string | null)[]; readonly answer: string };

const folder = new URL('./cases/', import.meta.url);
const update = process.env.UPDATE === '1';

function parseSection(text: string): Section {
  const [, signature, args, result] = /^## (\S+?\)?)(?: as (\S*))?(?: gives (\S+))?$/.exec(text) ?? [];
  const name = signature.slice(0, signature.indexOf('('));
  const proc = procsByName(name).find((candidate) => signatureOf(candidate) === signature);
  if (proc === undefined) throw new Error(`no function ${signature}`);
  const own = signature.slice(signature.indexOf('(') + 1, -1);
  return {
    signature,
    proc,
    args: (args ?? own).split(',').filter((type) => type !== ''),
    result: result ?? typeByOid(proc.returnType).name,
  };
}

function parseWord(word: string): string | null {
  if (word === 'NULL') return null;
  if (word.startsWith("E'"))
    return word
      .slice(2, -1)
      .replaceAll("''", "'")
      .replace(/\\(u[0-9a-f]{4}|.)/g, (_, code: string) =>
        code.length === 5 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : ({ n: '\n', t: '\t', r: '\r' }[code] ?? code),
      );
  return word.startsWith("'") ? word.slice(1, -1).replaceAll("''", "'") : word;
}

function printWord(value: string | null): string {
  if (value === null) return 'NULL';
  if (/[\n\t\r]/.test(value))
    return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}'`;
  return value === '' || /[\s']/.test(value) || value === 'NULL' || value.startsWith('E') ? `'${value.replaceAll("'", "''")}'` : value;
}

const words = (text: string): string[] => text.match(/E?'(?:[^']|'')*'|\S+/g) ?? [];

function parseCases(text: string): Case[] {
  let section: Section | undefined;
  return text.split('\n').flatMap((line, index): Case[] => {
    if (line.startsWith('## ')) section = parseSection(line);
    else if (line.trim() !== '' && !line.startsWith('#')) {
      if (section === undefined) throw new Error(`line ${index + 1} before the first section`);
      const arrow = line.lastIndexOf(' ->');
      const left = arrow < 0 ? line : line.slice(0, arrow);
      return [{ line: index, section, values: words(left).map(parseWord), answer: arrow < 0 ? '' : line.slice(arrow + 3).trim() }];
    }
    return [];
  });
}

/** True when a VARIADIC parameter is given as an array. */
const takesArray = ({ proc, args }: Section): boolean =>
  proc.variadic !== 0 && proc.variadic !== oid.any && typeByName(args.at(-1) ?? '')?.elementOid !== 0;

/** What the oracle is asked for a case. */
function queryOf({ section, values }: Case): { readonly text: string; readonly values: readonly (string | null)[] } {
  const { proc, args } = section;
  const name = `${proc.schema}."${proc.name}"`;
  const cast = (index: number): string => `CAST($${index + 1}::text AS pg_catalog."${args[index % args.length]}")`;
  if (proc.kind === 'a') {
    const names = args.map((_, index) => `a${index}`);
    const rows: string[] = [];
    for (let at = 0; at < values.length; at += args.length)
      rows.push(`SELECT ${names.map((column, index) => `${cast(at + index)} AS ${column}`).join(', ')}`);
    const from =
      rows.length === 0
        ? `SELECT ${args.map((type, i) => `CAST(NULL AS pg_catalog."${type}") AS a${i}`).join(', ')} LIMIT 0`
        : rows.join(' UNION ALL ');
    return { text: `SELECT ${name}(${args.length === 0 ? '*' : names.join(', ')}) FROM (${from}) rows`, values };
  }
  const spread = takesArray(section) ? values.length - 1 : -1;
  const call = `${name}(${values.map((_, index) => (index === spread ? 'VARIADIC ' : '') + cast(index)).join(', ')})`;
  return { text: proc.returnsSet ? `SELECT ARRAY(SELECT x::text FROM ${call} x)::text` : `SELECT ${call}`, values };
}

const context = fixedContext();
const printAs = (typeName: string, value: Datum): string | null => {
  const type = typeByName(typeName);
  if (type === undefined) throw new Error(`no type ${typeName}`);
  return value === null ? null : type.output(value, context);
};

function ownAnswer({ section, values }: Case): string | null {
  const { proc, args, result } = section;
  const types = args.map((name) => {
    const type = typeByName(name);
    if (type === undefined) throw new Error(`no type ${name}`);
    return type;
  });
  const resultType = typeByName(result)?.oid ?? 0;
  const data = values.map((value, index) => (value === null ? null : types[index % types.length].input(value, -1, context)));
  const implementation = implementationOf(proc.oid);
  const callTypes = { args: types.map((type) => type.oid), result: resultType };
  if (implementation.kind === 'aggregate') {
    const aggregate = implementation.forTypes(callTypes);
    let state = aggregate.initial();
    for (let at = 0; at < data.length; at += Math.max(1, args.length))
      state = aggregate.step(state, data.slice(at, at + args.length), context);
    return printAs(result, aggregate.final(state, context));
  }
  if (implementation.kind === 'set') {
    if (proc.strict && data.includes(null)) return '{}';
    const rows = [...implementation.forTypes(callTypes)(...data, context)].map((row) =>
      Array.isArray(row) ? printRecord(proc, row) : printAs(result, row as Datum),
    );
    return typeByOid(oid.textArray).output(new ArrayValue(oid.text, rows), context);
  }
  const expression: Expression = {
    kind: 'function',
    function: proc.oid,
    args: data.map((value, index) => ({ kind: 'constant', value, type: { oid: types[index].oid, typmod: -1 } })),
    variadic: takesArray(section),
    returnsSet: false,
    form: { kind: 'call' },
    type: { oid: resultType, typmod: -1 },
  };
  return printAs(result, evaluateOnce(expression, context));
}

function printRecord(proc: PgProc, row: readonly Datum[]): string | null {
  const out = (proc.allArgTypes ?? []).filter((_, index) => 'otb'.includes(proc.argModes?.[index] ?? 'i'));
  return printAs('record', new RecordValue(out, [], row));
}

const printAnswer = (answer: () => string | null): string => {
  try {
    return printWord(answer());
  } catch (error) {
    if (error instanceof SqlError) return `error ${error.sqlstate} ${error.message}`;
    throw error;
  }
};

async function askOracle(files: readonly string[]): Promise<void> {
  const { startPostgres } = await import('../../../scripts/oracle.ts');
  const oracle = await startPostgres();
  if (oracle === undefined) throw new Error('no PostgreSQL to ask');
  const client = new pg.Client({ host: oracle.host, port: oracle.port, user: oracle.user, database: oracle.database });
  try {
    await client.connect();
    await client.query(`SET TimeZone = 'UTC'`);
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      const lines = text.split('\n');
      for (const one of parseCases(text)) {
        const query = queryOf(one);
        const answer = await client
          .query({ text: query.text, values: [...query.values], rowMode: 'array', types: { getTypeParser: () => String } })
          .then((result) => printWord(result.rows[0]?.[0] ?? null))
          .catch((error: pg.DatabaseError) => `error ${error.code} ${error.message}`);
        const arrow = lines[one.line].lastIndexOf(' ->');
        lines[one.line] = `${(arrow < 0 ? lines[one.line] : lines[one.line].slice(0, arrow)).trimEnd()} -> ${answer}`;
      }
      writeFileSync(new URL(file, folder), lines.join('\n'));
    }
  } finally {
    await client.end();
    await oracle.stop();
  }
}

/** CASES=string,like limits a run to those tables. */
const only = process.env.CASES?.split(',');
const files = readdirSync(folder).filter((file) => file.endsWith('.txt') && (only === undefined || only.includes(file.slice(0, -4))));
if (update) await askOracle(files);

describe.each(files)('%s', (file) => {
  const cases = parseCases(readFileSync(new URL(file, folder), 'utf8'));
  const sections = [...new Set(cases.map((one) => one.section))];
  it.each(sections)('$signature', (section) => {
    const own = cases.filter((one) => one.section === section);
    const wrong: string[] = [];
    for (const one of own) {
      const answer = printAnswer(() => ownAnswer(one));
      if (answer !== one.answer) wrong.push(`${one.values.map(printWord).join(' ')} -> ${answer}, PostgreSQL: ${one.answer}`);
    }
    expect(wrong).toEqual([]);
  });
});
