import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../evals/eval-story.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { pathOf } from '../release/release-story.ts';
import { openBrowser, takeComplaints, visit } from './browser.ts';

/* The goal: whoever has no mouse, or does not see where it is, does everything with the keys, and always knows where they are. */

let browser: Browser;
let pawl: TestPawl;
let page: Page;
let agent: string;
beforeAll(async () => {
  pawl = await startPawl();
  browser = await openBrowser();
  const { agents } = pawl.client.beta;
  ({ id: agent } = await agents.create({ name: 'triage', model: 'claude-sonnet-4-6', system: 'Route it.' }));
  await agents.update(agent, { version: 1, system: 'Route it well.' });
  await ask(pawl, pathOf(agent), { version: 2, from: null });
  ({ page } = await visit(browser, pawl));
});
afterAll(async () => {
  await browser.close();
  await pawl.server.close();
});

/** What has the focus, by its text, and where it is. */
function focused(): Promise<{ readonly text: string; readonly place: string }> {
  return page.evaluate(`(() => {
    const one = document.activeElement;
    const place = one.closest('dialog, main, .bar')?.localName ?? 'page';
    return { text: (one.textContent || one.getAttribute('aria-label') || '').trim(), place };
  })()`);
}

/** Presses Tab until something with this text has the focus; fails when it is not reached. */
async function tabTo(text: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    const now = await focused();
    if (now.text === text) return;
    passed.push(now.text);
  }
  throw new Error(`${text} is not reached by Tab; these are: ${passed.join(' | ')}`);
}

test('signing in takes a key, typed, and Enter', async () => {
  const context = await browser.newContext({ baseURL: pawl.url });
  const fresh = await context.newPage();
  await fresh.goto('/agents');
  await fresh.getByLabel('API key').waitFor();
  await fresh.keyboard.press('Tab');
  await fresh.keyboard.type(pawl.key);
  await fresh.keyboard.press('Enter');
  await fresh.getByRole('link', { name: 'triage' }).waitFor();
  await context.close();
});

test('the first Tab offers to skip what is on every page', async () => {
  await page.goto('/agents');
  await page.getByRole('link', { name: 'triage' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await focused()).toMatchObject({ text: 'Skip to the content' });
  await page.getByRole('link', { name: 'Skip to the content' }).waitFor();
  const box = await page.getByRole('link', { name: 'Skip to the content' }).boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(0);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await focused()).toMatchObject({ text: 'New agent', place: 'main' });
});

test.each([
  ['/agents', 'New agent'],
  ['/agents/new', 'Make the agent'],
  ['/datasets', 'New dataset'],
  ['/evaluations', 'Start an evaluation'],
  ['/operations/keys', 'New key'],
  ['/operations/webhooks', 'New webhook'],
  ['/welcome', 'Load the example'],
])('the main action of %s is reached by Tab, and seen when it is', async (path, action) => {
  await page.goto(path);
  await page.getByText(action, { exact: true }).first().waitFor();
  await tabTo(action);
  const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
  expect(outline).toBe('solid');
});

test('another page begins at its content, and not where a link was that is gone', async () => {
  await page.goto('/agents');
  await page.getByRole('link', { name: 'triage' }).waitFor();
  await tabTo('triage');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'triage' }).waitFor();
  await page.locator('main:focus').waitFor();
  await page.keyboard.press('Tab');
  expect(await focused()).toMatchObject({ text: 'Agents', place: 'main' });
});

test('a dialog keeps the focus until it is closed, and then gives it back', async () => {
  await page.goto(`/agents/${agent}`);
  await page.getByRole('button', { name: 'Roll back production' }).waitFor();
  for (const leave of ['Escape', 'Cancel']) {
    await page.getByRole('button', { name: 'Roll back production' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    const places = new Set<string>();
    for (let presses = 0; presses < 8; presses++) {
      places.add((await focused()).place);
      await page.keyboard.press('Tab');
    }
    expect([...places].filter((place) => place !== 'page')).toEqual(['dialog']);
    if (leave === 'Cancel') {
      await tabTo('Cancel');
      await page.keyboard.press('Enter');
    } else await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toMatchObject({ text: 'Roll back production' });
  }
  expect(takeComplaints()).toEqual([]);
});

test('a prompt is edited and saved by keys alone', async () => {
  await page.goto(`/agents/${agent}/edit`);
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
  await page.getByRole('textbox', { name: 'Prompt' }).focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Be brief.');
  await tabTo('Save as version 3');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/agents/${agent}/versions/3`);
  expect((await pawl.client.beta.agents.retrieve(agent)).system).toBe('Route it well. Be brief.');
  expect(takeComplaints()).toEqual([]);
});
