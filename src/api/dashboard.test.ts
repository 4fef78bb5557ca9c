import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPawl } from '../../test/pawl.ts';
import { sendRaw } from '../../test/raw-http.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { dashboardRoutes } from './dashboard.ts';
import { sendError, toPawlError } from './errors.ts';
import { type App, newApp } from './http.ts';

const page = '<!doctype html><title>Pawl</title><script type="module" src="/assets/index-1a2b.js"></script>';
const script = `export const answer = ${'42 + '.repeat(20_000)}0;`;

let folder: string;
let app: App;
let url: string;

/** Serves what is in the folder at this moment. */
async function serve(from = join(folder, 'dashboard')): Promise<void> {
  app = newApp(createIds(createClock(Date.now), randomBytes));
  app.setErrorHandler((error, _request, reply) => sendError(reply, toPawlError(error)));
  dashboardRoutes(app, from);
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

function write(name: string, content: string | Buffer): void {
  writeFileSync(join(folder, 'dashboard', name), content);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-dashboard-'));
  mkdirSync(join(folder, 'dashboard/assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'nobody may read this');
  for (const [name, content] of [
    ['index.html', page],
    ['assets/index-1a2b.js', script],
    ['assets/style-3c4d.css', 'body { margin: 0 }'],
    ['favicon.svg', '<svg/>'],
  ] as const) {
    write(name, content);
    write(`${name}.gz`, gzipSync(content));
  }
  write('assets/font-5e6f.woff2', Buffer.from([1, 2, 3]));
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'dashboard/assets/link-7a8b.js'));
  await serve();
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

type Got = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
};

/** Unlike fetch, it decompresses nothing and tidies up no path. */
function get(path: string, headers: Record<string, string> = {}): Promise<Got> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers }, (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      buffer(response).then((bytes) => resolve({ status, headers: answered, bytes }), reject);
    });
    sent.on('error', reject).end();
  });
}

const pages = [
  'sign-in',
  'welcome',
  'agents',
  'evaluations',
  'datasets',
  'release',
  'sessions',
  'operations',
];

describe('The dashboard', () => {
  test.each(['/', ...pages.flatMap((one) => [`/${one}`, `/${one}/`, `/${one}/x_1/y?tab=1`])])(
    'is one page, also at %s',
    async (path) => {
      const { status, headers, bytes } = await get(path);
      expect([status, bytes.toString()]).toEqual([200, page]);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-length': String(page.length),
        'cache-control': 'no-cache',
      });
    },
  );

  test.each([
    '/index.html',
    '/agent',
    '/agentsx',
    '/v1',
    '/assets',
    '/assets/',
    '/favicon.svg.gz',
    '/secret.txt',
  ])('has nothing at %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test.each<[string, string, string]>([
    ['/assets/index-1a2b.js', 'text/javascript; charset=utf-8', script],
    ['/assets/style-3c4d.css', 'text/css; charset=utf-8', 'body { margin: 0 }'],
    ['/assets/font-5e6f.woff2', 'font/woff2', '\x01\x02\x03'],
  ])('keeps %s for good, since its name changes with it', async (path, type, content) => {
    const { status, headers, bytes } = await get(path);
    expect([status, bytes.toString()]).toEqual([200, content]);
    expect(headers).toMatchObject({
      ...{ 'content-type': type, 'content-length': String(bytes.length) },
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });

  test('has other files under their names, which are asked for each time', async () => {
    const { status, headers } = await get('/favicon.svg');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      ...{ 'content-type': 'image/svg+xml; charset=utf-8', 'cache-control': 'no-cache' },
      etag: expect.any(String),
    });
  });

  test.each(['/', '/assets/index-1a2b.js', '/favicon.svg'])(
    'lets %s load nothing from elsewhere, and nobody frame it',
    async (path) => {
      const { headers } = await get(path);
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toEqual([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      });
      expect(headers['set-cookie']).toBeUndefined();
    },
  );

  test('says by 304 that a page is as it was, until it is not', async () => {
    const etag = String((await get('/')).headers['etag']);
    for (const known of [etag, `"other", ${etag}`, '*']) {
      const again = await get('/agents', { 'if-none-match': known });
      expect([again.status, again.bytes.length, again.headers['etag']]).toEqual([304, 0, etag]);
    }
    expect((await get('/', { 'if-none-match': '"other"' })).status).toBe(200);
    write('index.html', `${page}<!-- newer -->`);
    const newer = await get('/', { 'if-none-match': etag });
    expect(newer.status).toBe(200);
    expect(newer.headers['etag']).not.toBe(etag);
  });

  test.each([
    ['gzip', true],
    ['br, gzip;q=0.5', true],
    ['deflate, GZIP', true],
    ['*', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000, br', false],
    ['br', false],
    ['xgzip', false],
    ['', false],
  ])('sends what the build has compressed to whoever takes %j: %s', async (accepted, isPacked) => {
    for (const [path, content] of [
      ['/', page],
      ['/assets/index-1a2b.js', script],
    ] as const) {
      const { headers, bytes } = await get(path, { 'accept-encoding': accepted });
      expect(headers['content-encoding']).toBe(isPacked ? 'gzip' : undefined);
      expect(headers['vary']).toBe('accept-encoding');
      expect(headers['content-length']).toBe(String(bytes.length));
      expect((isPacked ? gunzipSync(bytes) : bytes).toString()).toBe(content);
    }
  });

  test('sends what was not compressed as it is', async () => {
    const { headers } = await get('/assets/font-5e6f.woff2', { 'accept-encoding': 'gzip' });
    expect([headers['content-encoding'], headers['vary']]).toEqual([undefined, undefined]);
  });

  test.each([
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/%252e%252e%252f%252e%252e%252fsecret.txt',
    '/assets//etc/passwd',
    '/assets/%2fetc%2fpasswd',
    '/assets/./index-1a2b.js',
    '/assets/index-1a2b.js%00.css',
    '/assets/link-7a8b.js',
    '/assets/__proto__',
    '/../secret.txt',
    '/..%2fsecret.txt',
    '//secret.txt',
  ])('leads nowhere at %s', async (path) => {
    const { status, bytes } = await get(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(bytes.toString()).not.toContain('nobody may read');
  });

  test('leads nowhere by a path that no client would send', async () => {
    const bytes = Buffer.from('GET /assets/../../secret.txt HTTP/1.1\r\nhost: x\r\n\r\n');
    const { status, text } = await sendRaw(url, bytes);
    expect(status).toBe(404);
    expect(text).not.toContain('nobody may read');
  });

  test('that is built anew meanwhile lacks what is gone, and is no fault of the server', async () => {
    rmSync(join(folder, 'dashboard'), { recursive: true });
    for (const path of ['/', '/assets/index-1a2b.js']) {
      const { status, headers } = await get(path);
      expect([status, headers['content-type']]).toEqual([404, 'application/json; charset=utf-8']);
      expect(headers['cache-control']).toBeUndefined();
    }
  });
});

test('A server whose dashboard was not built says so, and how to build it', async () => {
  await app.close();
  await serve(join(folder, 'nothing'));
  for (const path of ['/', '/agents/x']) {
    const { status, headers, bytes } = await get(path);
    expect([status, headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8']);
    expect(bytes.toString()).toContain('`npm run build`');
  }
});

test('A server can be told not to serve it', async () => {
  const pawl = await startPawl({ dashboard: 'false' });
  for (const path of ['/', '/agents', '/assets/x.js']) {
    const headers = { 'x-api-key': pawl.key };
    expect((await fetch(pawl.url + path)).status).toBe(401);
    const refused = await fetch(pawl.url + path, { headers });
    expect([refused.status, await refused.json()]).toMatchObject([404, { type: 'error' }]);
  }
  await pawl.server.close();
});
