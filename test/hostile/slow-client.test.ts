/**
 * A SELECT of 5 million rows to a client that reads slowly holds the server's memory flat, and other sessions go on beside it.
 * `npm test` reads for some seconds; `npm run test:long` for a minute. The latency beside it is printed; it is bounded where the machine is
 * ours alone (docs/measurements.md), not here: a timed test fails for its neighbours' sake.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const seconds = process.env.BOREALIS_LONG ? 60 : 6;
/** Megabytes a second: slow enough that the result outlasts the test. */
const pace = process.env.BOREALIS_LONG ? 2 : 4;
const rows = 200_000;
let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start();
  const client = await deployment.connect();
  await client.query('CREATE TABLE many (id int PRIMARY KEY, name text NOT NULL)');
  for (let start = 1; start <= rows; start += 50_000) {
    await client.query(`INSERT INTO many SELECT n, 'name of ' || n FROM generate_series(${start}, ${start + 49_999}) AS n`);
  }
  await client.end();
}, 120_000);
afterAll(() => deployment.remove());

const residentMb = (): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${deployment.pid}/status`, 'utf8'))?.[1]) / 1024;

describe.each([
  ['generate_series', 'SELECT n, n * 2 AS twice, md5(n::text) AS text FROM generate_series(1, 5000000) AS n'],
  ['a table, 25 times', 'SELECT many.id, many.name, n FROM many CROSS JOIN generate_series(1, 25) AS n'],
])('5 million rows of %s', (_, sql) => {
  it('flow at the pace of the client', async () => {
    const reader = spawn(process.execPath, [path.join(import.meta.dirname, 'slow-reader.mjs'), sql, String(pace)], {
      env: { ...process.env, ...(await deployment.environment()) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    reader.stdout.on('data', (data) => {
      printed += data;
    });
    const beside = await deployment.connect('us-east-2');
    const ask = { name: 'point', text: 'SELECT name FROM many WHERE id = $1' };
    while (!/\d{6,}/.test(printed)) await new Promise((resolve) => setTimeout(resolve, 50));
    const before = residentMb();
    let most = before;
    const latencies: number[] = [];
    for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
      const id = 1 + (latencies.length % rows);
      const askedMs = performance.now();
      expect((await beside.query({ ...ask, values: [id] })).rows).toEqual([{ name: `name of ${id}` }]);
      latencies.push(performance.now() - askedMs);
      most = Math.max(most, residentMb());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    reader.kill();
    await beside.end();
    latencies.sort((a, b) => a - b);
    const received = Number(/(\d+)\n$/.exec(printed)?.[1]);
    const at = (share: number): string => latencies[Math.floor(latencies.length * share)].toFixed(1);
    console.log(
      `received ${Math.round(received / 1e6)} MB in ${seconds} s, resident ${Math.round(before)} → ${Math.round(most)} MB; point SELECT beside it: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
    );
    expect(printed, 'the reader must still be at it').not.toMatch(/failed|done/);
    expect(received).toBeGreaterThan(seconds * pace * 400_000);
    expect(most - before, 'growth in MB').toBeLessThan(60);
  }, 240_000);
});
