/**
 * A SELECT of 5 million rows to a client that reads slowly holds the server's memory flat, and other sessions go on beside it.
 * `npm test` reads a part of the result; `npm run test:long` all of it. The latency beside it is measured there too (docs/measurements.md).
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const isLong = process.env.BOREALIS_LONG !== undefined;
let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start();
  const client = await deployment.connect();
  await client.query('CREATE TABLE many (id int PRIMARY KEY, name text NOT NULL)');
  for (let start = 1; start <= 200_000; start += 50_000) {
    await client.query(`INSERT INTO many SELECT n, 'name of ' || n FROM generate_series(${start}, ${start + 49_999}) AS n`);
  }
  await client.end();
}, 120_000);
afterAll(() => deployment.remove());

const residentMb = (pid: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe.each([
  ['generate_series', 'SELECT n, n * 2 AS twice, md5(n::text) AS text FROM generate_series(1, 5000000) AS n'],
  ['a table, joined 25 times', 'SELECT many.id, many.name, n FROM many CROSS JOIN generate_series(1, 25) AS n'],
])('5 million rows of %s', (_, sql) => {
  it('flow at the pace of the client', async () => {
    const reader = await deployment.connect();
    const beside = await deployment.connect('us-east-2');
    await beside.query({ name: 'point', text: 'SELECT name FROM many WHERE id = $1', values: [1] });
    const { connection } = reader as unknown as { connection: { stream: Socket } };
    let received = 0;
    connection.stream.prependListener('data', (data) => {
      received += data.length;
    });
    // node-postgres would keep every row: the rows are counted on the wire and dropped.
    reader.query({ text: sql, rowMode: 'array' }).catch(() => {});
    (reader as unknown as { _activeQuery?: { handleDataRow: () => void }; activeQuery?: { handleDataRow: () => void } })
      ._activeQuery!.handleDataRow = () => {};

    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = residentMb(deployment.pid);
    const latencies: number[] = [];
    const until = performance.now() + (isLong ? 60_000 : 8_000);
    let most = 0;
    while (performance.now() < until) {
      // 30 ms of reading, 30 ms of standing still: a client at half speed.
      connection.stream.pause();
      await new Promise((resolve) => setTimeout(resolve, 30));
      connection.stream.resume();
      const askedMs = performance.now();
      await beside.query({ name: 'point', text: 'SELECT name FROM many WHERE id = $1', values: [1 + Math.floor(Math.random() * 200_000)] });
      latencies.push(performance.now() - askedMs);
      await new Promise((resolve) => setTimeout(resolve, 30));
      most = Math.max(most, residentMb(deployment.pid));
    }
    latencies.sort((a, b) => a - b);
    const p99 = latencies[Math.floor(latencies.length * 0.99)];
    console.log(
      `received ${Math.round(received / 1e6)} MB, resident ${Math.round(before)} → ${Math.round(most)} MB, point SELECT beside it p99 ${p99.toFixed(1)} ms`,
    );
    expect(received).toBeGreaterThan(1_000_000);
    expect(most - before, 'growth in MB').toBeLessThan(80);
    connection.stream.destroy();
    await beside.end();
  }, 180_000);
});
