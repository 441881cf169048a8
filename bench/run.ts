/**
 * `npm run bench`: Borealis, a stock PostgreSQL and PGlite, one after the other, the same workloads on each, one table with ratios.
 *
 *   npm run bench -- --seconds 5 --only borealis,postgres --skip-analytics
 *   npm run bench -- --fleet --seconds 5            a fleet of two Regions and a witness (fleet.ts)
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { type BenchServer, startBorealis, startPglite, startPostgres } from './servers.ts';
import { analytics, type Figure, pgbench, prepareAccounts } from './workloads.ts';

const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
};
const seconds = Number(option('seconds', '5'));
const only = option('only', 'borealis,postgres,pglite').split(',');

if (spawnSync('pgbench', ['--version']).status !== 0) {
  console.error("pgbench is needed: it comes with PostgreSQL's server package (Debian: apt-get install postgresql)");
  process.exit(1);
}

if (process.argv.includes('--fleet')) {
  const { measureFleet } = await import('./fleet.ts');
  await measureFleet({
    seconds,
    connections: option('connections', '1,8,16,64,128').split(',').map(Number),
    parts: option('parts', 'commits,distance').split(','),
  });
  process.exit(0);
}

async function measure(
  name: string,
  start: () => Promise<BenchServer | undefined>,
): Promise<{ readonly name: string; readonly figures: readonly Figure[] } | undefined> {
  if (!only.includes(name)) return undefined;
  const server = await start();
  if (server === undefined) {
    console.error(`${name} is not on this machine: left out`);
    return undefined;
  }
  console.error(`${server.name} …`);
  try {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const figures: Figure[] = [
      { name: 'start to ready', unit: 'ms', value: server.startMs },
      { name: 'resident memory, idle', unit: 'MB', value: server.residentMb() },
      ...(await prepareAccounts(server)),
      ...(await pgbench(server, seconds)),
    ];
    if (!process.argv.includes('--skip-analytics')) figures.push(...(await analytics(server)));
    return { name: server.name, figures };
  } catch (error) {
    console.error(`${server.name} is left out:`, error);
    return undefined;
  } finally {
    await server.stop();
  }
}

const results = [
  await measure('borealis', startBorealis),
  await measure('postgres', startPostgres),
  await measure('pglite', startPglite),
].filter((result) => result !== undefined);

if (results.length === 0) process.exit(1);
const [first, ...others] = results;
const shown = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US').replaceAll(',', ' ') : value.toFixed(1));
console.log(
  `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0].model}, Node ${process.version}, ${seconds} s a run\n`,
);
console.log(`| | ${[first.name, ...others.flatMap(({ name }) => [name, 'ratio'])].join(' | ')} |`);
console.log(`| --- | ${[first, ...others.flatMap(() => [1, 1])].map(() => '---:').join(' | ')} |`);
for (const figure of first.figures) {
  const cells = others.flatMap(({ figures }) => {
    const other = figures.find(({ name }) => name === figure.name);
    if (other === undefined) return ['–', ''];
    // Above 1: Borealis is better.
    const ratio = figure.unit === 'per second' ? figure.value / other.value : other.value / figure.value;
    return [shown(other.value), `${ratio.toFixed(2)}×`];
  });
  console.log(`| ${figure.name} (${figure.unit}) | ${[shown(figure.value), ...cells].join(' | ')} |`);
}
console.log('\nRatio above 1: Borealis is better.');
process.exit(0);
