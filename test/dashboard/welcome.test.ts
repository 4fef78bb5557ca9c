import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { exampleEval } from '../../dashboard/src/welcome/example-eval.ts';
import type { ComparisonResponse } from '../../src/api/comparisons.ts';
import type { PromotionListed } from '../../src/api/promotions.ts';
import { evalText } from '../../src/cli/tutorial/eval-text.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/* The goal: whoever comes to an empty server has something to look at, one press later. */

let browser: Browser;
let pawl: TestPawl;
let page: Page;
beforeAll(async () => {
  pawl = await startPawl();
  browser = await openBrowser();
  ({ page } = await visit(browser, pawl));
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${pawl.url}/pawl/v1/${path}`, { headers: { 'x-api-key': pawl.key } });
  return (await response.json()) as T;
}

const count = async (path: string) => (await get<{ data: unknown[] }>(path)).data.length;

test('an empty server leads to the example; broken off, it goes on, and the comparison shows what the rule does', async () => {
  await page.goto('/');
  await page.waitForURL('**/welcome');
  await page.getByRole('heading', { name: 'An example to look at' }).waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'welcome');

  // The third thing that is made does not arrive.
  await page.route('**/pawl/v1/datasets/import*', (route) => route.abort());
  await page.getByRole('button', { name: 'Load the example' }).click();
  await page.getByRole('alert').getByText('The server does not answer').waitFor();
  await page.unroute('**/pawl/v1/datasets/import*');
  await page.reload();
  await page.getByRole('link', { name: 'An agent that sorts support tickets' }).waitFor();
  expect(await count('datasets')).toBe(0);
  await page.getByRole('button', { name: 'Go on loading' }).click();

  await page.getByRole('heading', { name: 'What came of it' }).waitFor();
  await page.getByText('The verdict on version 2 is').waitFor();
  await page.getByText('billing').first().waitFor();
  await page.getByText('The gate does not let it into production').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'welcome-done');
  await page.getByRole('link', { name: 'See which tickets went wrong' }).click();
  await page.waitForURL('**/evaluations/comparisons/**');
  const comparison = await get<ComparisonResponse>(
    `comparisons/${new URL(page.url()).pathname.split('/').at(-1)}`,
  );
  expect(comparison).toMatchObject({ status: 'completed', verdict: 'fail' });
  const promotions = await get<{ data: PromotionListed[] }>('promotions');
  expect(promotions.data).toMatchObject([{ candidate_version: 2, status: 'in_review' }]);
  expect(takeComplaints().filter((text) => !text.includes('ERR_FAILED'))).toEqual([]);
});

test('what is there is found again, and nothing is made twice', async () => {
  await page.goto('/welcome');
  await page.getByRole('heading', { name: 'What came of it' }).waitFor();
  expect(await page.getByRole('button', { name: 'Load the example' }).count()).toBe(0);
  for (const path of ['agents', 'datasets', 'evals', 'comparisons', 'promotions'])
    expect(await count(path)).toBe(1);
  expect(takeComplaints()).toEqual([]);
});

test('the eval of the example is that of the tutorial', () => {
  const ids = { name: 'triage', agent_id: 'agent_1', environment_id: 'env_1', dataset: 'tickets' };
  expect(exampleEval(ids)).toEqual(parse(evalText({ ...ids, concurrency: null })));
});

test('an agent is made with a name, a model, a prompt and tools', async () => {
  await page.goto('/agents/new');
  await page.getByText('The agent needs a name.').waitFor();
  await page.getByLabel('Name').fill('router');
  await page.getByLabel('Model').fill('claude-sonnet-4-6');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Route it.');
  await expectAccessible(page);
  await keepPicture(page, 'new-agent');
  await page.getByRole('button', { name: 'Make the agent' }).click();
  await page.getByRole('heading', { name: 'router' }).waitFor();
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  expect(await pawl.client.beta.agents.retrieve(id)).toMatchObject({
    version: 1,
    system: 'Route it.',
    tools: [],
  });
  expect(takeComplaints()).toEqual([]);
});
