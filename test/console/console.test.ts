/** The console as its users see it, in a real browser. UPDATE=1 takes the pictures of docs/images. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, hasPsql } from '../deployment.ts';
import { accessibilityViolations, consoleAddress, hasBrowser, launch, openPage, rootKeyOf, signIn } from './browser.ts';

const images = path.join(import.meta.dirname, '../../docs/images');

async function picture(page: Page, name: string): Promise<void> {
  if (process.env.UPDATE === undefined) return;
  mkdirSync(images, { recursive: true });
  await page.screenshot({ path: path.join(images, `${name}.png`) });
}

describe.skipIf(!hasBrowser)('the console in a browser', { timeout: 90_000 }, () => {
  let deployment: Deployment;
  let browser: Browser;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([Deployment.start(['--region-rtt', '10ms']), launch()]);
    ({ page, problems } = await openPage(browser));
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.remove();
  });

  const open = async (address: string, heading: RegExp): Promise<void> => {
    await page.goto(`${consoleAddress(deployment)}/console${address}`);
    await page.getByRole('heading', { name: heading }).first().waitFor();
  };

  it('lets nobody in with a wrong secret', async () => {
    await page.goto(`${consoleAddress(deployment)}/`);
    await page.getByLabel('Access key ID').fill(rootKeyOf(deployment).accessKeyId);
    await page.getByLabel('Secret access key').fill('not the secret');
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('do not belong together').waitFor();
    expect(await page.getByRole('heading', { name: /^Clusters/ }).count()).toBe(0);
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it('shows the clusters to who is signed in, in the language and colours that they choose', async () => {
    await signIn(page, deployment);
    await page.getByText('ACTIVE').first().waitFor();
    expect(await page.getByText('ACTIVE').count()).toBe(2);
    await picture(page, 'clusters');
    await page.getByRole('button', { name: 'Language' }).click();
    await page.getByRole('menuitem', { name: '日本語' }).click();
    await page.getByRole('heading', { name: /^クラスター/ }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('ja');
    await page.getByRole('button', { name: 'ダークモード' }).click();
    expect(await page.evaluate("document.body.classList.contains('awsui-dark-mode')")).toBe(true);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'ライトモード' }).click();
    await page.getByRole('button', { name: '言語' }).click();
    await page.getByRole('menuitem', { name: 'English' }).click();
    await page.getByRole('heading', { name: /^Clusters/ }).waitFor();
  });

  it('creates a multi-Region cluster, whose two ends become active', async () => {
    await page
      .getByRole('link', { name: 'Create cluster' })
      .or(page.getByRole('button', { name: 'Create cluster' }))
      .click();
    await page.getByRole('radio', { name: /Multi-Region/ }).check();
    await page.getByLabel('Name – optional').fill('orders');
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'create-cluster');
    await page.getByRole('button', { name: 'Create cluster' }).click();
    await page.getByText('The cluster was created.').waitFor();
    await page.getByText('Peered clusters').waitFor();
    await page.getByText('ACTIVE').first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it.skipIf(!hasPsql)('connects by the line that it shows', async () => {
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('button', { name: 'Get token' }).click();
    await page.getByTestId('psql-line').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'connect');
    const line = await page.getByTestId('psql-line').textContent();
    const token = await page.getByRole('textbox', { name: 'Token (password)' }).inputValue();
    const settings = /psql '([^']+)'/.exec(line ?? '')?.[1] ?? '';
    const answer = await new Promise<string>((resolve, reject) =>
      execFile('psql', [settings, '-XAtc', 'SELECT current_user'], { env: { ...process.env, PGPASSWORD: token } }, (error, output) =>
        error === null ? resolve(output.trim()) : reject(error),
      ),
    );
    expect(answer).toBe('admin');
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  it('shows both sides of a conflict, and the key that it happened on', async () => {
    const [a, b] = await Promise.all([deployment.connect(), deployment.connect()]);
    await a.query('CREATE TABLE account (id int PRIMARY KEY, balance int)');
    await a.query('INSERT INTO account VALUES (1, 100)');
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('UPDATE account SET balance = balance - 1 WHERE id = 1');
    await b.query('UPDATE account SET balance = balance + 7 WHERE id = 1');
    await a.query('COMMIT');
    await expect(b.query('COMMIT')).rejects.toThrow(/OC000/);
    const [{ id }] = deployment.description.clusters;
    await open(`/clusters/us-east-1/${id}/tab/activity`, new RegExp(id));
    await page.getByText('balance + 7').first().waitFor();
    await page.getByText('balance - 1').first().waitFor();
    await page.getByText('(id)=(1)').first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'conflicts');
    await a.query('CREATE INDEX ASYNC account_balance ON account (balance)');
    await page.getByRole('tab', { name: 'Jobs' }).click();
    await page.getByText('completed').first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await Promise.all([a.end(), b.end()]);
  });

  it('draws figures', async () => {
    await page.getByRole('tab', { name: 'Monitoring' }).click();
    // A line needs two samples: they are taken every ten seconds. Its name in the legend comes with it.
    await page.getByText('Median', { exact: true }).waitFor({ timeout: 45_000 });
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'monitoring');
  });

  it('isolates a Region on the map, and heals it', async () => {
    await open('/regions', /^Regions/);
    await page.locator('[data-region="us-east-2"][data-state="serving"]').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Isolate us-east-2' }).click();
    await page.locator('[data-region="us-east-2"][data-state="away"]').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'regions');
    expect(await page.getByText('cut', { exact: true }).count()).toBe(2);
    await page.getByRole('button', { name: 'Heal us-east-2' }).click();
    await page.locator('[data-region="us-east-2"][data-state="serving"]').waitFor();
  });

  it('makes a user with a key', async () => {
    await open('/identities', /^Users and keys/);
    await page.getByLabel('User name').fill('alice');
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('radio', { name: 'alice' }).check();
    await page.getByRole('button', { name: 'Create access key' }).click();
    await page.getByText('shown this once').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('shows the audit log', async () => {
    await open('/audit', /^Audit log/);
    await page.getByText('ConsoleLogin').first().waitFor();
    await page.getByText('IsolateRegion').first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('deletes a cluster once it is not protected and its name is typed', async () => {
    await open('/clusters', /^Clusters/);
    await page.getByText('orders').first().waitFor();
    const row = page.getByRole('row').filter({ hasText: 'orders' }).first();
    const id = (await row.getByRole('link').textContent()) ?? '';
    await row.getByRole('link').click();
    await page.getByRole('checkbox', { name: 'Deletion protection' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByLabel(`To confirm, type ${id}`).fill(id);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText(`Cluster ${id} is being deleted.`).waitFor();
    await page.getByText('PENDING_DELETE').or(page.getByText('DELETING')).first().waitFor();
  });

  it('keeps no secret in address or storage, and signs out', async () => {
    const { secretAccessKey } = rootKeyOf(deployment);
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.cookie])',
    );
    expect(stored).not.toContain(secretAccessKey);
    expect(JSON.parse(stored)[0]).toEqual({ 'borealis.language': 'en', 'borealis.colours': 'light' });
    expect(JSON.parse(stored)[3]).toBe('');
    await page.getByRole('button', { name: /root/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(problems).toEqual([]);
  });
});
