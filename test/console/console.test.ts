/** The console as its users see it, in a real browser. UPDATE=1 takes the pictures of docs/images. */
import { execFile } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, hasPsql } from '../deployment.ts';
import { accessibilityViolations, consoleAddress, hasBrowser, launch, openPage, picture, rootKeyOf, signIn } from './browser.ts';

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

  it('makes a user with a key, which can be switched off, and a policy of its own, which is checked as it is written', async () => {
    await open('/identities', /^Users, roles and keys/);
    await page.getByRole('button', { name: 'Create user' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('User name').fill('alice');
    expect(await accessibilityViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Create user' }).click();
    await page.getByText('alice was created.').waitFor();
    await page.getByRole('button', { name: 'Write inline policy' }).click();
    await dialog.getByLabel('Policy name').fill('connect');
    const editor = dialog.getByRole('textbox', { name: 'Policy document (JSON)' });
    await editor.fill('{"Version": ');
    await page.getByText('This is not JSON: line 1').waitFor();
    await editor.fill(
      '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "dsql:DbConnect", "Resource": "*", "Extra": 1}}',
    );
    await page.getByTestId('policy-verdict').getByText('Extra').waitFor();
    await dialog.getByRole('button', { name: 'Examples' }).click();
    await page.getByRole('menuitem', { name: 'May connect with database roles' }).click();
    await page.getByText('The policy is valid.').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'policy');
    await dialog.getByRole('button', { name: 'Save policy' }).click();
    await page.getByRole('button', { name: 'connect', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Attach managed policy' }).click();
    await page.getByRole('menuitem', { name: 'AmazonAuroraDSQLReadOnlyAccess' }).click();
    await page.getByRole('cell', { name: 'AmazonAuroraDSQLReadOnlyAccess, connect' }).waitFor();
    await page.getByRole('button', { name: 'Create access key' }).click();
    await page.getByText('shown this once').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Deactivate key/ }).click();
    await page.getByText('Inactive').waitFor();
    await picture(page, 'identities');
  });

  it('makes a role, and gives out temporary keys of it that sign in', async () => {
    await page.getByRole('tab', { name: 'Roles' }).click();
    await page.getByRole('button', { name: 'Create role' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Role name').fill('app');
    await dialog.getByRole('button', { name: 'Create role' }).click();
    await page.getByRole('button', { name: 'Get temporary keys' }).click();
    await page.getByText('They are shown this once.').waitFor();
    await page.getByRole('button', { name: 'Show: Session token' }).click();
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('backs a cluster up, restores it to a new one, forks it, and deletes the backup', async () => {
    const [{ id }] = deployment.description.clusters;
    await open(`/clusters/us-east-1/${id}/tab/backups`, new RegExp(id));
    await page.getByRole('button', { name: 'Create backup' }).click();
    await page.getByText('COMPLETED').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await open('/backups', /^Backups/);
    await page.getByRole('row').nth(1).getByRole('radio').check();
    await picture(page, 'backups');
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: 'Deletion protection' }).uncheck();
    expect(await accessibilityViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByText('The restore has begun.').waitFor();
    await page.getByText('ACTIVE').or(page.getByText('IDLE')).first().waitFor();
    const restored = (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
    expect(restored).not.toBe(id);
    const client = await deployment.connect('us-east-1', restored);
    expect((await client.query('SELECT id, balance FROM account')).rows).toEqual([{ id: 1, balance: 99 }]);
    await client.end();
    await page.getByRole('tab', { name: 'Backups' }).click();
    await page.getByRole('button', { name: 'Fork' }).click();
    await dialog.getByRole('button', { name: 'Fork' }).click();
    await page.getByText(`The fork of ${restored} has begun.`).waitFor();
    await open('/backups', /^Backups/);
    await page.getByRole('row').nth(1).getByRole('radio').check();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No backups').waitFor();
  });

  it('shows changes as they are committed', async () => {
    const [{ id }] = deployment.description.clusters;
    await open(`/clusters/us-east-1/${id}/tab/streams`, new RegExp(id));
    await page.getByRole('button', { name: 'Create stream' }).click();
    await page.getByText('Waiting for changes').waitFor();
    const client = await deployment.connect('us-east-2');
    await client.query('INSERT INTO account SELECT i, i * 10 FROM generate_series(2, 4) i');
    await client.query('UPDATE account SET balance = 77 WHERE id = 3');
    await client.query('DELETE FROM account WHERE id = 4');
    await client.end();
    await page.getByText('{"id":3,"balance":77}').waitFor();
    await page.getByRole('cell', { name: 'Delete', exact: true }).waitFor();
    const told = await page.getByRole('table', { name: 'Changes' }).locator('code').allTextContents();
    expect(told).toEqual(['{"id":4}', '{"id":3,"balance":77}', '{"id":4,"balance":40}', '{"id":3,"balance":30}', '{"id":2,"balance":20}']);
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'streams');
    await page.getByRole('button', { name: 'Delete', exact: true }).last().click();
    await page.getByText('No change streams').waitFor();
  });

  it('goes on with a multi-Region cluster that was half made, or rolls it back', async () => {
    // The call that makes the second cluster fails, as when the connection breaks between the two.
    const second = '**/console/api/control/us-east-2/cluster';
    const halfMake = async (name: string): Promise<string> => {
      await page.route(second, (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
      await open('/clusters/create', /^Create cluster/);
      await page.getByRole('radio', { name: /Multi-Region/ }).check();
      await page.getByLabel('Name – optional').fill(name);
      await page.getByRole('button', { name: 'Create cluster' }).click();
      await page.getByText('The second Region is missing').waitFor();
      await page.unroute(second);
      return (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
    };
    await halfMake('goes-on');
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, 'half-made');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('ACTIVE').waitFor();
    await page.getByRole('link', { name: /^us-east-2: / }).waitFor();
    const gone = await halfMake('goes-back');
    await page.getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('What was made has been removed.').waitFor();
    await page.getByRole('link', { name: gone }).waitFor({ state: 'detached' });
    // What the browser says of the calls that were broken off, and of the cluster that it still asked for.
    const broken = problems.splice(0);
    expect(broken.length).toBeGreaterThan(0);
    expect(broken.filter((problem) => !/net::ERR_FAILED|status of 404/.test(problem))).toEqual([]);
  });

  it('is used by the keyboard alone', async () => {
    await open('/clusters', /^Clusters/);
    const focusOn = async (name: RegExp): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab');
        if (
          name.test(
            await page.evaluate<string>('document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? ""'),
          )
        )
          return;
      }
      throw new Error(`no way to ${name} by the Tab key`);
    };
    await focusOn(/^Create cluster/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Create cluster' }).waitFor();
    await page.getByLabel('Name – optional').focus();
    await page.keyboard.type('by keyboard');
    await page.keyboard.press('Enter');
    await page.getByText('ACTIVE').waitFor();
    await focusOn(/^Connect$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('shows the audit log', async () => {
    await open('/audit', /^Audit log/);
    for (const event of ['ConsoleLogin', 'IsolateRegion']) {
      await page.getByLabel('Find events').fill(event);
      await page.getByRole('rowheader', { name: event }).first().waitFor();
    }
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
