/** What is measured on each server. Every figure is a rate or a time of the same statements over the same data. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { BenchServer } from './servers.ts';

export type Figure = { readonly name: string; readonly unit: 'per second' | 'ms' | 'MB'; readonly value: number };

const accounts = 100_000;
const invoices = 1_000_000;
/** DSQL's limit of rows in one transaction. */
const transactionRows = 3_000;

async function connect(server: BenchServer): Promise<pg.Client> {
  const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE } = server.environment;
  const client = new pg.Client({
    host: PGHOST,
    port: Number(PGPORT),
    user: PGUSER,
    password: PGPASSWORD,
    database: PGDATABASE,
    ssl: PGSSLMODE === 'require' ? { rejectUnauthorized: false } : false,
  });
  client.on('error', () => {}); // The server is stopped when a workload fails: its error is the one to show.
  await client.connect();
  return client;
}

async function once(server: BenchServer, sql: string): Promise<void> {
  const client = await connect(server);
  await client.query(sql);
  await client.end();
}

/** COPY (or INSERT, where there is no COPY) in transactions of 3 000 rows. */
async function load(server: BenchServer, client: pg.Client, target: string, count: number, line: (n: number) => string): Promise<void> {
  for (let start = 1; start <= count; start += transactionRows) {
    const lines: string[] = [];
    for (let n = start; n < start + transactionRows && n <= count; n++) lines.push(line(n));
    if (server.hasCopy) await pipeline(Readable.from([Buffer.from(lines.join(''))]), client.query(copyFrom(`COPY ${target} FROM STDIN`)));
    else {
      const rows = lines.map(
        (text) =>
          `(${text
            .trimEnd()
            .split('\t')
            .map((value) => `'${value}'`)
            .join(',')})`,
      );
      await client.query(`INSERT INTO ${target} VALUES ${rows.join(',')}`);
    }
  }
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** A fixed sequence, so that all servers hold the same rows. */
const scrambled = (n: number, modulus: number): number => (n * 2_654_435_761) % modulus;

export async function prepareAccounts(server: BenchServer): Promise<Figure[]> {
  const client = await connect(server);
  await client.query('CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))');
  await client.query(
    'CREATE TABLE pgbench_history (hid uuid PRIMARY KEY DEFAULT gen_random_uuid(), tid int, bid int, aid int, delta int, mtime timestamp)',
  );
  const loadMs = await timed(() => load(server, client, 'pgbench_accounts', accounts, (n) => `${n}\t1\t0\t-\n`));
  await client.end();
  return [{ name: 'COPY of 100 000 rows, 3 000 a transaction', unit: 'ms', value: loadMs }];
}

const scripts = {
  'select-only': `\\set aid random(1, ${accounts})\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n`,
  'simple-update': `\\set aid random(1, ${accounts})
\\set tid random(1, 10)
\\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, 1, :aid, :delta, CURRENT_TIMESTAMP);
END;
`,
};

export async function pgbench(server: BenchServer, seconds: number): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-scripts-'));
  const figures: Figure[] = [];
  for (const [name, script] of Object.entries(scripts)) {
    const file = path.join(folder, `${name}.sql`);
    writeFileSync(file, script);
    for (const mode of ['simple', 'prepared']) {
      for (const clients of server.isConcurrent ? [1, 8, 32] : [1]) {
        // PGlite is one session for all its connections: what the last run has prepared is still there.
        if (!server.isConcurrent) await once(server, 'DEALLOCATE ALL');
        const { stdout } = await promisify(execFile)(
          'pgbench',
          ['-n', '-f', file, '-M', mode, '-c', String(clients), '-j', '1', '-T', String(seconds), '--max-tries', '20'],
          { env: { ...process.env, ...server.environment } },
        );
        const rate = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
        if (!(rate > 0)) throw new Error(`pgbench printed no rate:\n${stdout}`);
        figures.push({ name: `${name}, ${mode}, ${clients} client${clients === 1 ? '' : 's'}`, unit: 'per second', value: rate });
      }
    }
  }
  rmSync(folder, { recursive: true });
  return figures;
}

/** The query of the story, over a million invoices. */
export async function analytics(server: BenchServer): Promise<Figure[]> {
  const client = await connect(server);
  await client.query('CREATE TABLE department (id int PRIMARY KEY, name text, email text)');
  await client.query('CREATE TABLE invoice (id int PRIMARY KEY, created timestamp, purchaser int, amount float)');
  await load(server, client, 'department', 9, (n) => `${n}\tDepartment ${n}\tdepartment+${n}@example.com\n`);
  await load(server, client, 'invoice', invoices, (n) => {
    const created = new Date(Date.UTC(2016, 0, 1) + scrambled(n, 126_000_000) * 1_000).toISOString().replace('Z', '');
    return `${n}\t${created}\t${1 + (scrambled(n, 8_000) % 8)}\t${scrambled(n, 15_000) / 100}\n`;
  });
  if (server.needsAnalyze) await client.query('ANALYZE invoice');
  const query = `SELECT name, sum(amount) AS sum_amount FROM department LEFT JOIN invoice ON department.id = invoice.purchaser
    GROUP BY name HAVING sum(amount) > 0 ORDER BY sum_amount DESC`;
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    times.push(
      await timed(async () => {
        const { rows } = await client.query(query);
        if (rows.length !== 8) throw new Error(`${rows.length} rows`);
      }),
    );
  }
  await client.end();
  return [{ name: 'join and sum over 1 000 000 invoices, median of 5', unit: 'ms', value: median(times) }];
}
