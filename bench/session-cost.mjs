/**
 * What a statement, or a row, costs without sockets: a cluster of two Regions and a witness in this process, sessions spoken to at the query processor's door.
 * Prints µs of CPU (user and system, all threads: the stores' and the journal's too), or with --allocations bytes allocated on JavaScript's heap.
 *
 *   npm run build && node bench/session-cost.mjs [--in-memory] [--allocations] [--clients 1] [--rounds 3] [--scale 1] [SHAPE ...]
 *
 * Shapes: point-literal, point-prepared, update, insert, simple-update, copy, insert-values, insert-select; all when none is named. Data lie in files
 * (LMDB, journal with fdatasync) unless --in-memory; with several clients commits share synchronisations. Each round counts as many statements as the one before; the first warms up and is not counted; the
 * median of the others is printed. CPU and not wall time, so that two builds can be compared on a machine that is busy otherwise: run them in turn.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import { fileDisk, memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import { Clusters } from '#deployment/clusters.ts';
import { LocalClusterSource } from '#deployment/local-cluster-source.ts';
import { loadParser } from '#query-processor/parser/parse.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'in-memory': { type: 'boolean', default: false },
    allocations: { type: 'boolean', default: false },
    clients: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
  },
});

// Allocation is read off a heap that nothing is collected from meanwhile: its young part must hold a whole round.
const roomy = ['--min-semi-space-size=256', '--max-semi-space-size=256', '--expose-gc'];
if (options.allocations && globalThis.gc === undefined) {
  const { status } = spawnSync(process.execPath, [...roomy, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const accounts = 100_000;
/** Rows a transaction of a load: DSQL's limit. */
const transactionRows = 3_000;
/** What a socket hands over at once. */
const pieceBytes = 65_536;

const fail = (error) => {
  throw error;
};
const nothing = () => undefined;

function sinkOf(pieces) {
  return {
    rowDescription: nothing,
    rows: nothing,
    commandComplete: nothing,
    emptyQuery: nothing,
    portalSuspended: nothing,
    notice: nothing,
    async *copyIn() {
      for (const piece of pieces) yield piece;
    },
    copyOutStart: nothing,
    copyOutData: nothing,
    copyOutEnd: nothing,
  };
}
const sink = sinkOf([]);

async function run(session, text) {
  await session.simpleQuery(text, sink);
  await session.sync();
}

/** Parse once, then Bind, Execute, Sync, as pgbench -M prepared does. */
async function prepared(session, name, text) {
  await session.parse(name, text, []);
  return async (...parameters) => {
    const wait = session.bind(
      '',
      name,
      [],
      parameters.map((value) => Buffer.from(String(value))),
      [],
    );
    if (wait !== undefined) await wait;
    const execution = session.execute('', 0, sink);
    if (execution !== undefined) await execution;
    const end = session.sync();
    if (end !== undefined) await end;
  };
}

/** With several clients some meet on a row: the one that loses is counted as well. */
async function unlessConflict(commit) {
  try {
    await commit;
  } catch (error) {
    if (error.sqlstate !== '40001') throw error;
  }
}

/** A fixed sequence. */
let drawn = 1;
const draw = (modulus) => {
  drawn = (drawn * 48_271) % 2_147_483_647;
  return 1 + (drawn % modulus);
};

function piecesOf(text) {
  const bytes = Buffer.from(text);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return pieces;
}

async function loadByCopy(session, target, count, line) {
  for (let start = 1; start <= count; start += transactionRows) {
    let text = '';
    for (let n = start; n < start + transactionRows && n <= count; n++) text += line(n);
    await session.simpleQuery(`COPY ${target} FROM STDIN`, sinkOf(piecesOf(text)));
    await session.sync();
  }
}

/** One a round: emptying the last one would be measured as well. */
let tables = 0;
async function newTable(session) {
  const table = `loaded_${++tables}`;
  await run(session, `CREATE TABLE ${table} (aid int PRIMARY KEY, bid int, abalance int, filler char(84))`);
  return table;
}

/** Of each: `count` things a round; `unit` what they are; `work(session, count)` does them. */
const shapes = {
  'point-literal': {
    count: 60_000,
    work: async (session, count) => {
      for (let i = 0; i < count; i++) {
        const wait = session.simpleQuery(`SELECT abalance FROM pgbench_accounts WHERE aid = ${draw(accounts)}`, sink);
        if (wait !== undefined) await wait;
      }
    },
  },
  'point-prepared': {
    count: 60_000,
    work: async (session, count) => {
      const select = await prepared(session, 'point', 'SELECT abalance FROM pgbench_accounts WHERE aid = $1');
      for (let i = 0; i < count; i++) await select(draw(accounts));
      session.closeStatement('point');
    },
  },
  update: {
    count: 3_000,
    work: async (session, count) => {
      for (let i = 0; i < count; i++)
        await unlessConflict(run(session, `UPDATE pgbench_accounts SET abalance = abalance + ${i} WHERE aid = ${draw(accounts)}`));
    },
  },
  insert: {
    count: 3_000,
    work: async (session, count) => {
      for (let i = 0; i < count; i++)
        await run(
          session,
          `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (${i}, 1, ${draw(accounts)}, ${i}, CURRENT_TIMESTAMP)`,
        );
    },
  },
  'simple-update': {
    count: 3_000,
    work: async (session, count) => {
      const names = ['u', 's', 'i'];
      const update = await prepared(session, 'u', 'UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2');
      const select = await prepared(session, 's', 'SELECT abalance FROM pgbench_accounts WHERE aid = $1');
      const insert = await prepared(
        session,
        'i',
        'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, 1, $2, $3, CURRENT_TIMESTAMP)',
      );
      const begin = await prepared(session, 'b', 'BEGIN');
      const end = await prepared(session, 'e', 'END');
      for (let i = 0; i < count; i++) {
        const aid = draw(accounts);
        await begin();
        await update(i, aid);
        await select(aid);
        await insert(draw(10), aid, i);
        await unlessConflict(end());
      }
      for (const name of [...names, 'b', 'e']) session.closeStatement(name);
    },
  },
  copy: {
    count: 99_000,
    unit: 'row',
    work: async (session, count) => {
      const table = await newTable(session);
      await loadByCopy(session, table, count, (n) => `${n}\t1\t0\t-\n`);
    },
  },
  'insert-values': {
    count: 30_000,
    unit: 'row',
    work: async (session, count) => {
      const table = await newTable(session);
      for (let start = 1; start <= count; start += 1_000) {
        const rows = [];
        for (let n = start; n < start + 1_000; n++) rows.push(`(${n},1,0,'-')`);
        await run(session, `INSERT INTO ${table} VALUES ${rows.join(',')}`);
      }
    },
  },
  'insert-select': {
    count: 90_000,
    unit: 'row',
    work: async (session, count) => {
      const table = await newTable(session);
      for (let start = 1; start <= count; start += transactionRows)
        await run(
          session,
          `INSERT INTO ${table} SELECT aid, bid, abalance, filler FROM pgbench_accounts WHERE aid BETWEEN ${start} AND ${start + transactionRows - 1}`,
        );
    },
  },
};

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function cpuMicros(sessions, { count, work }) {
  const amount = Math.round((count * Number(options.scale)) / sessions.length);
  const costs = [];
  for (let round = 0; round <= Number(options.rounds); round++) {
    const before = process.cpuUsage();
    await Promise.all(sessions.map((session) => work(session, amount)));
    // What is applied is flushed to the stores a second later at most: that belongs to the price.
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    const { user, system } = process.cpuUsage(before);
    if (round > 0) costs.push((user + system) / (amount * sessions.length));
  }
  return median(costs);
}

async function allocatedBytes(session, { unit, work }) {
  const amount = unit === 'row' ? 9_000 : 1_000;
  const costs = [];
  for (let round = 0; round < 8; round++) {
    globalThis.gc();
    const before = v8.getHeapStatistics().used_heap_size;
    await work(session, amount);
    if (round >= 3) costs.push((v8.getHeapStatistics().used_heap_size - before) / amount);
  }
  return median(costs);
}

await loadParser();
const directory = mkdtempSync(path.join(tmpdir(), 'session-cost-'));
const world = realWorld({ log: silentLog, disk: options['in-memory'] ? memoryDisk() : fileDisk() });
const regions = ['us-east-1', 'us-east-2'];
const witness = 'us-west-2';
const clusters = await Clusters.open({
  world,
  directory,
  source: new LocalClusterSource({
    world,
    directory: `${directory}/clusters`,
    isInMemory: options['in-memory'],
    network: new RegionNetwork({ world, regions: [...regions, witness], rttMs: 0 }),
    profile: 'open',
    onFailure: fail,
  }),
  rules: { regions, witnessRegion: witness, singleRegionQuota: 20, multiRegionQuota: 5 },
  idleMs: 3_600_000,
  hasDefaultCluster: true,
  closeEndpoint: nothing,
  onFailure: fail,
});
const record = clusters.registry.defaultOf(regions[0]);
const queryProcessor = await clusters.queryProcessor(record);
const sessions = Array.from({ length: Number(options.clients) }, () =>
  queryProcessor.connect({ user: 'admin', database: 'postgres', applicationName: '', options: new Map() }),
);
const [session] = sessions;
await run(session, 'CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))');
await run(
  session,
  'CREATE TABLE pgbench_history (hid uuid PRIMARY KEY DEFAULT gen_random_uuid(), tid int, bid int, aid int, delta int, mtime timestamp)',
);
await loadByCopy(session, 'pgbench_accounts', accounts, (n) => `${n}\t1\t0\t-\n`);
for (const name of positionals.length === 0 ? Object.keys(shapes) : positionals) {
  const shape = shapes[name];
  const unit = shape.unit ?? 'statement';
  if (options.allocations)
    console.log(`${name.padEnd(16)} ${(await allocatedBytes(session, shape)).toFixed(0).padStart(7)} bytes a ${unit}`);
  else console.log(`${name.padEnd(16)} ${(await cpuMicros(sessions, shape)).toFixed(2).padStart(9)} µs a ${unit}`);
}
for (const session of sessions) session.close();
await clusters.close();
rmSync(directory, { recursive: true });
