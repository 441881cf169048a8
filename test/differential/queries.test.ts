/**
 * Random queries and changes over random tables, on Borealis and on PostgreSQL 16: rows, column names, types and SQLSTATEs agree.
 *
 * BOREALIS_SEED=n begins with another seed; the name of a failing test tells its own. BOREALIS_LONG=1 goes on for half an hour.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EnginePair } from './engine-pair.ts';
import { randomChange } from './query-changes.ts';
import { QueryMaker } from './query-select.ts';
import { randomTables } from './query-tables.ts';
import { Random } from './random.ts';

const forMs = process.env.BOREALIS_LONG ? 30 * 60_000 : Number(process.env.BOREALIS_QUERIES_MS ?? 30_000);
const firstSeed = Number(process.env.BOREALIS_SEED ?? 1);
const statementsPerSeed = 150;
const differencesMax = Number(process.env.BOREALIS_DIFFERENCES ?? 5);

let pair: EnginePair | undefined;
beforeAll(async () => {
  pair = await EnginePair.start();
});
afterAll(() => pair?.stop());

const planSwitches = ['hashjoin', 'mergejoin', 'nestloop', 'indexscan', 'seqscan', 'sort', 'incremental_sort', 'hashagg'].map(
  (way) => `enable_${way}`,
);

/** What differs with one seed's tables and statements. */
async function differences(engines: EnginePair, seed: number): Promise<{ readonly found: string[]; readonly answered: number }> {
  const random = new Random(seed);
  const tables = randomTables(random, 4);
  await engines.both(`CREATE SCHEMA s${seed}`);
  await engines.both(`SET search_path = s${seed}`);
  const found: string[] = [];
  let answered = 0;
  const compare = async (sql: string, isOrdered: boolean): Promise<boolean> => {
    const { answer, difference, isTimeout } = await engines.compare(sql, isOrdered);
    if (answer.kind === 'rows') answered++;
    if (difference !== undefined) found.push(`seed ${seed}: ${sql}\n${difference}`);
    return difference === undefined && !isTimeout;
  };
  for (const { statements } of tables) for (const sql of statements) await compare(sql, false);
  if (process.env.BOREALIS_ANALYZE) await engines.both('ANALYZE');
  for (let at = 0; at < statementsPerSeed; at++) {
    // However Borealis plans a statement, its answer is PostgreSQL's.
    if (at % 10 === 0) for (const name of planSwitches) await engines.borealis.ask(`SET ${name} = ${random.chance(0.7) ? 'on' : 'off'}`);
    if (at % 5 === 4) {
      const change = randomChange(random, tables);
      await engines.both('BEGIN');
      // After an error the transaction answers 25P02 on both.
      const isAlike = (await compare(change.sql, false)) && (await compare(`SELECT * FROM ${change.table}`, false));
      // Else the tables would be different ever after.
      await engines.both(isAlike && random.chance(0.5) ? 'COMMIT' : 'ROLLBACK');
    } else {
      const query = new QueryMaker(random, tables).statement();
      await compare(query.sql, query.isOrdered);
    }
  }
  await engines.both(`DROP SCHEMA s${seed} CASCADE`);
  return { found, answered };
}

it(
  'random statements answer as in PostgreSQL',
  async () => {
    if (pair === undefined) return;
    const untilMs = performance.now() + forMs;
    const found: string[] = [];
    let answered = 0;
    let seed = firstSeed;
    for (; performance.now() < untilMs && found.length < differencesMax; seed++) {
      const of = await differences(pair, seed);
      found.push(...of.found);
      answered += of.answered;
    }
    console.log(`${seed - firstSeed} seeds, ${answered} statements with an answer`);
    expect(found).toEqual([]);
    expect(answered).toBeGreaterThan(100);
  },
  forMs + 120_000,
);
