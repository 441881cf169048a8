/** A signed-in headless Chromium on a deployment, and axe on what it shows. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { parseCredentials } from '../../src/iam/access-key-file.ts';
import type { AccessKey } from '../../src/iam/iam.ts';
import type { Deployment } from '../deployment.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => existsSync(file));

export const hasBrowser = executablePath !== undefined;
if (!hasBrowser)
  console.warn('Chromium is not installed: the tests of the console in a browser are left out (Debian: apt-get install chromium)');

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });

export const consoleAddress = (deployment: Deployment): string => `http://127.0.0.1:${deployment.description.httpPort}`;

export function rootKeyOf(deployment: Deployment): AccessKey {
  const key = parseCredentials(readFileSync(path.join(deployment.dataDir, 'credentials'), 'utf8'));
  if (key === undefined) throw new Error('the deployment has no root key');
  return key;
}

/** A page that fails the test when the browser finds anything wrong with it. `problems` collects what. */
export async function openPage(browser: Browser): Promise<{ readonly page: Page; readonly problems: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1400, height: 1000 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // Asking who is signed in is answered 401 as long as nobody is, a wrong key 403, and a cluster without a policy has none to show.
    const isExpected = /status of 40[13]/.test(message.text()) || message.location().url.endsWith('/policy');
    if (message.type() === 'error' && !isExpected) problems.push(message.text());
  });
  return { page, problems };
}

export async function signIn(page: Page, deployment: Deployment): Promise<void> {
  const key = rootKeyOf(deployment);
  await page.goto(`${consoleAddress(deployment)}/`);
  await page.getByLabel('Access key ID').fill(key.accessKeyId);
  await page.getByLabel('Secret access key').fill(key.secretAccessKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: /^Clusters/ }).waitFor();
}

const images = path.join(import.meta.dirname, '../../docs/images');

/** For the documentation: taken with UPDATE=1. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.UPDATE === undefined) return;
  mkdirSync(images, { recursive: true });
  await page.screenshot({ path: path.join(images, `${name}.png`) });
}

type AxeResult = { readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] };

/** Violations of levels A and AA on the page as it is now. */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  // Evaluated by the debugger, so that the page's own policy, which runs no other scripts, need not be weakened.
  await page.evaluate(readFileSync(axe, 'utf8'));
  const { violations } = await page.evaluate<AxeResult>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })",
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 300)).join(' | ')}`);
}
