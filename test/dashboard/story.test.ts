import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstPrompt, secondPrompt, thirdPrompt } from '../../src/cli/tutorial/prompts.ts';
import { ask, type Place } from '../evals/eval-story.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { newPeople, newPerson, type People, pathOf } from '../release/release-story.ts';
import { serve } from '../release/rollout-story.ts';
import { bringTickets, putTriageEval, type Triage } from '../release/triage.ts';
import { openBrowser, takeComplaints, visit } from './browser.ts';

/*
 * The whole story, as two people live it who use nothing but the dashboard, each in a browser of their own: a prompt gets worse
 * and is stopped, a better one is approved and goes out in part, and is taken back. The agent, its tickets and its prompts
 * are the tutorial's; the application is the official SDK.
 */

let browser: Browser;
let pawl: TestPawl;
let people: People;
let nora: Place;
let triage: Triage;
beforeAll(async () => {
  pawl = await startPawl();
  people = await newPeople(pawl);
  nora = await newPerson(pawl, 'Nora', 'releaser');
  triage = await firstVersionInProduction();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

async function firstVersionInProduction(): Promise<Triage> {
  const { agents, environments } = sdk(nora.url, nora.key).beta;
  const { id } = await agents.create({
    name: 'ticket-triage',
    model: 'claude-sonnet-4-6',
    system: firstPrompt,
  });
  const environment = await environments.create({ name: 'place' });
  await bringTickets(people);
  await putTriageEval(people, id, { max_lost_cases: 1 });
  await ask(nora, pathOf(id), { version: 1, from: null });
  return { agent_id: id, environment_id: environment.id, eval: 'triage' };
}

/** Writes a prompt, sees what it would change, and saves it as a version. */
async function edit(page: Page, { prompt, why, version }: { prompt: string; why: string; version: number }) {
  await page.getByRole('link', { name: 'Agents', exact: true }).first().click();
  await page.getByRole('link', { name: 'ticket-triage' }).click();
  await page.getByRole('link', { name: 'Edit the prompt' }).click();
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await page.getByLabel('What has changed, and why').fill(why);
  const diff = page.getByRole('table', { name: /^Changes of the prompt/ });
  await diff.getByText(prompt.slice(-40)).waitFor();
  await page.getByRole('button', { name: `Save as version ${version}` }).click();
  await page.getByRole('heading', { name: `ticket-triage, version ${version}` }).waitFor();
}

/** Compares the version that is shown with production, and gives the verdict's part of the page. */
async function evaluate(page: Page) {
  await page.getByRole('link', { name: 'Evaluate it' }).click();
  await page.getByRole('button', { name: 'Start the comparison' }).click();
  const verdict = page.getByRole('region', { name: 'Verdict' });
  await verdict.waitFor({ timeout: 20_000 });
  return verdict;
}

/** Asks for promotion of what the shown comparison is about; the eval that was just run is the evidence. */
async function askForPromotion(page: Page, why: string): Promise<void> {
  await page.getByRole('link', { name: 'Ask for promotion' }).click();
  await page.getByLabel('Eval that has to pass').selectOption({ label: 'triage (tickets)' });
  await page.getByLabel('Why it should be promoted').fill(why);
  await page.getByRole('button', { name: 'Ask for promotion' }).click();
  await page.waitForURL('**/release/promotions/promo_*');
}

test('a worse prompt is stopped, a better one is approved, goes out in part, and is taken back', async () => {
  const { page } = await visit(browser, nora);
  await edit(page, { prompt: secondPrompt, why: 'Usage goes to the team of the API', version: 2 });
  const worse = await evaluate(page);
  await worse.getByText('Version 2 must not take the place of version 1.').waitFor();
  await worse.getByText(/billing lost/).waitFor();

  await askForPromotion(page, 'Usage questions pile up');
  await page
    .getByText(/The gate says fail/)
    .first()
    .waitFor();
  expect(await page.getByRole('button', { name: 'Apply at once' }).getAttribute('aria-disabled')).toBe(
    'true',
  );
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await page.getByText('It is over: it was withdrawn').first().waitFor();

  await edit(page, { prompt: thirdPrompt, why: 'Unless it is about money', version: 3 });
  const better = await evaluate(page);
  await better.getByText('Version 3 loses no more than is tolerated against version 1.').waitFor();
  await askForPromotion(page, 'Usage to the API, money to billing');

  const { page: bobs } = await visit(browser, people.reviewer);
  await bobs.goto('/release');
  await bobs.getByRole('link', { name: 'version 3 to production' }).click();
  await bobs.getByRole('button', { name: 'Approve' }).click();
  await bobs.getByText('It lacks nothing').waitFor();

  await page.getByText('It lacks nothing').waitFor();
  await page.getByRole('button', { name: 'Start a rollout' }).click();
  const plan = page.getByRole('dialog');
  await plan.getByLabel('Share in percent of step 1').fill('60');
  await plan.getByLabel('Share in percent of step 2').fill('70');
  await plan.getByLabel('Share in percent of step 3').fill('80');
  await plan.getByLabel('Share in percent of step 4').fill('90');
  await plan.getByText('What is watched, and how', { exact: true }).click();
  await plan.getByLabel('Looks at the evidence every so many seconds').fill('0.2');
  await plan.getByRole('button', { name: 'Start the rollout' }).click();
  await page.getByText('60 % of new sessions get the candidate, version 3.').waitFor();
  const ready = { ...triage, promotion_id: '' };
  const served = await Promise.all(Array.from({ length: 10 }, (_, n) => serve(nora, ready, `user-${n}`)));
  const canary = served.filter(({ agent }) => agent.version === 3).length;
  await page.getByRole('row', { name: new RegExp(`candidate \\(canary\\) 3 ${canary} ${canary}`) }).waitFor();

  await page.getByRole('button', { name: 'Roll back production' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back production' }).click();
  await page.getByRole('dialog', { name: 'Rolled back' }).waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByText('All new sessions get version 1; the candidate gets none.').waitFor();
  expect((await serve(nora, ready, 'user-0')).agent.version).toBe(1);
  expect(takeComplaints()).toEqual([]);
});
