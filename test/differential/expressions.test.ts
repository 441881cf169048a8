/**
 * Random expressions on Borealis and on PostgreSQL 16: the same rows, column names and types, or the same error with its SQLSTATE, message,
 * detail, hint and position, and the same notices.
 *
 * SEED=n starts elsewhere, EXPRESSIONS=n asks so many statements at most, and DIFFERENCES=file writes every difference there, sorted by subject.
 */
import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import type { LocalSession } from '../../src/query-processor/session/session.ts';
import { MemoryCluster } from '../../src/query-processor/session/testing/memory-cluster.ts';
import { SeededRandom } from '../../src/simulator/seeded-random.ts';
import { difference } from './difference.ts';
import { askBorealis, askPostgres } from './engines.ts';
import { excludedTexts } from './exclusions.ts';
import { ExpressionGenerator, type Statement } from './expression-generator.ts';

const perRound = 200;
const budgetMs = process.env.BOREALIS_LONG === undefined ? 25_000 : 15 * 60_000;
/** The short form asks the same every time; the long one goes on from the clock. */
const wanted = Number(process.env.EXPRESSIONS ?? (process.env.BOREALIS_LONG === undefined ? 10_000 : Number.POSITIVE_INFINITY));
const seed = Number(process.env.SEED ?? (process.env.BOREALIS_LONG === undefined ? 1 : Math.floor(Date.now() / 1000)));

/** What values look like and how they are read depends on these. */
const settings: readonly (readonly [string, readonly string[]])[] = [
  ['timezone', ['UTC', 'America/New_York', 'Asia/Kolkata', 'Europe/Berlin']],
  ['datestyle', ['ISO, MDY', 'ISO, MDY', 'SQL, DMY', 'German, DMY', 'Postgres, YMD']],
  ['intervalstyle', ['postgres', 'postgres', 'postgres_verbose', 'sql_standard', 'iso_8601']],
  ['bytea_output', ['hex', 'hex', 'escape']],
  ['extra_float_digits', ['1', '1', '0', '-3']],
];

let oracle: Oracle | undefined;
let client: pg.Client;
let cluster: MemoryCluster;
let session: LocalSession;
beforeAll(async () => {
  oracle = await startPostgres();
  cluster = await MemoryCluster.start();
  session = cluster.connect();
  if (oracle === undefined) return;
  client = new pg.Client(oracle);
  await client.connect();
  await client.query('SET statement_timeout = 2000');
});
afterAll(async () => {
  await client?.end();
  await cluster.stop();
  await oracle?.stop();
});

it(
  'random expressions are answered as PostgreSQL answers them',
  async (context) => {
    if (oracle === undefined || !oracle.version.startsWith('16')) return context.skip();
    const random = new SeededRandom(seed);
    const generator = new ExpressionGenerator(random);
    const found: { readonly subject: string; readonly text: string }[] = [];
    const until = Date.now() + budgetMs;
    let asked = 0;
    while (asked < wanted && Date.now() < until && (process.env.DIFFERENCES !== undefined || found.length < 20)) {
      const chosen = settings.map(([name, choices]) => `SET ${name} = '${random.pick(choices)}'`);
      for (const sql of chosen) await askBorealis(session, sql);
      const round: Statement[] = Array.from({ length: perRound }, () => generator.statement()).filter(
        ({ sql }) => !excludedTexts.some(({ pattern }) => pattern.test(sql)),
      );
      const theirs = (await askPostgres(client, [...chosen, ...round.map(({ sql }) => sql)])).slice(chosen.length);
      for (const [at, statement] of round.entries()) {
        const what = difference(statement, await askBorealis(session, statement.sql), theirs[at]);
        if (what !== undefined) found.push({ subject: statement.subject, text: `${statement.sql};   -- ${chosen.join('; ')}\n${what}` });
      }
      asked += round.length;
    }
    if (process.env.DIFFERENCES !== undefined) {
      const sorted = found.sort((a, b) => (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : a.text.length - b.text.length));
      writeFileSync(
        process.env.DIFFERENCES,
        `${asked} asked, ${found.length} different\n\n${sorted.map(({ subject, text }) => `## ${subject}\n${text}\n`).join('\n')}`,
      );
    }
    expect(
      found.map(({ text }) => text),
      `seed ${seed}`,
    ).toEqual([]);
    expect(asked).toBeGreaterThan(1000);
    return undefined;
  },
  budgetMs + 60_000,
);
