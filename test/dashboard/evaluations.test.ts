import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstPrompt, secondPrompt } from '../../src/cli/tutorial/prompts.ts';
import { bundledTickets } from '../../src/cli/tutorial/tickets.ts';
import { ask, completed, putEval } from '../evals/eval-story.ts';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/*
 * The goal: whoever wonders whether a version is better starts a comparison, sees it come to its verdict, and finds the cases
 * behind it. The method: the tutorial's tickets, on which version 2 loses billing, and a model that answers when the test says so.
 */

let browser: Browser;
let pawl: TestPawl;
let page: Page;
let agent: string;

beforeAll(async () => {
  pawl = await startPawl();
  browser = await openBrowser();
  agent = await ticketSorter();
  ({ page } = await visit(browser, pawl));
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

/** The tutorial's agent in two versions, with its tickets and an eval of them. */
async function ticketSorter(): Promise<string> {
  const { agents } = pawl.client.beta;
  const fields = { name: 'ticket-triage', model: 'claude-sonnet-4-6', system: firstPrompt };
  const { id } = await agents.create(fields);
  await agents.update(id, { version: 1, system: secondPrompt });
  const lines = readFileSync(bundledTickets, 'utf8').trim().split('\n');
  const cases = lines.map((line) => {
    const { id: ticket, subject, body, team } = JSON.parse(line) as Record<string, string>;
    return { id: ticket, input: `Subject: ${subject}\n\n${body}`, target: team, group: team };
  });
  await ask(pawl, '/datasets', { name: 'tickets', cases });
  const gate = { max_lost_cases: 1, margin: 0.1 };
  await putEval(pawl, {
    name: 'triage',
    agent: id,
    dataset: 'tickets',
    reply: { json: 'team' },
    epochs: 2,
    gate,
  });
  return id;
}

/** On a small telephone, nothing but tables and charts is wider than the page. */
async function expectFits(shown: Page): Promise<void> {
  const size = shown.viewportSize();
  await shown.setViewportSize({ width: 360, height: 800 });
  expect(await shown.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  if (size !== null) await shown.setViewportSize(size);
}

test('a comparison is started, comes to its verdict before the eyes, and shows the cases that turned', async () => {
  await page.goto('/evaluations');
  await page.getByText('No run here').waitFor();
  await page.goto(`/evaluations/new?agent=${agent}&version=2`);
  await page.getByText(/^20 cases in 2 epochs can see a loss of/).waitFor();
  await page.getByLabel('How often each case is asked').fill('3');
  await page.getByText(/^20 cases in 3 epochs can see a loss of/).waitFor();
  await page.getByLabel('How often each case is asked').fill('');
  await expectAccessible(page);
  await keepPicture(page, 'evaluation-new');
  await expectFits(page);
  await page.getByRole('button', { name: 'Start the comparison' }).click();
  await page.waitForURL('**/evaluations/comparisons/cmp_*');

  const verdict = page.getByRole('region', { name: 'Verdict' });
  await verdict.getByText('Version 2 must not take the place of version 1.').waitFor();
  await verdict
    .getByText(/billing/)
    .first()
    .waitFor();
  const cases = page.getByRole('table', { name: 'Cases', exact: true });
  const first = cases.getByRole('row').nth(1);
  expect(await first.textContent()).toContain('billingturned wrongright in 2 of 2right in 0 of 2');
  await expectAccessible(page);
  await keepPicture(page, 'comparison');
  await cases.scrollIntoViewIfNeeded();
  await keepPicture(page, 'comparison-cases');

  await page.getByLabel('Group', { exact: true }).selectOption('auth');
  await cases.getByText('turned wrong').first().waitFor({ state: 'detached' });
  await page.getByLabel('Group', { exact: true }).selectOption('billing');
  await page.getByLabel('What became of it').selectOption({ index: 1 });
  await first.getByRole('button').click();
  const dialog = page.getByRole('dialog');
  for (const [side, team] of [
    ['Version 1', 'billing'],
    ['Version 2', 'api-platform'],
  ] as const) {
    const panel = dialog.getByRole('region', { name: side });
    await panel.getByText('Idle: end turn').waitFor();
    await panel.getByText(`"team": "${team}"`).waitFor();
  }
  await expectAccessible(page);
  await keepPicture(page, 'comparison-case');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await expectFits(page);
  expect(takeComplaints()).toEqual([]);
});

test('whoever only reads is told why nothing can be started', async () => {
  const { secret } = await ask<{ secret: string }>(pawl, '/keys', { name: 'Vera', role: 'viewer' });
  const { page: reading, context } = await visit(browser, { url: pawl.url, key: secret });
  await reading.goto(`/evaluations/new?agent=${agent}`);
  await reading.getByText('Viewers read only').waitFor();
  await reading.getByRole('button', { name: 'Start the comparison', disabled: true }).waitFor();
  await context.close();
  expect(takeComplaints()).toEqual([]);
});

test('any two runs are compared, and each one shows what its cases came to', async () => {
  await completed(pawl, 'triage', { agent_version: 1, fresh: true });
  await page.goto('/evaluations');
  const runs = page.getByRole('table', { name: 'Eval runs' });
  await runs.getByRole('row').nth(3).waitFor();
  for (const box of (await runs.getByRole('checkbox', { name: 'with version 1' }).all()).slice(0, 2)) {
    await box.check();
  }
  await page.getByText('Version 1 against version 1, by triage').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'evaluations');
  await expectFits(page);
  await page.getByRole('button', { name: 'Compare them' }).click();
  await page.getByRole('region', { name: 'Verdict' }).waitFor();
  await page.getByRole('link', { name: 'Comparisons' }).click();
  await page.getByRole('link', { name: 'ticket-triage: 2 against 1' }).waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'comparisons');

  await page.goto(`/evaluations?agent_version=2`);
  await page.getByRole('link', { name: 'triage', exact: true }).click();
  await page.getByRole('table', { name: 'Groups by exact' }).waitFor();
  const results = page.getByRole('table', { name: 'Results' });
  await page.getByLabel('Result', { exact: true }).selectOption('wrong');
  await results.getByText('right', { exact: true }).first().waitFor({ state: 'detached' });
  await expectAccessible(page);
  await keepPicture(page, 'evaluation-run');
  await expectFits(page);
  await results.getByRole('button').first().click();
  await page.getByRole('dialog').getByText('Idle: end turn').waitFor();
  await expectAccessible(page);
  expect(takeComplaints()).toEqual([]);
});

test('a run moves while it is looked at, is canceled, and goes on', async () => {
  const gate: GatedModel = await startGatedModel();
  const gated = await startPawl({ anthropic_base_url: gate.url, anthropic_api_key: 'upstream-key' });
  try {
    const { id } = await gated.client.beta.agents.create({ name: 'sorter', model: 'claude-test' });
    const cases = ['one', 'two'].map((input) => ({ id: input, input, target: 'auth' }));
    await ask(gated, '/datasets', { name: 'few', cases });
    const { page: looking, context } = await visit(browser, gated);
    await looking.goto(`/evaluations/new?agent=${id}`);
    await looking.getByLabel('What to do').selectOption('run');
    await looking.getByLabel('Its name').fill('sorting');
    await looking.getByLabel('Dataset').selectOption('few');
    await looking.getByLabel('How often each case is asked').fill('1');
    await looking.getByRole('button', { name: 'Start the run' }).click();
    const status = looking.getByRole('status').first();
    await status.getByText('0 of 2').waitFor();
    const [first, second] = [await gate.next(), await gate.next()];
    first.answer('auth');
    await status.getByText('1 of 2').waitFor();
    await expectAccessible(looking);

    await looking.getByRole('button', { name: 'Cancel the run' }).click();
    await looking.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await status.getByText('canceled').waitFor();
    expect(second.closed()).toBe(true);
    await looking.getByRole('button', { name: 'Resume' }).click();
    (await gate.next()).answer('billing');
    await status.getByText('completed').waitFor();
    await looking.getByRole('table', { name: 'Results' }).getByText('wrong').waitFor();
    await context.close();
  } finally {
    await gated.server.close();
    await gate.close();
  }
  expect(takeComplaints()).toEqual([]);
});
