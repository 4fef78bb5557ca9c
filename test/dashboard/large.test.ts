import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { contrastProblems, openBrowser, takeComplaints, visit } from './browser.ts';
import { storeMuch } from './large-data.ts';
import { content, pagesOf, widerThanScreen } from './pages.ts';

/*
 * The goal: no page gets slow, wider than a phone or unreadable in the dark by what a long-lived server has stored. Times
 * say little on a shared machine, so what makes pages slow is counted: requests, bytes, rows and elements. The method: every
 * page that has an address is opened once, on a small dark screen.
 */

/** What one page came to. */
type Seen = {
  /** Bytes of the page, its scripts and its styles, as they are sent. */
  readonly files: number;
  /** What was asked of the server, each question once. */
  readonly asked: ReadonlySet<string>;
  /** The longest answer, in bytes. */
  readonly answer: number;
  readonly rows: number;
  readonly elements: number;
  readonly wide: readonly string[];
  readonly pale: readonly string[];
  readonly failures: readonly string[];
};

let pawl: TestPawl | undefined;
let folder: string;
let browser: Browser | undefined;
const seen = new Map<string, Seen>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-large-'));
  const large = await storeMuch({
    folder,
    start: async () => {
      pawl = await startPawl({ data_dir: folder });
      return pawl;
    },
    stop: async () => pawl?.server.close(),
  });
  browser = await openBrowser();
  const { page } = await visit(browser, large.people.admin);
  await page.setViewportSize({ width: 360, height: 780 });
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const [route, path] of pagesOf(large)) seen.set(route, await look(page, path));
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await pawl?.server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function look(page: Page, path: string): Promise<Seen> {
  const asked = new Set<string>();
  const answers = [0];
  let files = 0;
  const note = (response: { url(): string; headers(): Record<string, string> }): void => {
    const { pathname, search } = new URL(response.url());
    const length = Number(response.headers()['content-length'] ?? 0);
    if (!/^\/(pawl\/)?v1\//.test(pathname)) files += length;
    else {
      asked.add(pathname + search);
      answers.push(length);
    }
  };
  page.on('response', note);
  await page.goto(path);
  await page.locator(content).waitFor({ timeout: 30_000 });
  page.off('response', note);
  return {
    ...{ files, asked, answer: Math.max(...answers) },
    rows: await page.evaluate<number>(
      "Math.max(0, ...[...document.querySelectorAll('tbody, ol, ul, dl')].map((one) => one.children.length))",
    ),
    elements: await page.evaluate<number>("document.querySelectorAll('*').length"),
    wide: await widerThanScreen(page),
    pale: await contrastProblems(page),
    failures: await page.locator('main .failure').allTextContents(),
  };
}

/** Those pages for which something else than nothing comes out. */
function pagesWith<T>(found: (one: Seen) => T | null): Record<string, T> {
  const pairs = [...seen].flatMap(([route, one]) => {
    const value = found(one);
    return value === null ? [] : [[route, value] as const];
  });
  return Object.fromEntries(pairs);
}
const above =
  (limit: number, of: (one: Seen) => number) =>
  (one: Seen): number | null =>
    of(one) > limit ? of(one) : null;
const some =
  (of: (one: Seen) => readonly string[]) =>
  (one: Seen): readonly string[] | null =>
    of(one).length > 0 ? of(one) : null;

test('every page shows what it is for, and complains of nothing', () => {
  expect(seen.size).toBeGreaterThan(30);
  expect(pagesWith(some(({ failures }) => failures))).toEqual({});
  expect(takeComplaints()).toEqual([]);
});

test('the first load is under 300 KB, and no page brings more than a small part of that along', () => {
  const first = seen.get('/sign-in')?.files ?? 0;
  expect(first).toBeGreaterThan(50_000);
  expect(pagesWith(above(300_000, ({ files }) => files))).toEqual({});
  expect(pagesWith(above(45_000, ({ files }) => files - first))).toEqual({});
});

test('a page asks few questions, none of them twice in other words, and gets short answers', () => {
  expect(pagesWith(above(12, ({ asked }) => asked.size))).toEqual({});
  expect(pagesWith(above(400_000, ({ answer }) => answer))).toEqual({});
});

test('a page shows at most a hundred rows at once', () => {
  expect(pagesWith(above(100, ({ rows }) => rows))).toEqual({});
  expect(pagesWith(above(2500, ({ elements }) => elements))).toEqual({});
});

test('nothing is wider than a phone, but for tables and the like, which scroll by themselves', () => {
  expect(pagesWith(some(({ wide }) => wide))).toEqual({});
});

test('everything can be read in the dark, and pressed by a finger', () => {
  expect(pagesWith(some(({ pale }) => pale))).toEqual({});
});
