/** The session scripts of this folder, at one Region and across two, by both protocols. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { type Placement, runCase, SessionPool } from './session-runner.ts';
import { parseCases } from './session-script.ts';

const placements: readonly Placement[] = [
  { regions: ['us-east-1', 'us-east-2'], protocol: 'simple' },
  { regions: ['us-east-2', 'us-east-1'], protocol: 'extended' },
];
/** Interleavings are many: these are for cases of turns alone. */
const morePlacements: readonly Placement[] = [
  { regions: ['us-east-2', 'us-east-1'], protocol: 'mixed' },
  { regions: ['us-east-2'], protocol: 'mixed' },
];

let deployment: Deployment;
let pool: SessionPool;
beforeAll(async () => {
  deployment = await Deployment.start();
  pool = new SessionPool(deployment);
});
afterAll(async () => {
  await pool?.close();
  await deployment?.remove();
});

const scripts = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.sessions'))
  .sort();

let number = 0;
describe.each(scripts)('%s', (script) => {
  const cases = parseCases(readFileSync(path.join(import.meta.dirname, script), 'utf8'));
  it.each(cases.map((testCase) => [testCase.name, testCase] as const))(
    '%s',
    async (_, testCase) => {
      const run = async (placement: Placement): Promise<void> => {
        const different = await runCase(pool, testCase, `case_${++number}`, placement);
        expect(different.join('\n'), `sessions at ${placement.regions.join(', ')}, ${placement.protocol} protocol`).toBe('');
      };
      const all = testCase.interleavings === undefined ? [...placements, ...morePlacements] : placements;
      // Schema changes conflict with each other, whatever they change: cases with such steps must be alone.
      if (testCase.steps.some(({ sql }) => /^(CREATE|ALTER|DROP) /.test(sql))) for (const placement of all) await run(placement);
      else await Promise.all(all.map(run));
    },
    60_000,
  );
});
