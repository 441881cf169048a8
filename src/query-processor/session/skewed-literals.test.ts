/** Literals beside a column with a few values of very different frequency are planned as they are written, all others share one plan. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;

beforeAll(async () => {
  cluster = await MemoryCluster.start();
  session = cluster.connect();
  await run(session, 'create table o (id int primary key, status text, kind int, customer int)');
  await run(session, 'create index o_status on o (status); create index o_kind on o (kind)');
  await run(
    session,
    "insert into o select i, case when i % 200 = 0 then 'open' else 'closed' end, i % 4, i % 300 from generate_series(1, 4000) i; analyze o",
  );
});
afterAll(() => cluster.stop());

/** How many plans are kept for the shape of the texts after all of them have run, and what they answered. */
async function plansFor(texts: readonly string[]): Promise<{ readonly plans: number; readonly answers: readonly string[] }> {
  const answers: string[] = [];
  for (const text of texts) answers.push((await run(session, text)).slice(1, -1).join());
  return { plans: new Set(texts.map((text) => session.plans.find(text)?.statement)).size, answers };
}

const scanOf = async (text: string): Promise<string> => (await run(session, `explain (costs off) ${text}`)).join('\n');

it('plans each value of a skewed column by itself', async () => {
  const texts = ['open', 'closed'].flatMap((status) =>
    [1, 2].map((customer) => `select count(customer) from o where status = '${status}' and customer <> ${customer}`),
  );
  expect(await plansFor(texts)).toEqual({ plans: 2, answers: ['20', '20', '3966', '3966'] });
  expect(await scanOf(texts[0])).toContain('o_status');
  expect(await scanOf(texts[2])).not.toContain('o_status');
});

it('keeps one plan for the values of all other columns', async () => {
  expect((await plansFor([0, 1, 2, 3].map((kind) => `select count(customer) from o where kind = ${kind}`))).plans).toBe(1);
  expect((await plansFor([5, 6].map((customer) => `select count(kind) from o where customer = ${customer}`))).plans).toBe(1);
  expect((await plansFor([5, 6].map((id) => `select kind from o where id = ${id}`))).plans).toBe(1);
});
