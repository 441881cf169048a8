import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const invoker = path.join(import.meta.dirname, '../../examples/lambda/invoke.mjs');

describe('the Lambda example', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let environment: Record<string, string>;
  beforeAll(async () => {
    deployment = await Deployment.start();
    environment = { ...(await deployment.environment()), DSQL_CA_FILE: path.join(deployment.dataDir, 'tls/ca.crt') };
  });
  afterAll(() => deployment.remove());

  /** Its answers, in order. */
  async function invoke(...events: readonly object[]) {
    const texts = events.map((event) => JSON.stringify(event));
    const { stdout } = await promisify(execFile)(process.execPath, [invoker, ...texts], { env: { ...process.env, ...environment } });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  it('creates, reads, changes and removes', async () => {
    const [setup, again, first] = await invoke({ action: 'setup' }, { action: 'setup' }, { action: 'create', title: 'write' });
    expect([setup, again]).toEqual([
      { statusCode: 200, body: { ok: true } },
      { statusCode: 200, body: { ok: true } },
    ]);
    expect(first.body).toMatchObject({ title: 'write', is_done: false });
    const { id } = first.body;
    const [updated, got, removed, gone, unknown] = await invoke(
      { action: 'update', id, isDone: true },
      { action: 'get', id },
      { action: 'remove', id },
      { action: 'get', id },
      { action: 'toString' },
    );
    expect(updated.body).toMatchObject({ title: 'write', is_done: true, times_changed: 1 });
    expect(got).toEqual(updated);
    expect(removed.body).toEqual({ removed: 1 });
    expect(gone.body).toBe(null);
    expect(unknown.statusCode).toBe(400);
  });

  it('loses no change of functions that run at the same time', async () => {
    const [, made] = await invoke({ action: 'setup' }, { action: 'create', title: 'contended' });
    const { id } = made.body;
    const answers = await invoke(Array.from({ length: 6 }, () => ({ action: 'update', id, isDone: true })));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200, 200]);
    const [task] = await invoke({ action: 'get', id });
    expect(task.body.times_changed).toBe(6);
  });
});
