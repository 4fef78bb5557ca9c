import { mkdtempSync, rmSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Log } from '../src/core/log.ts';
import { type Role, roles } from '../src/core/roles.ts';
import { type Collector, startCollector } from './collector.ts';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import { eventually } from './story.ts';

/*
 * The goal: whoever signs in with a key may do what the key may, from pages of this server and from no others, until they
 * sign out, the key ends, or the day is over. The method: requests with the very headers that browsers send, which fetch
 * does not let a caller set.
 */

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
};

type Asked = {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: object;
};

let pawl: TestPawl;
let collector: Collector;
const logged: string[] = [];

beforeAll(async () => {
  const note = (fields: object, message: string): void => {
    const { err, ...rest } = fields as { err?: Error };
    logged.push(JSON.stringify([message, rest, err?.message, err?.stack]));
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };
  collector = await startCollector();
  const traced = { otlp_endpoint: collector.url, trusted_proxies: '127.0.0.9' };
  pawl = await startPawl({ max_failed_keys: '1000', ...traced }, { log });
});
afterAll(async () => {
  await pawl.server.close();
  collector.close();
});

/** Asks a server; a body is sent as JSON. */
function ask(url: string, path: string, { method, headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const typed = body === undefined ? headers : { 'content-type': 'application/json', ...headers };
    const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), headers: typed };
    const sent = request(url + path, options, (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const isJson = answered['content-type']?.startsWith('application/json') === true;
      text(response).then((said) => {
        resolve({ status, headers: answered, body: isJson ? JSON.parse(said) : { said } });
      }, reject);
    });
    sent.on('error', reject).end(body === undefined ? '' : JSON.stringify(body));
  });
}

/** What a browser says when a page of the server asks it something. */
function ownPage(url: string): OutgoingHttpHeaders {
  return { origin: url, 'sec-fetch-site': 'same-origin' };
}

async function newKey(role: Role = 'editor', more: object = {}) {
  const headers = { 'x-api-key': pawl.key };
  const { body } = await ask(pawl.url, '/pawl/v1/keys', {
    headers,
    body: { name: `a ${role}`, role, ...more },
  });
  return body as { id: string; secret: string };
}

const signInAt = (url: string, key: string, headers: OutgoingHttpHeaders = {}) =>
  ask(url, '/pawl/v1/sign_in', { headers: { ...ownPage(url), ...headers }, body: { key } });

/** The cookie that an answer sets, as a browser sends it back, and what stands behind it. */
function cookieIn({ headers }: Answer): { cookie: string; token: string; attributes: string[] } {
  const [line = '', ...others] = headers['set-cookie'] ?? [];
  expect(others).toEqual([]);
  const [cookie = '', ...attributes] = line.split('; ');
  return { cookie, token: cookie.slice(cookie.indexOf('=') + 1), attributes };
}

async function signedIn(key: string, url = pawl.url) {
  const answer = await signInAt(url, key);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return cookieIn(answer);
}

const meAs = (cookie: string, url = pawl.url) =>
  ask(url, '/pawl/v1/me', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });

const errorIn = ({ body }: Answer) => body['error'] as { message: string; details: { error_code: string } };

async function auditOf(id: string): Promise<Readonly<Record<string, unknown>>[]> {
  const headers = { 'x-api-key': pawl.key };
  const { body } = await ask(pawl.url, `/pawl/v1/audit?subject=${id}&order=asc`, { headers });
  return body['data'] as Readonly<Record<string, unknown>>[];
}

describe('Signing in', () => {
  test('gives a cookie out of reach of scripts and other sites, and says who it is', async () => {
    const { id, secret } = await newKey('reviewer');
    const answer = await signInAt(pawl.url, secret);
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    const { cookie, token, attributes } = cookieIn(answer);
    expect(cookie).toMatch(/^pawl_sign_in=[\w-]{43}$/);
    const [age = '', ...rest] = attributes;
    expect(rest).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict']);
    const seconds = Number(/^Max-Age=(\d+)$/.exec(age)?.[1]);
    expect(seconds).toBeGreaterThan(12 * 3600 - 60);
    expect(seconds).toBeLessThanOrEqual(12 * 3600);
    const me = { type: 'me', key_id: id, name: 'a reviewer', role: 'reviewer', how: 'sign_in' };
    expect(answer.body).toEqual({ ...me, expires_at: expect.any(String) });
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect(await meAs(`theme=dark; ${cookie}; b=c`)).toMatchObject({ status: 200, body: answer.body });
  });

  test('over TLS gives one that never goes without', async () => {
    const { secret } = await newKey();
    const host = 'pawl.example';
    const headers = { host, origin: `https://${host}` };
    expect(cookieIn(await signInAt(pawl.url, secret, headers)).attributes).toContain('Secure');
    const plain = { host, origin: `http://${host}`, 'x-forwarded-proto': 'https' };
    // Nobody has said that this proxy is to be believed.
    expect(cookieIn(await signInAt(pawl.url, secret, plain)).attributes).not.toContain('Secure');
  });

  test('over TLS cannot be overlaid by what a neighbour under the same domain sets', async () => {
    const [mine, theirs] = [await newKey(), await newKey('viewer')];
    const { cookie: tossed } = await signedIn(theirs.secret);
    const headers = { host: 'pawl.example', origin: 'https://pawl.example' };
    const { cookie } = cookieIn(await signInAt(pawl.url, mine.secret, headers));
    expect(cookie).toMatch(/^__Host-pawl_sign_in=[\w-]{43}$/);
    for (const both of [`${tossed}; ${cookie}`, `${cookie}; ${tossed}`]) {
      expect(await meAs(both)).toMatchObject({ status: 200, body: { key_id: mine.id } });
    }
    const out = await ask(pawl.url, '/pawl/v1/sign_out', {
      headers: { ...headers, cookie: `${tossed}; ${cookie}` },
      body: {},
    });
    expect(cookieIn(out).cookie).toBe('__Host-pawl_sign_in=');
    expect((await meAs(cookie)).status).toBe(401);
  });

  test.each([
    ['wrong', 'wrong'],
    ['nearly right', 'test-key-012345678'],
  ])('with a key that is %s is refused as in a header', async (_what, key) => {
    const refused = await signInAt(pawl.url, key);
    const inHeader = await ask(pawl.url, '/v1/agents', { headers: { 'x-api-key': key } });
    expect(refused.status).toBe(401);
    expect(errorIn(refused)).toEqual(errorIn(inHeader));
    expect(refused.headers['set-cookie']).toBeUndefined();
  });

  test('with a key that was revoked is refused, with the reason', async () => {
    const revoked = await newKey();
    const headers = { 'x-api-key': pawl.key };
    await ask(pawl.url, `/pawl/v1/keys/${revoked.id}/revoke`, { method: 'POST', headers });
    expect(errorIn(await signInAt(pawl.url, revoked.secret)).message).toMatch(
      /This one was revoked at \S+\.$/,
    );
  });

  test('with the key by which the server calls itself is for nobody', async () => {
    expect(await signInAt(pawl.url, pawl.server.own_key)).toMatchObject({ status: 401 });
  });

  test.each<[string, object, string]>([
    ['nothing', {}, 'key'],
    ['no text', { key: 1 }, 'key'],
    ['an empty text', { key: '' }, 'key'],
    ['more than a key', { key: 'x', role: 'admin' }, 'role'],
  ])('with %s is 400, and names the field', async (_what, body, field) => {
    const refused = await ask(pawl.url, '/pawl/v1/sign_in', { headers: ownPage(pawl.url), body });
    expect(refused.status).toBe(400);
    expect(errorIn(refused).message).toContain(field);
  });

  test('with a body of a megabyte is refused before it is read', async () => {
    expect(await signInAt(pawl.url, 'x'.repeat(1_000_000))).toMatchObject({ status: 413 });
  });

  test('anew ends the one before', async () => {
    const { secret } = await newKey();
    const first = await signedIn(secret);
    const second = cookieIn(await signInAt(pawl.url, secret, { cookie: first.cookie }));
    expect((await meAs(first.cookie)).status).toBe(401);
    expect((await meAs(second.cookie)).status).toBe(200);
  });

  test('and out is in the audit log, under the key', async () => {
    const { id, secret } = await newKey();
    const { cookie, token } = await signedIn(secret);
    await ask(pawl.url, '/pawl/v1/sign_out', { headers: { ...ownPage(pawl.url), cookie }, body: {} });
    const entries = await auditOf(id);
    expect(entries.map(({ action }) => action)).toEqual(['key.created', 'sign_in.created', 'sign_in.ended']);
    expect(entries[1]).toMatchObject({ actor: { key_id: id }, after: { expires_at: expect.any(String) } });
    expect(JSON.stringify(entries)).not.toContain(token);
  });

  test('is slowed down like every other guess', async () => {
    const { server, url, key } = await startPawl({ max_failed_keys: '5' });
    onTestFinished(() => server.close());
    const answers: Answer[] = [];
    for (let n = 0; n < 8; n++) answers.push(await signInAt(url, `guess ${n}`));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    // Not even the right one is told apart now.
    const right = await signInAt(url, key);
    expect(right).toMatchObject({ status: 429, headers: { 'retry-after': expect.any(String) } });
    expect((await ask(url, '/v1/agents', { headers: { 'x-api-key': 'guess' } })).status).toBe(429);
  });
});

describe('Whoever is signed in', () => {
  test.each(roles)('may do what a key of the role %s may, and nothing more', async (role) => {
    const { secret } = await newKey(role);
    const { cookie } = await signedIn(secret);
    const asked: [string, string, object?][] = [
      ['GET', '/v1/agents'],
      ['POST', '/v1/environments', { name: `of ${role}` }],
      ['POST', '/pawl/v1/promotions/promo_x/apply', {}],
      ['GET', '/pawl/v1/keys'],
      ['GET', '/pawl/v1/audit/verify'],
      ['GET', '/nowhere'],
    ];
    for (const [method, path, body] of asked) {
      const sent = { method, ...(body && { body }) };
      const byCookie = await ask(pawl.url, path, { ...sent, headers: { ...ownPage(pawl.url), cookie } });
      const byKey = await ask(pawl.url, path, { ...sent, headers: { 'x-api-key': secret } });
      expect([path, byCookie.status]).toEqual([path, byKey.status]);
      expect(byCookie.headers).toMatchObject({
        ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
      });
    }
  });

  test('is the person whose key it is', async () => {
    const { id, secret } = await newKey();
    const { cookie } = await signedIn(secret);
    const headers = { ...ownPage(pawl.url), cookie };
    const made = await ask(pawl.url, '/v1/environments', { headers, body: { name: 'mine' } });
    const [entry] = await auditOf(String(made.body['id']));
    expect(entry).toMatchObject({ actor: { key_id: id, name: 'a editor', role: 'editor' } });
    expect(Object.keys(entry?.['actor'] ?? {}).toSorted()).toEqual(['key_id', 'name', 'role']);
  });

  test('is held to the limit of the key, with whatever it is shown', async () => {
    const { secret } = await newKey('viewer', { rate_limit_per_minute: 3 });
    const { cookie } = await signedIn(secret);
    const statuses = [(await meAs(cookie)).status];
    statuses.push((await ask(pawl.url, '/pawl/v1/me', { headers: { 'x-api-key': secret } })).status);
    statuses.push((await meAs(cookie)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await signInAt(pawl.url, secret)).status).toBe(429);
  });

  test('is somebody else with a key in a header, valid or not', async () => {
    const { cookie } = await signedIn((await newKey()).secret);
    const other = await newKey('viewer');
    const as = (headers: OutgoingHttpHeaders) => ask(pawl.url, '/pawl/v1/me', { headers });
    expect(await as({ cookie, 'x-api-key': other.secret })).toMatchObject({
      body: { key_id: other.id, how: 'key', expires_at: null },
    });
    expect((await as({ cookie, authorization: 'Bearer wrong' })).status).toBe(401);
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await as({ cookie, ...foreign, 'x-api-key': other.secret })).status).toBe(200);
  });

  test('is out at once when the key is revoked, and stays out', async () => {
    const { id, secret } = await newKey();
    const { cookie } = await signedIn(secret);
    expect((await meAs(cookie)).status).toBe(200);
    const headers = { 'x-api-key': pawl.key };
    await ask(pawl.url, `/pawl/v1/keys/${id}/revoke`, { method: 'POST', headers });
    for (let n = 0; n < 3; n++) expect((await meAs(cookie)).status).toBe(401);
    expect(errorIn(await meAs(cookie)).message).toMatch(/revoked at/);
  });

  test('is out when the key comes to its end, and does not come in again', async () => {
    const expires_at = new Date(Date.now() + 1500).toISOString().replace('Z', '000Z');
    const { secret } = await newKey('viewer', { expires_at });
    const answer = await signInAt(pawl.url, secret);
    expect(answer.body).toMatchObject({ expires_at });
    const { cookie, attributes } = cookieIn(answer);
    expect(attributes[0]).toMatch(/^Max-Age=[01]$/);
    await eventually('the end', async () => (await meAs(cookie)).status === 401);
    expect(errorIn(await signInAt(pawl.url, secret)).message).toMatch(/This one was good until \S+\.$/);
  });

  test('is out for good after signing out, and the cookie is taken away', async () => {
    const { cookie } = await signedIn((await newKey()).secret);
    const out = () =>
      ask(pawl.url, '/pawl/v1/sign_out', { headers: { ...ownPage(pawl.url), cookie }, body: {} });
    for (let n = 0; n < 2; n++) {
      const answer = await out();
      expect(answer).toMatchObject({ status: 200, body: { type: 'signed_out' } });
      expect(cookieIn(answer)).toMatchObject({
        cookie: 'pawl_sign_in=',
        attributes: ['Max-Age=0', 'Path=/', 'HttpOnly', 'SameSite=Strict'],
      });
      expect((await meAs(cookie)).status).toBe(401);
    }
    expect((await ask(pawl.url, '/pawl/v1/sign_out', { body: {} })).status).toBe(200);
  });

  test.each(['', 'x', 'a'.repeat(43), '%00', '"quoted"', 'a b'])('is nobody with %j', async (token) => {
    expect((await meAs(`pawl_sign_in=${token}`)).status).toBe(401);
  });
});

describe('A cookie', () => {
  type Page = { readonly site?: string; readonly origin?: string };
  const own = () => pawl.url;
  const evil = 'https://evil.example';
  const elsewhere = 'http://127.0.0.1:1';

  test.each<[string, Page, number, number]>([
    ['no header at all, as of a program', {}, 200, 403],
    ['a page of this server', { site: 'same-origin', origin: 'own' }, 200, 200],
    ['a page of this server in an old browser', { origin: 'own' }, 200, 200],
    ['a page of this server that says no origin', { site: 'same-origin' }, 200, 403],
    ['an address that was typed in', { site: 'none' }, 200, 403],
    ['a form that was opened by hand', { site: 'none', origin: 'own' }, 200, 403],
    ['another site', { site: 'cross-site', origin: evil }, 403, 403],
    ['another site that says no origin', { site: 'cross-site' }, 403, 403],
    ['another site in an old browser', { origin: evil }, 403, 403],
    ['another name of the same site', { site: 'same-site', origin: 'http://sub.127.0.0.1' }, 403, 403],
    ['another port', { origin: elsewhere }, 403, 403],
    ['a frame without an origin', { origin: 'null' }, 403, 403],
    ['an empty origin', { origin: '' }, 403, 403],
    ['two origins', { origin: `own ${evil}` }, 403, 403],
    ['a name that only begins the same', { origin: 'own.evil.example' }, 403, 403],
    ['another site that claims to be this one', { site: 'cross-site', origin: 'own' }, 403, 403],
    ['a word that no browser says', { site: 'elsewhere', origin: 'own' }, 403, 403],
  ])('from %s', async (_what, { site, origin }, reading, writing) => {
    const { cookie } = await signedIn((await newKey()).secret);
    const headers = {
      cookie,
      ...(site !== undefined && { 'sec-fetch-site': site }),
      ...(origin !== undefined && { origin: origin.replace('own', own()) }),
    };
    const read = await ask(pawl.url, '/v1/agents', { headers });
    const written = await ask(pawl.url, '/v1/environments', { headers, body: { name: 'mine' } });
    const gone = await ask(pawl.url, '/v1/environments/env_x', { headers, method: 'DELETE' });
    expect([read.status, written.status]).toEqual([reading, writing]);
    expect(gone.status).toBe(writing === 200 ? 404 : 403);
    for (const answer of [read, written]) {
      if (answer.status === 403) expect(errorIn(answer).details.error_code).toBe('permission');
    }
    // Nobody is signed out, or in as somebody else, by a page of another origin.
    const { cookie: _, ...without } = headers;
    const foreign = reading === 403 || (site === 'none' && writing === 403);
    const taken = await ask(pawl.url, '/pawl/v1/sign_out', { headers: without, body: {} });
    expect(taken.status).toBe(foreign ? 403 : 200);
    const out = await ask(pawl.url, '/pawl/v1/sign_out', { headers, body: {} });
    expect(out.status).toBe(writing);
    expect((await meAs(cookie)).status).toBe(writing === 200 ? 401 : 200);
    const inside = await ask(pawl.url, '/pawl/v1/sign_in', { headers: without, body: { key: pawl.key } });
    expect(inside.status).toBe(foreign ? 403 : 200);
  });

  test('counts behind a proxy that passes on the host, and elsewhere the reason is told', async () => {
    const { cookie } = await signedIn((await newKey()).secret);
    const write = (headers: OutgoingHttpHeaders) =>
      ask(pawl.url, '/v1/environments', { headers: { cookie, ...headers }, body: { name: 'mine' } });
    const origin = 'https://pawl.example';
    for (const host of ['pawl.example', 'PAWL.example', 'pawl.example:443']) {
      expect((await write({ host, origin })).status).toBe(200);
    }
    for (const host of ['pawl.example:80', 'pawl.example:8443', 'other.example']) {
      expect((await write({ host, origin })).status).toBe(403);
    }
    const refused = await write({ origin, 'x-forwarded-host': 'pawl.example' });
    expect(refused.status).toBe(403);
    expect(errorIn(refused).message).toContain('https://pawl.example');
    expect(errorIn(refused).message).toContain('pass on the host');
  });

  test('counts by what a trusted proxy says of the host and of TLS', async () => {
    const { server, url, key } = await startPawl({ trusted_proxies: '127.0.0.1' });
    onTestFinished(() => server.close());
    const said = { 'x-forwarded-host': 'pawl.example', 'x-forwarded-proto': 'https' };
    const answer = await signInAt(url, key, { ...said, origin: 'https://pawl.example' });
    const { cookie, attributes } = cookieIn(answer);
    expect(attributes).toContain('Secure');
    const me = (sent: string) => ask(url, '/pawl/v1/me', { headers: { ...said, cookie: sent } });
    expect((await me(cookie)).status).toBe(200);
    // One that plain HTTP or a neighbour has set is nobody's here.
    expect((await me(cookie.replace('__Host-', ''))).status).toBe(401);
    expect((await signInAt(url, key, said)).status).toBe(403);
  });
});

test('No token and no key that was signed in with is ever logged, measured, traced or answered', async () => {
  const { secret } = await newKey('admin');
  const { cookie, token } = await signedIn(secret);
  const headers = { ...ownPage(pawl.url), cookie };
  const seen: string[] = [];
  for (const path of ['/pawl/v1/me', '/v1/nothing', '/v1/agents?limit=x', '/pawl/v1/audit', '/metrics']) {
    const { headers: answered, body } = await ask(pawl.url, path, { headers });
    seen.push(JSON.stringify([answered, body]));
  }
  await signInAt(pawl.url, `${secret}x`);
  await ask(pawl.url, '/pawl/v1/sign_in', { headers, body: { key: secret, [token]: 1 }, method: 'PUT' });
  await ask(pawl.url, '/pawl/v1/sign_out', { headers, body: {} });
  // What comes after it is sent no earlier.
  await collector.span('POST /pawl/v1/sign_out');
  seen.push(...collector.bodies);
  expect(logged.length).toBeGreaterThan(10);
  for (const one of [secret, token]) {
    expect(seen.filter((line) => line.includes(one))).toEqual([]);
    expect(logged.filter((line) => line.includes(one))).toEqual([]);
  }
});

test('A sign-in outlives a restart', async () => {
  const data_dir = mkdtempSync(join(tmpdir(), 'pawl-sign-in-'));
  const first = await startPawl({ data_dir });
  const { cookie } = await signedIn(first.key, first.url);
  await first.server.close();
  const second = await startPawl({ data_dir });
  expect((await meAs(cookie, second.url)).status).toBe(200);
  await second.server.close();
  rmSync(data_dir, { recursive: true });
});

test('Without keys, nobody has to sign in, and everybody is told so', async () => {
  const { server, url } = await startPawl({ allow_no_key: 'true', api_key: '' });
  onTestFinished(() => server.close());
  const me = { type: 'me', key_id: null, name: 'local', role: 'admin', how: 'no_key', expires_at: null };
  expect(await ask(url, '/pawl/v1/me', { headers: ownPage(url) })).toMatchObject({ status: 200, body: me });
  const cookie = 'pawl_sign_in=left-over';
  expect((await ask(url, '/pawl/v1/me', { headers: { ...ownPage(url), cookie } })).body).toEqual(me);
  expect((await sdk(url, 'any', { maxRetries: 0 }).beta.agents.list()).data).toEqual([]);
});
