import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/* The goal: whoever asks what happened finds the session, sees it as it goes on, and says what it was worth. */

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

async function openSession(title: string): Promise<string> {
  const { agents, environments, sessions } = pawl.client.beta;
  const agent = await agents.create({
    name: 'triage',
    model: 'claude-sonnet-4-6',
    system: 'Answer with: billing',
  });
  const environment = await environments.create({ name: `env-${title}` });
  const { id } = await sessions.create({ agent: agent.id, environment_id: environment.id, title });
  return id;
}

test('a session is found by its title, and is seen live: what is said, what was asked of the model, what it took', async () => {
  const id = await openSession('Charged twice');
  await openSession('Cannot log in');
  await page.goto('/sessions');
  await page.getByRole('link', { name: 'Cannot log in' }).waitFor();
  await expectAccessible(page);
  await page.getByLabel('Id, or words of the title').fill('charged');
  await page.getByRole('link', { name: 'Cannot log in' }).waitFor({ state: 'detached' });
  await keepPicture(page, 'sessions');
  await page.getByRole('link', { name: 'Charged twice' }).click();
  await page.getByText('Nothing was said yet.').waitFor();

  await pawl.client.beta.sessions.events.send(id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: 'I was <b>charged</b> twice' }] }],
  });
  await page.getByText('I was <b>charged</b> twice').waitFor();
  await page.getByText('Idle: end turn').waitFor();
  await page.getByText(/by offline · .* in, .* out/).waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'session');
  expect(takeComplaints()).toEqual([]);
});

test('a session goes on from the page, is scored, and is made a case', async () => {
  const id = await openSession('Where is my invoice');
  const made = await fetch(`${pawl.url}/pawl/v1/datasets`, {
    ...{ method: 'POST', headers: { 'x-api-key': pawl.key, 'content-type': 'application/json' } },
    body: JSON.stringify({ name: 'tickets', cases: [{ input: 'Hello', target: 'auth' }] }),
  });
  expect(made.status).toBe(200);
  await page.goto(`/sessions/${id}`);
  await page.getByLabel('Say something to the agent').fill('Where is my invoice?');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Idle: end turn').waitFor();

  await page.getByLabel('Why (if you like)').fill('Right team');
  await page.getByRole('button', { name: 'Good (1)' }).click();
  await page.getByText('Right team').waitFor();

  await page.getByLabel('Dataset').selectOption({ label: 'tickets' });
  await page.getByLabel('What should have been answered').fill('billing');
  await page.getByRole('button', { name: 'Add this session as a case' }).click();
  await page.getByText('It is a case now').waitFor();
  expect(takeComplaints()).toEqual([]);
});
