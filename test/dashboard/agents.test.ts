import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/*
 * The goal: whoever edits a prompt needs nothing but the dashboard, and two of them never overwrite each other. The
 * method: a real browser on a real server.
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

const prompt =
  'You route tickets.\n\nTeams:\n- billing: invoices.\n- auth: log-ins.\n\nAnswer with the team.\n';

async function agentWithTwoVersions(): Promise<string> {
  const { agents } = pawl.client.beta;
  const { id } = await agents.create({ name: 'triage', model: 'claude-sonnet-4-6', system: prompt });
  const headers = { 'pawl-message': encodeURIComponent('Refunds go to billing') };
  await agents.update(
    id,
    { version: 1, system: prompt.replace('invoices', 'invoices, refunds') },
    { headers },
  );
  return id;
}

async function editor(): Promise<Page> {
  const { page } = await visit(browser, pawl);
  return page;
}

test('versions are listed with who made them and why, and any two can be compared', async () => {
  const id = await agentWithTwoVersions();
  const page = await editor();
  await page.goto('/agents');
  await page.getByRole('link', { name: 'triage' }).first().waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'agents');
  await page.goto(`/agents/${id}`);
  await page.getByText('Refunds go to billing').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'agent');
  await page.getByRole('link', { name: 'since 1' }).click();
  await page.getByRole('table', { name: 'Changes of the prompt from version 1 to version 2' }).waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'changes');
  expect(await page.locator('mark').allTextContents()).toEqual([', refunds']);
  await page.getByLabel('View').selectOption('inline');
  await expectAccessible(page);
  expect(takeComplaints()).toEqual([]);
});

test('an edited prompt is the next version, with what was said about it', async () => {
  const id = await agentWithTwoVersions();
  const page = await editor();
  await page.goto(`/agents/${id}/edit`);
  await page.getByRole('textbox', { name: 'Prompt' }).fill(`${prompt}Be brief.`);
  await page.getByLabel('What has changed, and why').fill('Shorter answers');
  await expectAccessible(page);
  await keepPicture(page, 'edit');
  await page.getByRole('button', { name: 'Save as version 3' }).click();
  await page.waitForURL(`**/agents/${id}/versions/3`);
  const saved = await pawl.client.beta.agents.retrieve(id);
  expect(saved).toMatchObject({
    version: 3,
    system: `${prompt}Be brief.`,
    pawl: { message: 'Shorter answers' },
  });
  await page.getByText('Shorter answers').waitFor();
  await expectAccessible(page);
  expect(takeComplaints()).toEqual([]);
});

test('two who edit at once are shown what the other did, and lose nothing', async () => {
  const id = await agentWithTwoVersions();
  const [one, other] = [await editor(), await editor()];
  for (const page of [one, other]) await page.goto(`/agents/${id}/edit`);
  const field = (page: Page) => page.getByRole('textbox', { name: 'Prompt' });
  const text = await field(one).inputValue();
  await field(one).fill(text.replace('log-ins', 'log-ins and passwords'));
  await field(other).fill(text.replace('Answer with the team', 'Answer with the team alone'));
  await one.getByRole('button', { name: 'Save as version 3' }).click();
  await one.waitForURL('**/versions/3');

  await other.getByRole('heading', { name: 'has saved version 3 meanwhile' }).waitFor();
  await expectAccessible(other);
  await keepPicture(other, 'merge');
  await other.getByRole('button', { name: 'Put both together' }).click();
  await other.getByRole('button', { name: 'Save as version 4' }).click();
  await other.waitForURL('**/versions/4');
  const { system } = await pawl.client.beta.agents.retrieve(id);
  expect(system).toContain('log-ins and passwords');
  expect(system).toContain('Answer with the team alone');
  expect(takeComplaints()).toEqual([]);
});

test('of two who save at the same moment one is first, and the other is asked before anything is overwritten', async () => {
  const id = await agentWithTwoVersions();
  const pages = [await editor(), await editor()] as const;
  const rules = ['log-ins and passwords', 'One word.'] as const;
  // What both send waits for the other, so that neither can have heard of the other's version before.
  const sent: (() => Promise<void>)[] = [];
  for (const [n, page] of pages.entries()) {
    await page.goto(`/agents/${id}/edit`);
    const field = page.getByRole('textbox', { name: 'Prompt' });
    const text = await field.inputValue();
    await field.fill(n === 0 ? text.replace('log-ins', rules[0]) : text + rules[1]);
    await page.route(`**/v1/agents/${id}`, async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      sent.push(() => route.continue());
      if (sent.length === 2) await Promise.all(sent.map((go) => go()));
    });
  }
  await Promise.all(pages.map((page) => page.getByRole('button', { name: 'Save as version 3' }).click()));
  const overtaken = pages.map((page) =>
    page
      .getByRole('heading', { name: 'has saved version 3 meanwhile' })
      .waitFor()
      .then(() => page),
  );
  const loser = await Promise.any(overtaken);
  const winner = pages.find((page) => page !== loser);
  for (const page of pages) await page.unrouteAll({ behavior: 'ignoreErrors' });
  await winner?.waitForURL('**/versions/3');
  const third = await pawl.client.beta.agents.retrieve(id);
  expect(third.version).toBe(3);
  expect(rules.filter((rule) => third.system?.includes(rule))).toEqual([rules[winner === pages[0] ? 0 : 1]]);

  await loser.getByRole('button', { name: 'Put both together' }).click();
  await loser.getByRole('button', { name: 'Save as version 4' }).click();
  await loser.waitForURL('**/versions/4');
  const { system } = await pawl.client.beta.agents.retrieve(id);
  expect(rules.filter((rule) => system?.includes(rule))).toEqual(rules);
  expect(takeComplaints()).toEqual([]);
});

test('a draft outlives a reload and the end of a sign-in, and is gone after signing out', async () => {
  const id = await agentWithTwoVersions();
  const page = await editor();
  const field = page.getByRole('textbox', { name: 'Prompt' });
  await page.goto(`/agents/${id}/edit`);
  await field.fill('Half a thought');
  await page.reload();
  await page.getByText('Your draft from before is here again.').waitFor();
  expect(await field.inputValue()).toBe('Half a thought');

  await page.context().clearCookies();
  await page.reload();
  await page.getByLabel('API key').fill(pawl.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Your draft from before is here again.').waitFor();
  expect(await field.inputValue()).toBe('Half a thought');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  expect(await page.evaluate('sessionStorage.length')).toBe(0);
  expect(takeComplaints()).toEqual([]);
});

test('a draft is asked beside production, without being saved', async () => {
  const id = await agentWithTwoVersions();
  const page = await editor();
  await page.goto(`/agents/${id}/edit`);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Answer every message with the word: pineapple');
  await page.getByLabel('A message to try').fill('I was charged twice.');
  await page.getByRole('button', { name: 'Ask both' }).click();
  for (const side of ['Version 2', 'Your draft']) {
    const panel = page.getByRole('region', { name: side });
    await panel.getByText('Idle: end turn').waitFor();
  }
  await expectAccessible(page);
  await keepPicture(page, 'try');
  expect((await pawl.client.beta.agents.retrieve(id)).version).toBe(2);
  expect(takeComplaints()).toEqual([]);
});

test('a prompt full of HTML and scripts is text', async () => {
  const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>{{name}}';
  const { id } = await pawl.client.beta.agents.create({
    name: evil,
    model: 'claude-sonnet-4-6',
    system: evil,
  });
  const page = await editor();
  for (const path of ['/agents', `/agents/${id}`, `/agents/${id}/versions/1`, `/agents/${id}/edit`]) {
    await page.goto(path);
    await page.getByText('onerror').first().waitFor();
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(await page.locator('img, main script').count()).toBe(0);
  }
  expect(takeComplaints()).toEqual([]);
});
