import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** Browsers by the names that systems give them. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A real browser, without a window. The caller closes it. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findBrowser(),
    // Nothing here needs more of the network than this machine.
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
    ],
  });
}

function findBrowser(): string {
  const found = [process.env['CHROMIUM_PATH'] ?? '', ...places].find(isProgram);
  if (found === undefined) {
    throw new Error(
      'No Chromium here: scripts/install-chromium.sh installs it on Debian, CHROMIUM_PATH names another',
    );
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== '';
  } catch {
    return false;
  }
}

/** Somebody at a browser of their own. */
export type Visitor = { readonly page: Page; readonly context: BrowserContext };

/** Opens the dashboard and signs in with a key. Whatever the page complains of makes the test fail. */
export async function visit(browser: Browser, { url, key }: { url: string; key: string }): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    // An answer that is a refusal is part of many stories.
    const isRefusal = /^Failed to load resource: .* status of 4\d\d/.test(message.text());
    if (message.type() === 'error' && !isRefusal) complaints.push(`${page.url()}: ${message.text()}`);
  });
  await page.goto('/sign-in');
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((address) => address.pathname !== '/sign-in');
  return { page, context };
}

const complaints: string[] = [];

/** What browsers have complained of since this was last asked: errors of pages, and breaches of their policy. */
export function takeComplaints(): string[] {
  return complaints.splice(0);
}

type AxeResult = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
};

/** Finds nothing serious on a page that keeps people from using it. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await seriousProblems(page, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])).toEqual([]);
}

/** What on a page is too pale to be read, or too small to be pressed. */
export function contrastProblems(page: Page): Promise<readonly string[]> {
  return seriousProblems(page, ['color-contrast', 'target-size']);
}

async function seriousProblems(page: Page, rules: readonly string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResult>(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)} })`,
  );
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

const pictures = join(import.meta.dirname, '../../docs/images/dashboard');

/** Keeps pictures of a page, light and dark, for the documentation; only where `PAWL_SCREENSHOTS` is set. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (process.env['PAWL_SCREENSHOTS'] === undefined) return;
  mkdirSync(pictures, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`), animations: 'disabled' });
  }
  await page.emulateMedia({ colorScheme: null });
}
