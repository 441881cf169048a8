/** The AWS CLI, unchanged, with what `borealis env` exports. */
import { execFile, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const hasCli = spawnSync('aws', ['--version']).status === 0;
if (!hasCli) console.warn('The AWS CLI is not installed: its test is left out (pip install awscli)');

describe.skipIf(!hasCli)('the AWS CLI', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let environment: NodeJS.ProcessEnv;
  const aws = (...args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) =>
      execFile('aws', ['dsql', ...args, '--output', 'json'], { env: environment }, (error, output, errors) =>
        error === null ? resolve(output) : reject(new Error(errors)),
      ),
    );
  beforeAll(async () => {
    deployment = await Deployment.start(['--in-memory']);
    environment = { ...process.env, ...(await deployment.environment()) };
  });
  afterAll(() => deployment.remove());

  it('creates a cluster, waits for it, looks at it, and deletes it', async () => {
    const { identifier } = JSON.parse(await aws('create-cluster', '--no-deletion-protection-enabled', '--tags', 'Name=cli'));
    await aws('wait', 'cluster-active', '--identifier', identifier);
    expect(JSON.parse(await aws('get-cluster', '--identifier', identifier))).toMatchObject({ status: 'ACTIVE', tags: { Name: 'cli' } });
    expect(JSON.parse(await aws('list-clusters', '--page-size', '1')).clusters).toHaveLength(2);
    await aws('delete-cluster', '--identifier', identifier);
    await aws('wait', 'cluster-not-exists', '--identifier', identifier);
    await expect(aws('get-cluster', '--identifier', identifier)).rejects.toThrow('(ResourceNotFoundException) when calling the GetCluster');
  });
});
