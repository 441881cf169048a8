/**
 * Backup and restore of a million rows: seconds on the clock, and of processor time (the server's and the command's), because machines are often shared.
 *
 *   npm run build && node bench/backup.mjs [ROWS]        NODE_ARGUMENTS='--cpu-prof …' are for the server
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const rows = Number(process.argv[2] ?? 1_000_000);
const command = path.join(import.meta.dirname, '../bin/borealis.mjs');
const directory = mkdtempSync(path.join(tmpdir(), 'bench-backup-'));
const file = path.join(directory, 'orders.backup');
const dataDir = path.join(directory, 'data');
const serverArguments = (process.env.NODE_ARGUMENTS ?? '').split(' ').filter((argument) => argument !== '');
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString());

const server = spawn(
  process.execPath,
  [...serverArguments, command, 'start', '--data-dir', dataDir, '--port', '0', '--http-port', '0', '--log-level', 'warn'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
await new Promise((resolve, reject) => {
  let output = '';
  server.stdout.on('data', (data) => {
    output += data;
    if (/^borealis is ready$/m.test(output)) resolve();
  });
  server.once('exit', (code) => reject(new Error(`borealis ended with ${code}`)));
});

/** Of the server until now, all its threads. */
function serverSeconds() {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function borealis(...words) {
  const [verb, ...others] = words;
  const { stdout } = await promisify(execFile)(process.execPath, [command, verb, '--data-dir', dataDir, ...others]);
  return stdout;
}

async function measured(name, work) {
  const [startedMs, usedBefore, childrenBefore] = [performance.now(), serverSeconds(), process.cpuUsage()];
  const answer = await work();
  const seconds = (performance.now() - startedMs) / 1_000;
  const own = process.cpuUsage(childrenBefore);
  console.log(
    `${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s, server ${(serverSeconds() - usedBefore).toFixed(1)} s of processor time, this script ${((own.user + own.system) / 1e6).toFixed(1)} s`,
  );
  return answer;
}

async function connected(cluster) {
  const exported = await borealis('env', ...(cluster === undefined ? [] : ['--cluster', cluster]));
  const found = Object.fromEntries([...exported.matchAll(/^export (PG\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
  const client = new pg.Client({
    host: found.PGHOSTADDR ?? found.PGHOST,
    port: Number(found.PGPORT),
    user: found.PGUSER,
    password: found.PGPASSWORD,
    database: found.PGDATABASE,
    options: found.PGOPTIONS,
    ssl: { rejectUnauthorized: false },
  });
  await client.connect();
  return client;
}

const summary = 'select count(*)::int as n, sum(amount)::text as s, sum(length(note))::text as l from orders';

try {
  const source = await connected(undefined);
  await source.query(
    'create table orders (id int primary key, customer uuid not null, amount numeric(10,2), note text, at timestamptz not null)',
  );
  await measured('filled by INSERT', async () => {
    for (let from = 1; from <= rows; from += 10_000)
      await source.query(
        `insert into orders select i, gen_random_uuid(), (i * 7 % 100000) / 100.0, 'order number ' || i, timestamptz '2026-01-01 00:00Z' + i * interval '1 second'
         from generate_series(${from}, ${Math.min(rows, from + 9_999)}) i`,
      );
  });
  const before = (await source.query(summary)).rows[0];
  await source.end();
  await measured(`backup of ${rows} rows`, () => borealis('backup', file));
  console.log(`${(statSync(file).size / 1e6).toFixed(0)} MB`);
  const answer = await measured('restore to a new cluster', () => borealis('restore', file, '--no-deletion-protection', '--json'));
  const restored = JSON.parse(answer);
  const copy = await measured('first connection', () => connected(restored.identifier));
  const after = (await measured('count and sums', () => copy.query(summary))).rows[0];
  await copy.end();
  if (JSON.stringify(before) !== JSON.stringify(after)) throw new Error(`restored ${JSON.stringify(after)}, not ${JSON.stringify(before)}`);
} finally {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  rmSync(directory, { recursive: true, force: true });
}
