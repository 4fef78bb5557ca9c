import { existsSync, readFileSync } from 'node:fs';
import { maxHeaderSize } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newApp } from '../src/api/http.ts';
import { clientVariables } from '../src/config.ts';
import { roles } from '../src/core/roles.ts';
import { settings } from '../src/settings.ts';
import { cellsUnder } from './openapi/reference-table.ts';
import { startPawl } from './pawl.ts';
import { registeredRoutes } from './registered-routes.ts';

/*
 * The goal: what an operator reads before others can reach a server is so. The method: what the page lists is held against
 * the code, and every registered route is asked without a key.
 */

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/reference/security.md'), 'utf8');

/** What stands between code marks and is all of this form. */
function named(form: RegExp): string[] {
  const words = [...page.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);
  return words.filter((word) => form.test(word));
}

test('Without a key there are the routes of the page, and for no other does anybody learn whether it is there', async () => {
  const pawl = await startPawl({ max_failed_keys: '10000' });
  onTestFinished(() => pawl.server.close());
  const open: string[] = [];
  for (const { method, url } of [...(await registeredRoutes()), { method: 'GET', url: '/nowhere' }]) {
    const response = await fetch(pawl.url + url.replaceAll(/:\w+/g, 'x'), { method });
    await response.body?.cancel();
    if (response.status === 401) continue;
    open.push(`${method} ${url}`);
  }
  const told = cellsUnder('security.md', 'What is open').flatMap(([routes = '']) =>
    routes.split(', ').flatMap((route) => (route.endsWith('…') ? bothOf(route.slice(0, -1)) : [route])),
  );
  expect(open.toSorted()).toEqual(told.toSorted());
});

/** A page, and everything below it. */
function bothOf(route: string): string[] {
  return [route, `${route}/*`];
}

test('No answer but that to a key sets a cookie, and none lets the page of another origin read it', async () => {
  const pawl = await startPawl();
  onTestFinished(() => pawl.server.close());
  const asked: [string, string][] = ['/v1/agents', '/healthz', '/metrics', '/nowhere'].flatMap((path) => [
    ['GET', path],
    ['OPTIONS', path],
  ]);
  for (const [method, path] of asked) {
    const headers = {
      'x-api-key': pawl.key,
      origin: 'https://page.example',
      cookie: `x-api-key=${pawl.key}`,
    };
    const response = await fetch(pawl.url + path, { method, headers });
    await response.body?.cancel();
    const told = [...response.headers.keys()].filter((name) => /^set-cookie|^access-control-/.test(name));
    expect([method, path, told]).toEqual([method, path, []]);
  }
  expect(
    (await fetch(`${pawl.url}/v1/agents`, { headers: { cookie: `x-api-key=${pawl.key}` } })).status,
  ).toBe(401);
});

test.each(cellsUnder('security.md', 'As it comes'))('%s is %j unless it is set', (name, value) => {
  const setting = new Map(Object.entries(settings)).get(name);
  expect(setting).toBeDefined();
  expect(setting?.default === null ? '' : String(setting?.default)).toBe(value);
});

test('Every role is on the page, and every setting and every file that the page names is there', () => {
  expect(cellsUnder('security.md', 'What each role can do').map(([role]) => role)).toEqual(roles);
  const variables = Object.values(settings).map(({ env }) => env as string);
  const known = [...variables, ...Object.keys(clientVariables)];
  expect(named(/^[A-Z_]+_[A-Z_]+$/).filter((name) => !known.includes(name))).toEqual([]);
  const setting = /^(scorer|allow|trusted|max|rate|retention|vault|log)_\w+$/;
  expect(named(setting).filter((name) => !Object.hasOwn(settings, name))).toEqual([]);
  const files = named(/^src\//);
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('Requests have the bounds of the page', async () => {
  const app = newApp({ next: () => 'req_1' } as never);
  onTestFinished(() => app.close());
  expect(page).toContain(
    'Headers may have 16 KiB and have to be there after a minute, a whole request after five',
  );
  expect([maxHeaderSize, app.server.headersTimeout, app.server.requestTimeout]).toEqual([
    16_384, 60_000, 300_000,
  ]);
  expect(app.initialConfig.bodyLimit).toBe(32 * 1024 * 1024);
});
