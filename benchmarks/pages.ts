import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { openBrowser, visit } from '../test/dashboard/browser.ts';
import { storeMuch } from '../test/dashboard/large-data.ts';
import { content, pagesOf } from '../test/dashboard/pages.ts';
import type { FakeModel } from './fake-model.ts';
import { median } from './measure.ts';
import type { Row } from './report.ts';
import { benchKey, type Subject, startPawl } from './servers.ts';

/** What a page took once, in ms. */
type Opening = { readonly shown: number; readonly longest_task: number; readonly longest_gap: number };

const floorPage = '<!doctype html><title>Floor</title><main><h1>Nothing</h1></main>';

/**
 * D1: every page of the dashboard in a real browser, on a server with 10,000 sessions, 200 versions of an agent and two runs of
 * 5,000 cases: when it shows its first content, and what keeps it from scrolling. The built-in model answers, since nothing
 * is asked of it while pages are looked at.
 */
export async function pages(_model: FakeModel, rounds: number): Promise<Row[]> {
  let subject: Subject | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'pawl-bench-'));
  const floor = createServer((_request, answer) =>
    answer.setHeader('content-type', 'text/html').end(floorPage),
  );
  const floorUrl = await listening(floor);
  const browser = await openBrowser();
  try {
    const large = await storeMuch({
      folder,
      async start() {
        subject = await startPawl(null, { folder });
        return { url: subject.url, key: benchKey };
      },
      stop: async () => subject?.kill('SIGTERM'),
    });
    const { context } = await visit(browser, large.people.admin);
    await context.addInitScript(watchPage);
    const all = new Map([['nothing', floorUrl], ...pagesOf(large)]);
    const openings = new Map([...all.keys()].map((route) => [route, [] as Opening[]]));
    for (let round = 0; round < rounds; round++) {
      for (const [route, address] of all) openings.get(route)?.push(await open(context, address));
    }
    return rowsOf(openings);
  } finally {
    await browser.close();
    floor.close();
    await subject?.dispose();
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Runs in each page before anything else: notes when it shows its content, and each task that holds it up. */
const watchPage = `
  window.seen = { shown: null, tasks: [] };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.seen.tasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    if (window.seen.shown !== null || document.querySelector(${JSON.stringify(content)}) === null) return;
    // The frame that shows it comes after this one.
    requestAnimationFrame(() => setTimeout(() => { window.seen.shown ??= performance.now(); }));
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  document.addEventListener('DOMContentLoaded', look);
`;

/** Goes to a page in a tab of its own that has nothing in its cache, and to its end. */
async function open(context: BrowserContext, address: string): Promise<Opening> {
  const page = await context.newPage();
  try {
    const network = await context.newCDPSession(page);
    await network.send('Network.setCacheDisabled', { cacheDisabled: true });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(address);
    await page.locator(content).waitFor({ timeout: 30_000 });
    return { shown: await shownAt(page), ...(await scroll(page)) };
  } finally {
    await page.close();
  }
}

const shownAt = (page: Page): Promise<number> =>
  page.evaluate(`new Promise((resolve) => {
    const wait = () => (window.seen.shown === null ? requestAnimationFrame(wait) : resolve(window.seen.shown));
    wait();
  })`);

/** Scrolls to the end of a page and back, frame by frame, once it has come to rest. A page that fits the screen takes nothing. */
const scroll = (page: Page): Promise<Omit<Opening, 'shown'>> =>
  page.evaluate(`new Promise((resolve) => {
    const height = document.documentElement.scrollHeight - innerHeight;
    if (height <= 0) return resolve({ longest_gap: 0, longest_task: 0 });
    let began = 0;
    let last = null;
    let longest_gap = 0;
    let step = 0;
    const frame = (now) => {
      if (last !== null) longest_gap = Math.max(longest_gap, now - last);
      last = now;
      window.scrollTo(0, height * (1 - Math.abs(1 - (2 * step) / ${scrollFrames})));
      if (step++ < ${scrollFrames}) return requestAnimationFrame(frame);
      const tasks = window.seen.tasks.filter(({ startTime }) => startTime >= began);
      resolve({ longest_gap, longest_task: Math.max(0, ...tasks.map(({ duration }) => duration)) });
    };
    requestIdleCallback(() => {
      began = performance.now();
      requestAnimationFrame(frame);
    }, { timeout: 2000 });
  })`);

const scrollFrames = 60;

function rowsOf(openings: ReadonlyMap<string, readonly Opening[]>): Row[] {
  const scenario = '10,000 sessions, 200 versions, runs of 5,000 cases';
  const row = (
    field: keyof Opening,
    { metric, target, fail_above }: Pick<Row, 'metric' | 'target' | 'fail_above'>,
  ): Row => {
    const values = (route: string): number[] => (openings.get(route) ?? []).map((one) => one[field]);
    const sorted = [...openings.keys()].toSorted((a, b) => median(values(b)) - median(values(a)));
    const [slowest = '', second = '', third = ''] = sorted;
    const figure = (route: string): string => `${route} ${median(values(route)).toFixed(0)} ms`;
    const middle = sorted[Math.floor(sorted.length / 2)] ?? '';
    const note = `${slowest}; ${figure(second)}, ${figure(third)}; half of ${sorted.length - 1} pages within ${median(values(middle)).toFixed(0)} ms; ${figure('nothing')}`;
    return { id: 'D1', scenario, metric, values: values(slowest), target, fail_above, note };
  };
  return [
    row('shown', { metric: 'slowest page: first content, ms', target: 1000, fail_above: 2000 }),
    row('longest_task', { metric: 'scrolling: longest task, ms', target: 50, fail_above: 200 }),
    row('longest_gap', { metric: 'scrolling: longest gap between frames, ms', target: 100, fail_above: 400 }),
  ];
}
