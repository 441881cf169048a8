/** docs/dsql-compatibility.md, printed from the rules. */
import { newestDsqlProfile, rules } from './check-statement.ts';
import type { Area, Rule, Source } from './rule.ts';

const areas: readonly Area[] = [
  'Statements',
  'CREATE TABLE',
  'ALTER TABLE',
  'CREATE INDEX',
  'Types',
  'Queries',
  'Settings and transactions',
];

const introduction = `# Compatibility with Aurora DSQL

Aurora DSQL takes a part of PostgreSQL's SQL. Borealis has two profiles, chosen for a cluster (\`borealis start --profile\`) or for a
session (\`SET borealis.profile\`):

- \`dsql\` refuses what Aurora DSQL refuses, with its SQLSTATE and message. It is dated, since DSQL changes from month to month: this is
  \`${newestDsqlProfile}\`.
- \`open\`, the default, runs what Borealis can do well and says so in one NOTICE a statement, \`not supported by Aurora DSQL: ...\`.
  What it cannot do it refuses with 0A000.

\`borealis lint FILE.sql ...\` tells from the same rules which statements would fail on Aurora DSQL, without running them.

The tables below are printed from the rules themselves (\`src/query-processor/dialect/\`); run \`UPDATE=1 npx vitest run test/house\` after
changing one. "Known from" says how an answer is known and the newest day on which it was so: *recorded* on a real cluster,
*documented* in the user guide, *published* in AWS's own tools, *inferred* where the refusal is known and its exact words are those of
its kin.`;

const beyondTables = `## What only the catalog can tell

These refusals depend on objects or on the transaction, so \`borealis lint\` sees only some of them.

| What | SQLSTATE | Aurora DSQL and profile \`dsql\` | Profile \`open\` |
|---|---|---|---|
| two DDL statements in one transaction | 0A000 | \`multiple ddl statements not supported in a transaction\` | runs |
| DDL and row changes in one transaction | 0A000 | \`ddl and dml are not supported in the same transaction\` | runs |
| dropping a column of the primary key | 0A000 | \`cannot drop primary key column <column>\` | runs |
| dropping the primary key | 0A000 | \`unsupported ALTER TABLE DROP CONSTRAINT statement\` | runs |
| ADD CONSTRAINT ... UNIQUE USING INDEX while the index is being built | 55000 | \`index "<index>" is not valid\` | refused alike |
| CREATE INDEX without ASYNC on a table with rows, after \`SET disable_sync_create_index = off\` | 0A000 | \`unsupported mode. please use CREATE INDEX ASYNC.\` | runs |
| a column of type json, jsonb, bytea, interval or timetz in an index | 0A000 | \`datatype <type> is not supported in a key\` | runs where the type has an order |
| changing an object of schema sys, pg_catalog or information_schema | 0A000 | \`feature not supported on system entity\` | refused with 42501 |
| \`LEFT JOIN LATERAL\` whose subquery puts out a column of the outer relation | 42804 | \`attribute <n> of type <table> has wrong type\` | runs |
| a text search configuration other than simple | 42704 | \`text search configuration "<name>" does not exist\` | refused alike |
| plain \`numeric\` as a column's type | | means numeric(18,6) | has no limits, as in PostgreSQL |
| more than 3000 changed rows, 10 MiB or 5 minutes in a transaction | 54000 | \`transaction row limit exceeded\` and its kin | larger limits |
| \`CALL\` with a subquery as argument | 0A000 | \`cannot use subquery in CALL argument\` | refused alike |
`;

export function compatibilityDocument(): string {
  const parts = [introduction];
  for (const area of areas) parts.push(`## ${area}\n\n${table(rules.filter((rule) => rule.area === area))}`);
  parts.push(beyondTables);
  return parts.join('\n\n');
}

function table(listed: readonly Rule[]): string {
  const rows = listed.map(
    (rule) =>
      `| ${cell(rule.construct)} | ${rule.sqlstate} | \`${cell(rule.answer)}\` | ${openCell(rule)} | ${cell(rule.hint ?? '')} | ${source(rule.source)} |`,
  );
  return [
    '| What | SQLSTATE | Aurora DSQL and profile `dsql` | Profile `open` | Instead | Known from |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function openCell({ open }: Rule): string {
  return open === 'runs' ? 'runs' : open === 'same' ? 'refused alike' : 'refused, 0A000';
}

const source = ({ kind, date }: Source): string => `${kind}, ${date}`;
