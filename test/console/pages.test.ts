/**
 * Every page of the console in both colours and both languages: no accessibility violation of level A or AA, nothing wider than the window, no text without a
 * translation. BOREALIS_PICTURES=DIR keeps a picture of each.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { accessibilityViolations, consoleAddress, hasBrowser, launch, openPage, signIn } from './browser.ts';

const pictures = process.env.BOREALIS_PICTURES;

describe.skipIf(!hasBrowser)('every page of the console', { timeout: 120_000 }, () => {
  let deployment: Deployment;
  let browser: Browser;
  let page: Page;
  let problems: string[];
  let pages: readonly { readonly name: string; readonly address: string }[];

  beforeAll(async () => {
    [deployment, browser] = await Promise.all([Deployment.start(), launch()]);
    ({ page, problems } = await openPage(browser));
    const client = await deployment.connect();
    await client.query('CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance numeric(12,2))');
    await client.query("INSERT INTO account SELECT i, 'owner ' || i, i FROM generate_series(1, 100) i");
    await client.end();
    const [{ id }] = deployment.description.clusters;
    await deployment.run('iam', 'create-user', 'alice');
    await deployment.run('iam', 'create-role', 'app');
    const cluster = `/clusters/us-east-1/${id}`;
    pages = [
      { name: 'clusters', address: '/clusters' },
      { name: 'create-cluster', address: '/clusters/create' },
      ...['settings', 'monitoring', 'activity', 'jobs', 'backups', 'streams'].map((tab) => ({
        name: tab,
        address: `${cluster}/tab/${tab}`,
      })),
      { name: 'query', address: `${cluster}/query` },
      { name: 'import', address: `${cluster}/import` },
      { name: 'schema', address: `${cluster}/schema` },
      { name: 'all-backups', address: '/backups' },
      { name: 'regions', address: '/regions' },
      { name: 'audit', address: '/audit' },
      { name: 'identities', address: '/identities' },
      { name: 'no-such-page', address: '/nothing' },
    ];
    await signIn(page, deployment);
    await page.goto(`${consoleAddress(deployment)}/console${cluster}/tab/backups`);
    await page.getByRole('button', { name: 'Create backup' }).click();
    await page.getByText('COMPLETED').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.remove();
  });

  for (const [colours, language] of [
    ['light', 'ja'],
    ['dark', 'en'],
  ] as const) {
    it(`in ${colours} colours and in ${language}`, async () => {
      await page.evaluate(
        `localStorage.setItem('borealis.colours', '${colours}'); localStorage.setItem('borealis.language', '${language}')`,
      );
      for (const { name, address } of pages) {
        await page.goto(`${consoleAddress(deployment)}/console${address}`);
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        await page.waitForFunction("document.querySelector('[class*=awsui_spinner]') === null");
        expect(await page.evaluate('document.documentElement.lang'), name).toBe(language);
        if (pictures !== undefined) {
          mkdirSync(pictures, { recursive: true });
          await page.screenshot({ path: path.join(pictures, `${name}-${colours}.png`), fullPage: true });
        }
        expect(await accessibilityViolations(page), name).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), name).toBe(true);
        // Whatever of {value} is left was not filled in; names of texts show where one is missing.
        expect(await page.evaluate<string>('document.body.innerText'), name).not.toMatch(
          /\{\w+\}|\b(clusters|shell|backups|identities)\.\w+/,
        );
      }
      expect(problems).toEqual([]);
    });
  }
});
