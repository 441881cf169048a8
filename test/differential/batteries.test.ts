/**
 * Batteries of random statements, a subject each, on Borealis and on PostgreSQL 16: the same rows, column names and types, or the same error with
 * its SQLSTATE, message, detail, hint and position, and the same notices.
 *
 * SEED=n starts elsewhere, STATEMENTS=n asks so many of each battery, and DIFFERENCES=file writes every difference there. BOREALIS_LONG asks
 * each for two minutes, from another seed every time.
 */
import { appendFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import type { LocalSession } from '../../src/query-processor/session/session.ts';
import { MemoryCluster } from '../../src/query-processor/session/testing/memory-cluster.ts';
import type { Battery } from './batteries/battery.ts';
import { batteries } from './batteries/every-battery.ts';
import { printed } from './difference.ts';
import { askBorealis, askPostgres } from './engines.ts';
import { Random } from './random.ts';

const isLong = process.env.BOREALIS_LONG !== undefined;
const perRound = 250;
const wanted = Number(process.env.STATEMENTS ?? (isLong ? Number.POSITIVE_INFINITY : 500));
const budgetMs = isLong ? 120_000 : 60_000;
const seed = Number(process.env.SEED ?? (isLong ? Math.floor(Date.now() / 1000) : 1));
const differencesMax = process.env.DIFFERENCES === undefined ? 20 : Number.POSITIVE_INFINITY;

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
  await client.query('SET statement_timeout = 5000');
});
afterAll(async () => {
  await client?.end();
  await cluster.stop();
  await oracle?.stop();
});

/** What is different in the answers to a battery. */
async function differences(
  battery: Battery,
): Promise<{ readonly asked: number; readonly answered: number; readonly found: readonly string[] }> {
  const random = new Random(seed);
  const found: string[] = [];
  const until = Date.now() + budgetMs;
  let [asked, answered] = [0, 0];
  while (asked < wanted && Date.now() < until && found.length < differencesMax) {
    const chosen = Object.entries(battery.settings ?? {}).map(([name, choices]) => `SET ${name} = '${random.pick(choices)}'`);
    // Of a setting that DSQL has not got there is a notice.
    for (const sql of chosen) await askBorealis(session, sql);
    const round = random.times(Math.min(perRound, wanted - asked), () => battery.statement(random));
    const theirs = (await askPostgres(client, [...chosen, ...round])).slice(chosen.length);
    for (const [at, sql] of round.entries()) {
      const [ours, expected] = [await askBorealis(session, sql), theirs[at]].map((answer) => printed(answer, battery.digits));
      if (theirs[at].error === undefined) answered++;
      if (ours !== expected && theirs[at].error?.code !== '57014')
        found.push(`${sql};   -- ${chosen.join('; ')}\n  Borealis:   ${ours}\n  PostgreSQL: ${expected}`);
    }
    asked += round.length;
  }
  return { asked, answered, found };
}

describe.each(batteries)('$name', (battery) => {
  it(
    'answers as PostgreSQL does',
    async (context) => {
      if (oracle === undefined || !oracle.version.startsWith('16')) return context.skip();
      const { asked, answered, found } = await differences(battery);
      if (process.env.DIFFERENCES !== undefined)
        appendFileSync(process.env.DIFFERENCES, `# ${battery.name}: ${asked} asked, ${found.length} different\n${found.join('\n')}\n`);
      expect(found, `seed ${seed}`).toEqual([]);
      // A battery of errors alone would show little.
      expect(answered).toBeGreaterThan(asked / 4);
      return undefined;
    },
    budgetMs + 60_000,
  );
});
