/** docs/sql-support.md: PostgreSQL 16's functions and operators by the manual's chapters, from the signature table; each there, or absent for a reason. */
import { InvariantError } from '#base/assert.ts';
import { hasImplementation } from '../functions/registry.ts';
import { pgOperators } from '../postgres/pg-operator.ts';
import { pgProcs } from '../postgres/pg-proc.ts';
import { chapterOf, type Facts, factsOf, inManualOrder, isInternal, nameOfType, reasonOf } from './manual-chapters.ts';

type Entry = { readonly facts: Facts; readonly signature: string; readonly isThere: boolean };

const introduction = `# Functions and operators

What PostgreSQL 16 has, chapter by chapter of its manual, and whether Borealis has it. The list is printed from the signature table, which is PostgreSQL's own catalog
(\`src/sql/postgres/pg-proc.ts\`), and from what is implemented (\`src/sql/functions/\`); run \`UPDATE=1 npx vitest run test/house\` after adding a function. Types stand under their
names in the catalog (\`int4\` is integer, \`_text\` is text[]).

Functions that types, operators, casts, aggregates and indexes are made of are left out, as in the manual. Forms that are syntax and not calls are there: AND, OR, NOT, IS [NOT] NULL, TRUE, FALSE,
UNKNOWN, DISTINCT FROM, JSON and NORMALIZED, BETWEEN [SYMMETRIC], IN, ANY, ALL, EXISTS, row and subquery comparison, CASE, COALESCE, NULLIF, GREATEST, LEAST, LIKE, ILIKE, SIMILAR TO, AT TIME ZONE, OVERLAPS,
EXTRACT, OVERLAY, POSITION, SUBSTRING, TRIM, NORMALIZE, COLLATE, ARRAY, ROW, subscripts and slices, CAST and \`::\`, GROUPING, JSON_OBJECT, JSON_ARRAY, JSON_OBJECTAGG and JSON_ARRAYAGG.

A function that is absent is found, with its types checked, and refused by name with SQLSTATE 0A000.`;

export function supportDocument(): string {
  const byChapter = new Map<string, Entry[]>();
  for (const entry of entries()) {
    const chapter = chapterOf(entry.facts);
    const listed = byChapter.get(chapter);
    if (listed === undefined) byChapter.set(chapter, [entry]);
    else listed.push(entry);
  }
  const sections = inManualOrder(byChapter.keys()).map((title) => section(title, byChapter.get(title) ?? []));
  return `${[introduction, ...sections].join('\n\n')}\n`;
}

function entries(): readonly Entry[] {
  const ofOperators = new Set(pgOperators.map((operator) => operator.function));
  const functions = pgProcs
    .filter((proc) => proc.schema === 'pg_catalog' && proc.kind !== 'p' && !ofOperators.has(proc.oid) && !isInternal(proc))
    .map((proc): Entry => {
      const facts = factsOf(proc);
      return { facts, signature: `${proc.name}(${facts.args.join(', ')})`, isThere: hasImplementation(proc.oid) };
    });
  const operators = pgOperators.map(({ name, left, right, result, function: procOid }): Entry => {
    const operands = left === 0 ? [right] : [left, right];
    const facts: Facts = { name, args: operands.map(nameOfType), result: nameOfType(result), kind: 'operator' };
    const signature = left === 0 ? `${name} ${facts.args[0]}` : facts.args.join(` ${name} `);
    return { facts, signature, isThere: hasImplementation(procOid) };
  });
  return [...functions, ...operators];
}

function section(title: string, listed: readonly Entry[]): string {
  const there = listed.filter(({ isThere }) => isThere);
  const absent = listed.filter(({ isThere }) => !isThere);
  const lines = [`## ${title}`, ''];
  lines.push(absent.length === 0 ? `All ${there.length} are there.` : `${there.length} are there, ${absent.length} are not.`);
  if (there.length > 0) lines.push('', '| There | |', '|---|---|', ...rows(there));
  if (absent.length > 0) lines.push('', '| Absent | | Reason |', '|---|---|---|', ...absentRows(absent));
  return lines.join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${cell(text)}\``;

function namedGroups(listed: readonly Entry[]): readonly (readonly [string, readonly Entry[]])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of listed) {
    const group = groups.get(entry.facts.name);
    if (group === undefined) groups.set(entry.facts.name, [entry]);
    else group.push(entry);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

const signaturesOf = (group: readonly Entry[]): string => group.map(({ signature }) => code(signature)).join(', ');

const rows = (listed: readonly Entry[]): string[] =>
  namedGroups(listed).map(([name, group]) => `| ${code(name)} | ${signaturesOf(group)} |`);

function absentRows(listed: readonly Entry[]): string[] {
  return namedGroups(listed).map(([name, group]) => {
    const reasons = new Set(group.map(({ facts, signature }) => reasonOf(facts) ?? nobodySaid(signature)));
    return `| ${code(name)} | ${signaturesOf(group)} | ${[...reasons].map(cell).join('; ')} |`;
  });
}

function nobodySaid(signature: string): never {
  throw new InvariantError(`${signature} is absent, and no reason for it stands in manual-chapters.ts`);
}
