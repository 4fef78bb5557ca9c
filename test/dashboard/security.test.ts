import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { openBrowser, takeComplaints, visit } from './browser.ts';

/*
 * The goal: what somebody has seen, or another has written, does nothing in the browser of the next. The method: a real
 * browser, with addresses and texts as somebody would make them who means harm.
 */

let browser: Browser;
let pawl: TestPawl;
beforeAll(async () => {
  pawl = await startPawl();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

async function post<T>(path: string, body: object): Promise<T> {
  const headers = { 'x-api-key': pawl.key, 'content-type': 'application/json' };
  const response = await fetch(pawl.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.ok, path).toBe(true);
  return (await response.json()) as T;
}

/** Ends what a browser has, without its pages knowing. */
async function endSignIn(context: BrowserContext): Promise<void> {
  const cookies = await context.cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const headers = { cookie, origin: pawl.url };
  expect((await fetch(`${pawl.url}/pawl/v1/sign_out`, { method: 'POST', headers })).status).toBe(200);
}

/** Notes every text that a page shows from now on, however shortly. */
const watchTexts = `
  window.shown = [];
  new MutationObserver(() => window.shown.push(document.body.innerText))
    .observe(document.body, { childList: true, subtree: true, characterData: true });
`;

test('the way back shows nothing of what was there before the sign-in ended', async () => {
  await post('/v1/agents', { name: 'Confidential', model: 'pawl-echo', system: 'x' });
  const { page, context } = await visit(browser, { url: pawl.url, key: pawl.key });
  await page.getByRole('link', { name: 'Agents' }).click();
  await page.getByText('Confidential').waitFor();
  await endSignIn(context);
  await page.waitForURL('**/sign-in**');
  await page.evaluate(watchTexts);
  await page.goBack();
  await page.waitForURL('**/sign-in**');
  await page.getByLabel('API key').waitFor();
  const shown = await page.evaluate<string[]>('window.shown');
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.filter((text) => text.includes('Confidential') || text.includes('preset'))).toEqual([]);
  await context.close();
});

test('a link makes no page of what somebody has uploaded, nor of anything else', async () => {
  const forged = { id: 'wh_x', url: 'https://forged.example', description: 'forged', enabled_events: ['*'] };
  const file = new File([JSON.stringify(forged)], 'forged.json', { type: 'application/json' });
  const { id } = await pawl.client.beta.files.upload({ file });
  const { page, context } = await visit(browser, { url: pawl.url, key: pawl.key });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  for (const link of [
    `..%2f..%2f..%2fv1%2ffiles%2f${id}%2fcontent`,
    `..%5c..%5c..%5cv1%5cfiles%5c${id}%5ccontent`,
    `.%09.%2f..%2f..%2fv1%2ffiles%2f${id}%2fcontent`,
    `%252e%252e%2f..%2f..%2fv1%2ffiles%2f${id}%2fcontent%3fx=`,
  ]) {
    await page.goto(`/operations/webhooks/${link}`);
    await page.getByText('This address leads to nothing').first().waitFor();
    expect(await page.getByText('forged').count()).toBe(0);
  }
  expect(asked.filter((path) => path.startsWith('/v1/files'))).toEqual([]);
  await context.close();
});

test('two prompts of which every line differs keep nobody from reading them', async () => {
  const lettered = (letter: string) => Array.from({ length: 12_000 }, (_, n) => `${letter}${n}`).join('\n');
  const { id } = await post<{ id: string }>('/v1/agents', {
    ...{ name: 'Long', model: 'pawl-echo', system: lettered('a') },
  });
  await post(`/v1/agents/${id}`, { version: 1, system: lettered('b') });
  const { page, context } = await visit(browser, { url: pawl.url, key: pawl.key });
  await page.goto(`/agents/${id}/diff?from=1&to=2`);
  const rows = page.locator('table.diff tbody tr');
  await rows.first().waitFor();
  expect(await rows.count()).toBe(1001);
  await page.getByRole('button', { name: 'Show 1000 more' }).click();
  await expect.poll(() => rows.count()).toBe(2001);
  await context.close();
});

test('what others have written is text, wherever it is shown', async () => {
  const harm = `<img src=x onerror="document.title='harmed'"><script>document.title='harmed'</script>"'\`{{x}}javascript:alert(1)`;
  const { id: agent } = await post<{ id: string }>('/v1/agents', {
    ...{ name: harm, description: harm, model: 'pawl-echo', system: harm },
    metadata: { a: harm },
    tools: [{ type: 'custom', name: 'harm', description: harm, input_schema: { type: 'object' } }],
  });
  await post(`/v1/agents/${agent}`, { version: 1, system: `${harm}\n${harm}` });
  const environment_id = (await post<{ id: string }>('/v1/environments', { name: harm })).id;
  const session = await post<{ id: string }>('/v1/sessions', { agent, environment_id, title: harm });
  const content = [{ type: 'text', text: harm }];
  await post(`/v1/sessions/${session.id}/events`, { events: [{ type: 'user.message', content }] });
  await post('/pawl/v1/keys', { name: harm.slice(0, 100), role: 'viewer' });
  const { page, context } = await visit(browser, { url: pawl.url, key: pawl.key });
  for (const path of [
    ...['/agents', `/agents/${agent}`, `/agents/${agent}/edit`, `/agents/${agent}/versions/1`],
    ...[`/agents/${agent}/diff?from=1&to=2`, '/sessions', `/sessions/${session.id}`, '/operations/keys'],
    '/agents?sort=name&__proto__=x&constructor=y',
  ]) {
    await page.goto(path);
    await page.getByText('<img src=x').first().waitFor();
    expect(await page.title(), path).not.toBe('harmed');
    expect(await page.locator('main img, main script, main iframe, a[href^="javascript:" i]').count()).toBe(
      0,
    );
  }
  await context.close();
  expect(takeComplaints()).toEqual([]);
});
