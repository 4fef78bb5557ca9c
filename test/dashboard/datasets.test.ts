import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { expectAccessible, keepPicture, openBrowser, takeComplaints, visit } from './browser.ts';

/* The goal: whoever has cases in a file measures versions with them, and sees what changed in them since. */

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

const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
const tickets = [
  'ref,question,team',
  't-1,Where is my invoice?,billing',
  't-2,"I cannot log in, help",auth',
  't-3,<b>Charged</b> twice,billing',
].join('\n');

test('a file is refused with the lines of what is wrong, and then makes a dataset', async () => {
  await page.goto('/datasets');
  await page.getByText('No dataset here.').waitFor();
  await page.getByRole('link', { name: 'New dataset' }).click();
  await page.getByLabel('File').setInputFiles(file('tickets.csv', tickets.replace('t-2', 't-1')));
  await page.getByText('with ref, question, team').waitFor();
  expect(await page.getByLabel('Name').inputValue()).toBe('tickets');
  const column = (label: string) => page.getByLabel(label, { exact: true });
  const choose = async (): Promise<void> => {
    await column('What should be answered').selectOption('team');
    await column('Group, which results are told apart by').selectOption('team');
    await column('Id of the case').selectOption('ref');
  };
  await choose();
  await page.getByRole('button', { name: 'Make the dataset' }).click();
  await page.getByRole('row', { name: 'line 3 id: must be unique' }).waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'dataset-import');

  await page.getByLabel('File').setInputFiles(file('tickets.csv', tickets));
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await choose();
  await page.getByRole('button', { name: 'Make the dataset' }).click();
  await page.getByRole('heading', { name: 'tickets' }).waitFor();
  await page.getByText('<b>Charged</b> twice').waitFor();
  expect(takeComplaints()).toEqual([]);
});

test('cases are searched, opened, added by hand, and what has changed is shown', async () => {
  await page.goto('/datasets');
  await page.getByRole('link', { name: 'tickets' }).click();
  await page.getByLabel('A part of the id').fill('T-2');
  await page.getByRole('button', { name: 't-1' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 't-2' }).click();
  await page.getByRole('dialog').getByText('I cannot log in, help').waitFor();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByLabel('A part of the id').fill('');

  await page.getByText('Add a case by hand').click();
  await page.getByLabel('What is asked').fill('Which regions are there?');
  await page.getByLabel('What should be answered').fill('{"team": "api"}');
  await page.getByRole('button', { name: 'Add the case' }).click();
  await page.getByRole('alert').getByText('group: missing').waitFor();
  await page.getByLabel('Group (if cases have one)').fill('api');
  await page.getByLabel('Id (if you like)').fill('t-4');
  await page.getByRole('button', { name: 'Add the case' }).click();
  await page.getByRole('status').getByText('t-4 is a case of tickets now.').waitFor();
  await page.getByRole('button', { name: 't-4' }).waitFor();
  await expectAccessible(page);
  await page.getByText('Add a case by hand').click();
  await keepPicture(page, 'dataset');

  await page.getByRole('link', { name: 'Revisions' }).click();
  await page
    .getByRole('link', { name: /^since the one before/ })
    .first()
    .waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'dataset-revisions');
  await page.getByRole('link', { name: 'Changes', exact: true }).click();
  await page.getByRole('row', { name: 'added t-4' }).waitFor();
  await expectAccessible(page);
  await page.getByRole('button', { name: 't-4' }).click();
  await page.getByRole('dialog').getByText('Which regions are there?').waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'dataset-changes');
  expect(takeComplaints()).toEqual([]);
});

test('a dataset is exported, tells which evals use it, and is archived after it was asked', async () => {
  const { id } = await pawl.client.beta.agents.create({ name: 'triage', model: 'claude-sonnet-4-6' });
  await fetch(`${pawl.url}/pawl/v1/evals`, {
    ...{ method: 'POST', headers: { 'x-api-key': pawl.key, 'content-type': 'application/json' } },
    body: JSON.stringify({ name: 'routing', agent: id, dataset: 'tickets', scorers: ['exact'] }),
  });
  await page.goto('/datasets/tickets');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Save as CSV' }).click(),
  ]);
  await download.cancel();
  await page.getByRole('link', { name: 'Evals that use it' }).click();
  await page.getByRole('cell', { name: 'routing' }).waitFor();
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Archive tickets' }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
  await page.getByText('archived', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Datasets' }).first().click();
  await page.getByText('No dataset here.').waitFor();
  await page.getByLabel('Archived ones').selectOption({ label: 'as well' });
  await page.getByRole('link', { name: 'tickets' }).waitFor();
  await expectAccessible(page);
  await keepPicture(page, 'datasets');
  expect(takeComplaints()).toEqual([]);
});
