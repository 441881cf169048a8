import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, hasPsql } from '../deployment.ts';

/** The story exactly as the README tells it. */
const schema = `
CREATE SCHEMA example;
CREATE TABLE example.invoice(id UUID PRIMARY KEY DEFAULT gen_random_uuid(), created timestamp, purchaser int, amount float);
CREATE INDEX invoice_created_idx on example.invoice(created);
CREATE TABLE example.department(id INT PRIMARY KEY UNIQUE, name text, email text);
\\include department-insert-multirow.sql
\\copy example.invoice(created, purchaser, amount) from 'invoice.csv' csv
`;
const query = `
SELECT name, sum(amount) AS sum_amount FROM example.department LEFT JOIN example.invoice ON department.id=invoice.purchaser
  GROUP BY name HAVING sum(amount) > 0 ORDER BY sum_amount DESC;
`;

/** What PostgreSQL answers on the same files. Sums of floats depend on the order of addition beyond the 14th digit. */
const expected: readonly (readonly [string, number])[] = [
  ['Example Department One', 32628.75608634601],
  ['Example Department Three', 32427.43955110429],
  ['Example Department Eight', 32256.810987098102],
  ['Example Department Five', 31391.14891163639],
  ['Example Department Seven', 31253.236846746757],
  ['Example Department Six', 29699.06014910414],
  ['Example Department Two', 29465.58360076501],
  ['Example Department Four', 28764.19185819191],
];

const rowsOf = (output: string): (readonly [string, number])[] =>
  output
    .trim()
    .split('\n')
    .map((line) => line.split('|'))
    .map(([name, sum]) => [name, Number(sum)]);

describe.skipIf(!hasPsql)('the story, through psql', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.start();
  });
  afterAll(() => deployment.remove());

  const answer = async (region: string): Promise<string> => deployment.psql(query, region, '-At');
  const check = (output: string) => {
    const rows = rowsOf(output);
    expect(rows.map(([name]) => name)).toEqual(expected.map(([name]) => name));
    for (const [i, [, sum]] of rows.entries()) expect(sum).toBeCloseTo(expected[i][1], 7);
  };

  it('creates, includes and copies at us-east-1', async () => {
    const output = await deployment.psql(schema);
    expect(output.trim().split('\n')).toEqual([
      'CREATE SCHEMA',
      'CREATE TABLE',
      'CREATE INDEX',
      'CREATE TABLE',
      'BEGIN',
      'INSERT 0 9',
      'COMMIT',
      'COPY 2999',
    ]);
  });

  it('answers the same rows at both Regions', async () => {
    const first = await answer('us-east-1');
    check(first);
    expect(await answer('us-east-2')).toBe(first);
    expect((await deployment.psql('select count(*), min(created), max(created) from example.invoice', 'us-east-2', '-At')).trim()).toBe(
      '2999|2016-05-21 01:25:54.423|2020-04-19 14:07:15.657',
    );
  });

  it('answers CREATE INDEX ASYNC with a job id, and the index is used when it is built', async () => {
    const output = await deployment.psql('CREATE INDEX ASYNC invoice_purchaser_idx ON example.invoice(purchaser)', 'us-east-1', '-At');
    expect(output).toMatch(/^[a-z2-7]{26}\n$/);
    expect(Number(await deployment.psql('select count(*) from example.invoice where purchaser = 3', 'us-east-2', '-At'))).toBeGreaterThan(
      300,
    );
  });

  it('answers the same after a clean restart, and after kill -9', async () => {
    const before = await answer('us-east-1');
    expect(await deployment.stop()).toBe(0);
    await deployment.start();
    expect(await answer('us-east-1')).toBe(before);
    expect(await answer('us-east-2')).toBe(before);
    await deployment.kill();
    await deployment.start();
    expect(await answer('us-east-2')).toBe(before);
    check(await answer('us-east-1'));
  });
});
