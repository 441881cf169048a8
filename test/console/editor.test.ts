/** The query editor, the import and the schema browser in a browser: the story of the README, without psql. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, sampleData } from '../deployment.ts';
import { picture } from './browser.ts';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));
if (executable === undefined)
  console.warn('chromium is not installed: the tests of the console in a browser are left out (Debian: apt-get install chromium)');

const axe = readFileSync(path.join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');

const schema = `CREATE SCHEMA example;
CREATE TABLE example.invoice(id UUID PRIMARY KEY DEFAULT gen_random_uuid(), created timestamp, purchaser int, amount float);
CREATE INDEX invoice_created_idx on example.invoice(created);
CREATE TABLE example.department(id INT PRIMARY KEY UNIQUE, name text, email text);`;
const query = `SELECT name, sum(amount) AS sum_amount FROM example.department LEFT JOIN example.invoice ON department.id=invoice.purchaser
  GROUP BY name HAVING sum(amount) > 0 ORDER BY sum_amount DESC`;

describe.skipIf(executable === undefined)('the editor in a browser', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let browser: Browser;
  let page: Page;
  let origin = '';
  let cluster = '';
  const complaints: string[] = [];
  beforeAll(async () => {
    deployment = await Deployment.start();
    const described = JSON.parse(readFileSync(path.join(deployment.dataDir, 'deployment.json'), 'utf8'));
    origin = `http://127.0.0.1:${described.httpPort}`;
    cluster = described.clusters[0].id;
    browser = await chromium.launch({
      ...(executable === undefined ? {} : { executablePath: executable }),
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, locale: 'en-US', colorScheme: 'light' });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text());
    });
    page.setDefaultTimeout(6_000);
    const credentials = readFileSync(path.join(deployment.dataDir, 'credentials'), 'utf8');
    const of = (name: string): string => new RegExp(`${name}\\s*=\\s*(\\S+)`).exec(credentials)?.[1] ?? '';
    await page.goto(`${origin}/console/clusters/us-east-1/${cluster}/query`);
    await page.getByLabel('Access key ID').fill(of('aws_access_key_id'));
    await page.getByLabel('Secret access key').fill(of('aws_secret_access_key'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Query editor' }).waitFor();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await deployment.remove();
  });

  const write = async (text: string): Promise<void> => {
    await page.getByRole('textbox', { name: 'SQL' }).focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText(text);
  };
  /** How many the history counts: one more when a run has ended. */
  const runs = (): Promise<unknown> => page.evaluate("JSON.parse(sessionStorage.getItem('borealis.query.history') ?? '[]').length");
  const run = async (text: string): Promise<void> => {
    // Behind a word completions would open.
    await write(`${text}\n`);
    const before = await runs();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await expect.poll(runs, { timeout: 10_000 }).not.toBe(before);
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  };
  const summaries = (): Promise<string[]> => page.getByTestId('result-summary').allTextContents();
  const cells = (): Promise<string[]> => page.locator('tbody td[title]').allTextContents();
  const violations = async (): Promise<unknown> => {
    await page.evaluate(axe);
    return page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary)]))`);
  };
  const go = async (name: string): Promise<void> => {
    await page.getByRole('navigation', { name: 'Pages of the cluster' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  };

  it('runs the schema of the story', async () => {
    await run(schema);
    expect((await summaries()).map((summary) => summary.split(' · ')[0])).toEqual([
      'CREATE SCHEMA',
      'CREATE TABLE',
      'CREATE INDEX',
      'CREATE TABLE',
    ]);
  });

  it('imports both sample files by drag and drop', async () => {
    await go('Import');
    const drop = async (name: string): Promise<void> => {
      const content = readFileSync(path.join(sampleData, name), 'utf8');
      const transfer = await page.evaluateHandle(`(() => {
        const made = new DataTransfer();
        made.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}));
        return made;
      })()`);
      await page.getByTestId('drop-zone').dispatchEvent('drop', { dataTransfer: transfer });
    };
    await drop('department-insert-multirow.sql');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Done: 9 rows').waitFor();
    await drop('invoice.csv');
    await page
      .getByRole('button', { name: /^Table/ })
      .last()
      .click();
    await page.getByRole('option', { name: 'example.invoice' }).click();
    expect(await page.getByRole('textbox', { name: /^Columns/ }).inputValue()).toBe('created, purchaser, amount');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Done: 2999 rows').waitFor();
    await picture(page, 'import');
    expect(await violations()).toEqual([]);
  });

  it('lists the rows that an import refuses', async () => {
    const file = { name: 'more.csv', mimeType: 'text/csv', buffer: Buffer.from("'2020-01-01',1,1.5\n'2020-01-02',one,2\n") };
    await page.locator('input[type=file]').setInputFiles(file);
    await page
      .getByRole('button', { name: /^Table/ })
      .last()
      .click();
    await page.getByRole('option', { name: 'example.invoice' }).click();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('22P02: invalid input syntax for type integer: "one"').waitFor();
    await go('Query editor');
    await run('delete from example.invoice where amount = 1.5');
    expect((await summaries())[0]).toContain('DELETE 1');
  });

  it('answers the query equally at both Regions', async () => {
    await run(query);
    const here = await cells();
    expect(here.slice(0, 1)).toEqual(['Example Department One']);
    expect(here).toHaveLength(16);
    await page.getByRole('button', { name: /us-east-1/ }).click();
    await page.getByRole('option', { name: 'us-east-2' }).click();
    await page.waitForURL(/us-east-2/);
    // The texts of the tabs have come along.
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByTestId('result-summary').waitFor();
    await expect.poll(cells).toEqual(here);
  });

  it('shows a plan as a picture', async () => {
    await write(`${query}\n`);
    await page.getByRole('button', { name: 'Explain and measure' }).click();
    const plan = page.getByTestId('plan-picture');
    await plan.waitFor();
    await picture(page, 'query');
    const words = await plan.locator('text').allTextContents();
    expect(words).toContain('Sort');
    expect(words.some((word) => /^2999 rows/.test(word))).toBe(true);
    expect(await violations()).toEqual([]);
  });

  it('marks an error at its place', async () => {
    await run('select 1;\nselect nowhere from example.invoice');
    await page.getByText('42703: column "nowhere" does not exist').waitFor();
    expect(await page.locator('.cm-error').textContent()).toBe('nowhere');
    expect(await violations()).toEqual([]);
  });

  it('shows ten thousand rows and fetches more, with few of them in the page', async () => {
    await run('select i, null as nothing from generate_series(1, 12000) i');
    expect((await summaries())[0]).toBe('10000 rows · there are more rows');
    expect(await page.locator('tbody tr').count()).toBeLessThan(100);
    await page.getByRole('button', { name: 'Fetch more rows' }).click();
    await page.getByText('12000 rows').waitFor();
    await page.getByRole('region', { name: 'Result 1' }).evaluate((region) => region.scrollTo(0, region.scrollHeight));
    await expect.poll(async () => (await cells()).slice(-2)).toEqual(['12000', 'NULL']);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
    const exported = readFileSync(await download.path(), 'utf8').split('\n');
    expect([exported.length, exported[0], exported[12000]]).toEqual([12002, 'i,nothing', '12000,']);
  });

  it('runs a selection alone, in each of several tabs, and completes names', async () => {
    await page.getByRole('button', { name: 'New tab' }).click();
    await write('select 1 as one; select 2 as two');
    await page.keyboard.press('ControlOrMeta+End');
    for (let i = 0; i < 'select 2 as two'.length; i++) await page.keyboard.press('Shift+ArrowLeft');
    await page.getByRole('button', { name: 'Run selection' }).click();
    await page.getByRole('columnheader', { name: 'two' }).waitFor();
    expect(await page.getByTestId('result-summary').count()).toBe(1);
    await write('select * from example.inv');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: 'invoice' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Close query 2/ }).click();
  });

  it('shows the schema', async () => {
    await go('Schema');
    await page.getByRole('button', { name: 'Table example.invoice' }).click();
    await page.getByText('invoice_created_idx', { exact: true }).waitFor();
    await page.getByText('2,999').waitFor();
    await picture(page, 'schema');
    await expect.poll(() => page.getByText('Valid').count()).toBe(2);
    expect(await violations()).toEqual([]);
  });

  it('has no violation in the dark, nor in Japanese', async () => {
    await page.evaluate("localStorage.setItem('borealis.colours', 'dark'); localStorage.setItem('borealis.language', 'ja')");
    await page.goto(`${origin}/console/clusters/us-east-1/${cluster}/query`);
    await page.getByRole('heading', { name: 'クエリエディター' }).waitFor();
    expect(await violations()).toEqual([]);
  });

  it('has made the browser complain of nothing', () => {
    expect(complaints).toEqual([]);
  });
});
