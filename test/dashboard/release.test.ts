import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RolloutResponse } from '../../src/api/rollouts.ts';
import { armOf, placeOf } from '../../src/core/assignment.ts';
import { ask, type Place } from '../evals/eval-story.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { newPeople, type People } from '../release/release-story.ts';
import { serve } from '../release/rollout-story.ts';
import { askFor, newTriage, type Triage } from '../release/triage.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/*
 * The goal: whoever decides on a version sees all that the decision stands on, is told why something may not be done,
 * and watches what becomes of it; and the way back is one press and one confirmation away. The method: an author, a
 * reviewer and a releaser, each at a browser of their own, and an application's traffic through the official SDK.
 */

let browser: Browser;
let pawl: TestPawl;
let people: People;
let triage: Triage;
beforeAll(async () => {
  pawl = await startPawl();
  people = await newPeople(pawl);
  triage = await newTriage(people);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

const pageOf = async (place: Place): Promise<Page> => (await visit(browser, place)).page;

/** Nothing of a page is wider than a phone, but for tables, which scroll. */
async function expectNarrow(page: Page): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 800 });
  const wide = await page.evaluate<string[]>(
    `[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > 360 && one.closest('.table-box, .diff, pre') === null).map((one) => one.outerHTML.slice(0, 120))`,
  );
  expect(await page.evaluate('document.documentElement.scrollWidth'), wide.join('\n')).toBeLessThanOrEqual(
    360,
  );
  if (size !== null) await page.setViewportSize(size);
}

async function look(page: Page, name: string): Promise<void> {
  await expectAccessible(page);
  await keepPicture(page, name);
  await expectNarrow(page);
}

/** Asks for version 3 as its author, and gives the page of the promotion. */
async function askForPromotion(): Promise<Page> {
  const page = await pageOf(people.author);
  await page.goto(`/agents/${triage.agent_id}/versions/3`);
  await page.getByRole('link', { name: 'Ask for promotion' }).click();
  await page.getByLabel('Eval that has to pass').selectOption({ label: 'triage (tickets)' });
  await page.getByLabel('Why it should be promoted').fill('Refunds go to billing again');
  await page.getByRole('table', { name: 'Changes of the prompt from version 1 to version 3' }).waitFor();
  await look(page, 'ask-for-promotion');
  await page.getByRole('button', { name: 'Ask for promotion' }).click();
  await page.waitForURL('**/release/promotions/promo_*');
  return page;
}

/** Starts a rollout of two steps before the last, of which the second stays, and gives it. */
async function startRollout(page: Page): Promise<RolloutResponse> {
  await page.getByRole('button', { name: 'Start a rollout' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Minutes at least of step 1').fill('0');
  await dialog.getByLabel('Sessions at least of step 1').fill('2');
  await dialog.getByLabel('Share in percent of step 1').fill('20');
  await dialog.getByLabel('Share in percent of step 2').fill('40');
  await dialog.getByRole('button', { name: 'Remove step 3' }).click();
  await dialog.getByRole('button', { name: 'Remove step 3' }).click();
  await dialog.getByText('What is watched, and how', { exact: true }).click();
  await dialog.getByLabel('Looks at the evidence every so many seconds').fill('0.2');
  await expectAccessible(page);
  await keepPicture(page, 'start-rollout');
  await dialog.getByRole('button', { name: 'Start the rollout' }).click();
  await page.waitForURL('**/release/rollouts/roll_*');
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  return ask(people.releaser, `/rollouts/${id}`);
}

/** Users of an application, of whom three get the candidate from 20 % on, and six get the other version up to 40 %. */
function usersOf({ id }: RolloutResponse): string[] {
  const users = Array.from({ length: 500 }, (_, n) => `user-${n}`);
  const armAt = (user: string, weight: number) => armOf(placeOf(id, user), weight * 100);
  const canary = users.filter((user) => armAt(user, 20) === 'canary');
  const control = users.filter((user) => armAt(user, 40) === 'control');
  return [...canary.slice(0, 3), ...control.slice(0, 6)];
}

test('an author asks and may not decide, another person does, and the author sees it without a reload', async () => {
  const author = await askForPromotion();
  await author
    .getByRole('row', { name: /all cases/ })
    .first()
    .waitFor({ timeout: 20_000 });
  const decide = author.getByRole('region', { name: 'Decide' });
  await decide.getByText('Your role is editor; this needs a reviewer').first().waitFor();
  await look(author, 'promotion-of-author');

  const reviewer = await pageOf(people.reviewer);
  await reviewer.goto('/release');
  await reviewer.getByLabel('Agent, or words of the reason').fill('nothing');
  await reviewer.getByText('No promotion here.').waitFor();
  await reviewer.getByLabel('Agent, or words of the reason').fill('TRIAGE');
  await reviewer.getByRole('link', { name: 'version 3 to production' }).waitFor();
  await look(reviewer, 'promotions');
  await reviewer.getByRole('link', { name: 'version 3 to production' }).click();
  await reviewer.getByLabel('What you think of it').fill('The refunds are <b>right</b> again');
  await reviewer.getByRole('button', { name: 'Approve' }).click();
  await reviewer.getByText('It lacks nothing').waitFor();
  await reviewer.getByText('The refunds are <b>right</b> again').waitFor();
  await look(reviewer, 'promotion');
  await author.getByText('It lacks nothing').waitFor();
  expect(takeComplaints()).toEqual([]);
});

test('a releaser rolls it out, watches it move, takes it back, and lets the alias go', async () => {
  const releaser = await pageOf(people.releaser);
  await releaser.goto('/release');
  await releaser.getByRole('link', { name: 'version 3 to production' }).click();
  const rollout = await startRollout(releaser);
  await releaser.getByText('20 % of new sessions get the candidate, version 3.').waitFor();
  const ready = { ...triage, promotion_id: rollout.promotion_id };
  for (const user of usersOf(rollout)) await serve(people.author, ready, user);
  await releaser.getByText('40 % of new sessions get the candidate, version 3.').waitFor();
  await releaser.getByRole('row', { name: /candidate \(canary\) 3 3/ }).waitFor();
  await releaser.getByText('next step').waitFor();
  await look(releaser, 'rollout');
  await expectWaysBack(await releaser.context().newPage(), rollout);

  await releaser.getByRole('button', { name: 'Roll back production' }).click();
  await expectAccessible(releaser);
  await keepPicture(releaser, 'roll-back');
  await releaser.getByLabel('Why (for the history)').fill('Complaints');
  await releaser.getByRole('dialog').getByRole('button', { name: 'Roll back production' }).click();
  await releaser
    .getByRole('dialog', { name: 'Rolled back' })
    .getByText(/sessions were open/)
    .waitFor();
  await releaser.getByRole('button', { name: 'Close' }).click();
  await releaser.getByText('All new sessions get version 1; the candidate gets none.').waitFor();

  await releaser.getByRole('link', { name: 'production', exact: true }).click();
  await releaser.getByRole('heading', { name: 'It is held' }).waitFor();
  await look(releaser, 'alias');
  await releaser.getByRole('button', { name: 'Release it' }).click();
  await releaser.getByRole('dialog').getByRole('button', { name: 'Release it' }).click();
  await releaser.getByRole('heading', { name: 'It is held' }).waitFor({ state: 'detached' });
  expect(takeComplaints()).toEqual([]);
});

/** Everywhere that an alias is looked at, a releaser is one press from the question whether it is to be rolled back. */
async function expectWaysBack(page: Page, { agent_id, promotion_id }: RolloutResponse): Promise<void> {
  const paths = [
    `/agents/${agent_id}`,
    `/agents/${agent_id}/aliases/production`,
    `/release/promotions/${promotion_id}`,
  ];
  for (const path of paths) {
    await page.goto(path);
    await page.getByRole('button', { name: 'Roll back production' }).click();
    await page.getByLabel('Sessions that run on version 3').waitFor();
  }
  await page.close();
}

test('a reviewer sees which cases are lost, and rejects the candidate with a reason', async () => {
  const { id } = await askFor(people, triage, 2);
  const page = await pageOf(people.reviewer);
  await page.goto(`/release/promotions/${id}`);
  const lost = page.getByRole('table', { name: 'Cases that turned' }).getByText('lost');
  await lost.first().waitFor();
  await page.getByRole('heading', { name: 'What stands in the way' }).waitFor();
  await look(page, 'promotion-that-fails');
  await page.getByLabel('What you think of it').fill('Billing tickets go astray');
  await page.getByRole('button', { name: 'Reject' }).click();
  await page.getByRole('dialog', { name: 'Reject?' }).getByRole('button', { name: 'Reject' }).click();
  await page.getByText('It is over: it was rejected').first().waitFor();
  await page.getByText('Billing tickets go astray').waitFor();
  expect(takeComplaints()).toEqual([]);
});

test('whoever reads the audit log finds what was done, and has it checked', async () => {
  const page = await pageOf(people.author);
  await page.goto('/release/audit');
  await page.getByText('alias.set').waitFor();
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByText(/All \d+ entries are as they were written/).waitFor();
  await page
    .getByText(/Show what entry/)
    .first()
    .click();
  await look(page, 'audit');
  await page.getByLabel('Action, such as alias.promoted').fill('dataset.revised');
  await page.getByText('alias.set').waitFor({ state: 'detached' });
  await page.getByText('dataset.revised').waitFor();
  await page.goto('/release/rollouts');
  await page.getByRole('table', { name: 'Rollouts' }).or(page.getByText('No rollout here')).waitFor();
  await look(page, 'rollouts');
  expect(takeComplaints()).toEqual([]);
});

test('an admin says what an alias asks for, and others are told that they may not', async () => {
  const path = `/agents/${triage.agent_id}/aliases/production`;
  const author = await pageOf(people.author);
  await author.goto(path);
  await author.getByText('Only admins change it').waitFor();
  const admin = await pageOf(people.admin);
  await admin.goto(path);
  await admin.getByRole('button', { name: 'Change the policy' }).click();
  await admin.getByLabel('How many others have to approve (0 to 10)').fill('2');
  await admin.getByLabel('Eval that has to pass').selectOption({ label: 'triage (tickets)' });
  await expectAccessible(admin);
  await admin.getByRole('dialog').getByRole('button', { name: 'Change the policy' }).click();
  await admin.getByText('2, by others than the author').waitFor();
  await author.getByText('2, by others than the author').waitFor();
  await admin.getByRole('button', { name: 'Make production the default' }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Make production the default' }).click();
  await admin.getByText('get what production serves.').waitFor();
  const agent = await sdk(pawl.url, pawl.key).beta.agents.retrieve(triage.agent_id);
  expect(agent).toMatchObject({ pawl: { default_alias: 'production' } });
  expect(takeComplaints()).toEqual([]);
});
