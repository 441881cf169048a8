/** Profile `dsql` answers as a real cluster did. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { expectedFailures } from './expected-failures.ts';
import { recordedCases } from './recorded-case.ts';
import { CaseRunner } from './run-case.ts';

let deployment: Deployment;
let runner: CaseRunner;

beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory', '--profile', 'dsql']);
  runner = await CaseRunner.open(await deployment.clientConfig());
});

afterAll(async () => {
  await runner?.close();
  await deployment?.remove();
});

const cases = recordedCases();

describe.each([...new Set(cases.map(({ group }) => group))])('%s', (group) => {
  it.each(cases.filter((recorded) => recorded.group === group))('$id', async (recorded) => {
    const found = await runner.run(recorded);
    const reason = expectedFailures[recorded.id];
    if (reason === undefined) expect(found).toEqual([]);
    else expect(found, `it passes now, so it leaves the list of expected failures (${reason})`).not.toEqual([]);
  });
});

it('lists as expected failures only cases that there are', () => {
  const ids = new Set(cases.map(({ id }) => id));
  expect(Object.keys(expectedFailures).filter((id) => !ids.has(id))).toEqual([]);
});
