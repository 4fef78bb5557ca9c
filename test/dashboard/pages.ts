import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Large } from './large-data.ts';

/** Every page by the address that its route has, with what stands for its parameters. */
export function pagesOf(of: Large): ReadonlyMap<string, string> {
  const values: Readonly<Record<string, string>> = {
    $agentId: of.agent_id,
    $version: '199',
    $alias: 'production',
    $sessionId: of.session_id,
    $datasetId: of.dataset_id,
    $runId: of.run_id,
    $comparisonId: of.comparison_id,
    $promotionId: of.promotion_id,
    $rolloutId: of.rollout_id,
    $webhookId: of.webhook_id,
  };
  const asked: Readonly<Record<string, string>> = {
    '/agents/$agentId/diff': '?from=1&to=200',
    '/evaluations/new': `?agent=${of.agent_id}&version=200`,
    '/release/promotions/new': `?agent=${of.agent_id}&version=200`,
  };
  return new Map(
    routes().map((route) => {
      const path = route.replace(/\$\w+/g, (name) => values[name] ?? 'unknown');
      return [route, path + (asked[route] ?? '')];
    }),
  );
}

/** What the dashboard has pages for, as its sources name it. */
export function routes(): string[] {
  const folder = join(import.meta.dirname, '../../dashboard/src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(^router\.tsx|\/routes\.ts)$/.test(path),
  );
  const found = sources.flatMap((path) =>
    [...readFileSync(join(folder, path), 'utf8').matchAll(/'(\/[a-z][\w/$-]*)',\s*lazyRouteComponent/g)].map(
      ([, route = '']) => route,
    ),
  );
  return [...found, '/sign-in'].toSorted();
}

/** Is there as soon as a page shows what it is for: its title, and nothing that is still on its way. */
export const content = 'main:has(h1):not(:has(.loading))';

/** What is wider than the screen outside of what scrolls by itself; empty when the page fits. */
export async function widerThanScreen(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
      (one) => one.getBoundingClientRect().right > clientWidth && one.closest('.table-box') === null,
    );
    return [scrollWidth + ' px', ...wide.map((one) => one.outerHTML.slice(0, 160))];
  })()`);
}
