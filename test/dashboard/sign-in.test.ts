import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser } from './browser.ts';

/* The goal: whoever has a key comes in with it, and gets where they wanted to; whoever has none does not. */

let browser: Browser;
let pawl: TestPawl;
let page: Page;
beforeAll(async () => {
  pawl = await startPawl();
  browser = await openBrowser();
  const context = await browser.newContext({ baseURL: pawl.url, viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(10_000);
  page = await context.newPage();
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

test('a wrong key says so, the right one leads back to the page that was asked for, and signing out ends it', async () => {
  await page.goto('/sessions?search=charged');
  await page.waitForURL('**/sign-in**');
  await page.getByLabel('API key').fill('sk-pawl-nonsense');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This key opens nothing here.').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'sign-in');

  await page.getByLabel('API key').fill(pawl.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/sessions?search=charged');
  await page.getByText('(admin)').waitFor();
  expect(await page.evaluate('document.cookie')).toBe('');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in**');
  await page.goto('/agents');
  await page.waitForURL('**/sign-in**');
});

test('an address from elsewhere is not followed after signing in', async () => {
  await page.goto('/sign-in?next=//example.org/');
  await page.getByLabel('API key').fill(pawl.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((address) => address.pathname !== '/sign-in');
  expect(new URL(page.url()).origin).toBe(new URL(pawl.url).origin);
});
