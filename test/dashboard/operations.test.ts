import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { roleMeanings } from '../../src/core/roles.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/* The goal: whoever operates the server sees how it is, and lets people, programs and other places in and out. */

let browser: Browser;
let pawl: TestPawl;
let page: Page;
beforeAll(async () => {
  pawl = await startPawl({ allow_private_webhooks: 'true' });
  browser = await openBrowser();
  ({ page } = await visit(browser, pawl));
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

const statusOf = async (key: string): Promise<number> =>
  (await fetch(`${pawl.url}/pawl/v1/agents`, { headers: { 'x-api-key': key } })).status;

test('health tells what is done and what waits, and models who answers', async () => {
  await pawl.client.beta.agents.create({ name: 'triage', model: 'claude-sonnet-4-6' });
  await page.goto('/operations');
  await page.getByText('No provider is configured: the offline model answers').waitFor();
  await page.getByText('answers requests and works').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'operations');
  await page.getByRole('link', { name: 'Models', exact: true }).click();
  await page.getByRole('row', { name: /claude-sonnet-4-6 the offline model/ }).waitFor();
  await page.getByLabel('Who would answer for this model id?').fill('gpt-9');
  await page.getByRole('status').getByText('no provider is configured').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'models');
  expect(takeComplaints()).toEqual([]);
});

test('a key is made, shown once, limited and revoked', async () => {
  await page.goto('/operations/keys');
  for (const meaning of Object.values(roleMeanings)) await page.getByText(meaning, { exact: true }).waitFor();
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Whose key it is').fill('ann');
  await dialog.getByLabel('Role').selectOption('viewer');
  await expectAccessible(page);
  await keepPicture(page, 'new-key');
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  const secret = await dialog.getByLabel('API key').inputValue();
  expect(await statusOf(secret)).toBe(200);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  const row = page.getByRole('row', { name: /^ann viewer/ });
  await row.waitFor();
  expect(await page.content()).not.toContain(secret);

  await row.getByRole('button', { name: 'Change the limit of ann' }).click();
  await dialog.getByLabel('Requests a minute').fill('90');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row.getByText('90').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'keys');

  const { page: hers, context } = await visit(browser, { url: pawl.url, key: secret });
  await hers.goto('/operations/keys');
  await hers.getByText('Only admins see and change keys, and ann is here as viewer').waitFor();
  await expectAccessible(hers);
  await context.close();

  await row.getByRole('button', { name: 'Revoke the key of ann' }).click();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await row.getByText('revoked').waitFor();
  expect(await statusOf(secret)).toBe(401);
  expect(takeComplaints()).toEqual([]);
});

test('a webhook is made, tested, replayed, disabled and deleted', async () => {
  const asked: string[] = [];
  const place = createServer((request, response) => {
    asked.push(String(request.headers['webhook-id']));
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => place.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(place.address() as AddressInfo).port}/hook`;
  await page.goto('/operations/webhooks');
  await page.getByText('No webhook here').waitFor();
  await page.getByRole('button', { name: 'New webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Where events are posted to').fill(url);
  await dialog.getByLabel('What it is told of').selectOption('some');
  await dialog.getByRole('group', { name: 'rollout' }).getByLabel('rolled back').check();
  await expectAccessible(page);
  await keepPicture(page, 'new-webhook');
  await dialog.getByRole('button', { name: 'Make the webhook' }).click();
  expect(await dialog.getByLabel('Signing secret').inputValue()).toMatch(/^whsec_/);
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  await expectAccessible(page);
  await page.getByRole('link', { name: url }).click();

  await page.getByRole('button', { name: 'Send a test' }).click();
  const row = page.getByRole('row', { name: /^webhook.test delivered/ });
  await row.waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'webhook');
  await row.getByRole('button', { name: 'Send again' }).click();
  await expect.poll(() => asked.length).toBe(2);
  expect(asked[1]).toBe(asked[0]);
  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByText('disabled', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Deliveries given up' }).click();
  await page.getByText('Nothing was given up.').waitFor();
  await expectAccessible(page);
  await page.goBack();
  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No webhook here').waitFor();
  place.close();
  expect(takeComplaints()).toEqual([]);
});
