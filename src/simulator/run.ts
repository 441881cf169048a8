/**
 * Runs histories from seeds and prints what came of them; ends with code 1 when a promise was broken.
 *
 *   node dist/simulator/run.js [--seed 1] [--seeds 1] [--events 1000] [--planted-bug NAME] [--fleet] [--verbose]
 *
 * --events is the number of transactions tried in a history; --fleet tries a fleet of nodes instead of one process with all Regions.
 */
import { parseArgs } from 'node:util';
import { realWorld, silentLog } from '#base/real-world.ts';
import type { Logger } from '#base/world.ts';
import { plantedBugs, SimulatedDeployment } from './simulated-deployment.ts';
import { fleetBugs, SimulatedFleet } from './simulated-fleet.ts';
import type { SimulatedTarget, SimulationParts } from './simulated-target.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    events: { type: 'string', default: '1000' },
    'planted-bug': { type: 'string' },
    fleet: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const plantedBug = plantedBugs.find((bug) => bug === values['planted-bug']);
const fleetBug = fleetBugs.find((bug) => bug === values['planted-bug']);
if (values['planted-bug'] !== undefined && (values.fleet ? fleetBug : plantedBug) === undefined)
  throw new Error(`--planted-bug is one of ${(values.fleet ? fleetBugs : plantedBugs).join(', ')}`);
const make = (parts: SimulationParts): SimulatedTarget =>
  values.fleet ? new SimulatedFleet(parts, fleetBug) : new SimulatedDeployment({ ...parts, plantedBug });

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const line = (message: string, data?: Readonly<Record<string, unknown>>): void =>
  print(`${message} ${data === undefined ? '' : JSON.stringify(data)}`);
const log: Logger = values.verbose ? { debug: line, info: line, warn: line, error: line } : silentLog;
const settle = realWorld({ log: silentLog }).timers.yield;

let hasFailed = false;
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const result = await simulate({
    seed,
    transactions: Number(values.events),
    make,
    settle,
    log,
  });
  const counts = Object.entries(result.counts)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');
  print(`seed ${seed}: ${result.hash}  ${result.events} events, ${result.virtualSeconds} s; ${counts}`);
  for (const { name, detail } of result.violations.slice(0, 10)) print(`  ${name}: ${detail}`);
  if (result.violations.length > 0) hasFailed = true;
}
process.exitCode = hasFailed ? 1 : 0;
