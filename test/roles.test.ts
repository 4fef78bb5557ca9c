import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEntryResponse } from '../src/api/audit.ts';
import type { PromotionResponse } from '../src/api/promotions.ts';
import { primaryThreadId } from '../src/core/ids.ts';
import { mayActAs, type Role, roles } from '../src/core/roles.ts';
import { openRows } from './database-rows.ts';
import {
  ask,
  completed,
  type Place,
  putDataset,
  putEval,
  type Refusal,
  refusal,
} from './evals/eval-story.ts';
import { cellsUnder } from './openapi/reference-table.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { type RegisteredRoute, registeredRoutes } from './registered-routes.ts';
import { converse, eventually, makeSetting, openSession } from './story.ts';

/*
 * The goal: a key does what the page about releases says of its role, on every route that there is, and nothing more.
 * The method: every registered route that asks for a key is called with a key of each role. Who may not call it is answered 403, finds the
 * database as it was, and, where it is about releases or keys, is in the audit log.
 */

let folder: string;
let pawl: TestPawl;
let routes: RegisteredRoute[];
let things: Readonly<Record<string, string>>;
const keys = new Map<Role, Place & { readonly id: string }>();

/** The routes that ask for more, or for less, than a viewer's GET or an editor's POST, as the page has them. */
const asked = new Map(
  cellsUnder('release.md', 'Routes with a role of their own').map(([route, role]) => [route, role]),
);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-roles-'));
  pawl = await startPawl({
    data_dir: folder,
    allow_private_webhooks: 'true',
    max_failed_keys: '10000',
    vault_key: Buffer.alloc(32, 1).toString('base64'),
  });
  routes = (await registeredRoutes()).filter(({ open }) => !open);
  for (const role of roles) keys.set(role, await newKey({ name: `a ${role}`, role }));
  things = await fill();
});
afterAll(async () => {
  await pawl.server.close();
  rmSync(folder, { recursive: true });
});

async function newKey(fields: { name: string; role: Role; expires_at?: string }) {
  const { id, secret } = await ask<{ id: string; secret: string }>(pawl, '/keys', fields);
  return { id, key: secret, url: pawl.url };
}

function keyOf(role: Role): Place & { readonly id: string } {
  const place = keys.get(role);
  if (place === undefined) throw new Error(`There is no key of the role ${role}`);
  return place;
}

/** One of everything that a route can name, by the word before its id in the path. */
async function fill(): Promise<Record<string, string>> {
  const { agent, environment_id } = await makeSetting(pawl.client);
  await pawl.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
  const session = await openSession(pawl.client, { agent, environment_id });
  await converse(pawl.client, session.id, 'Hello');
  const cases = ['a', 'b'].map((id) => ({ id, input: id, target: id }));
  // Twice, because a difference is between two revisions.
  await putDataset(pawl, 'letters', cases.slice(1));
  await putDataset(pawl, 'letters', cases);
  await putEval(pawl, { name: 'letters', agent: agent.id, dataset: 'letters' });
  const { run } = await completed(pawl, 'letters', { agent_version: 1 });
  await ask(pawl, `/agents/${agent.id}/aliases/production`, { version: 1, from: null });
  const body = { agent_id: agent.id, version: 2, eval: 'letters' };
  const { id } = await ask<PromotionResponse>(pawl, '/promotions', body);
  const { evidence } = await eventually('a verdict', async () => {
    const found = await ask<PromotionResponse>(pawl, `/promotions/${id}`);
    return found.evidence?.verdict == null ? null : found;
  });
  const copies = { agent_id: agent.id, alias: 'production', candidate_version: 2, sample: 0.0001 };
  const shadow = await ask<{ id: string }>(pawl, '/shadows', copies);
  await ask(pawl, `/shadows/${shadow.id}/stop`, {});
  const rollout = await startRollout(agent.id);
  const vault = await pawl.client.beta.vaults.create({ display_name: 'mine' });
  const credential = await pawl.client.beta.vaults.credentials.create(vault.id, {
    auth: { type: 'static_bearer', mcp_server_url: 'https://mcp.example.com', token: 'x' },
  });
  const hook = { url: 'http://127.0.0.1:1/', enabled_events: ['*'] };
  const webhook = await ask<{ id: string }>(pawl, '/webhooks', hook);
  const file = await pawl.client.files.upload({ file: new File(['Hello'], 'hello.txt') });
  return {
    ...{ agents: agent.id, environments: environment_id, sessions: session.id, promotions: id },
    ...{ datasets: 'letters', evals: 'letters', eval_runs: run.id, stats: 'mean', aliases: 'production' },
    ...{ vaults: vault.id, credentials: credential.id },
    ...{ comparisons: evidence?.comparison_id ?? '', webhooks: webhook.id, webhook_deliveries: 'dlvr_1' },
    ...{ models: 'offline', keys: keyOf('viewer').id, shadows: shadow.id, rollouts: rollout.id },
    threads: primaryThreadId(session.id),
    files: file.id,
  };
}

/** A rollout of another alias, which nobody looks at meanwhile. */
async function startRollout(agent_id: string): Promise<{ id: string }> {
  await ask(pawl, `/agents/${agent_id}/aliases/next`, { version: 1, from: null });
  const wanted = { agent_id, alias: 'next', version: 2, eval: 'letters' };
  const { id } = await ask<PromotionResponse>(pawl, '/promotions', wanted);
  const reviews = `/promotions/${id}/reviews`;
  await ask(keyOf('reviewer'), reviews, { decision: 'override', comment: 'For this test.' });
  return ask(pawl, '/rollouts', { promotion_id: id, look_seconds: 3600 });
}

/** What a route would do if it did anything. Any other is asked with nothing. */
const bodies: Readonly<Record<string, object>> = {
  'POST /v1/agents': { name: 'mine', model: 'claude-test' },
  'POST /v1/agents/:id': { system: 'Be rude.' },
  'POST /v1/environments': { name: 'mine' },
  'POST /v1/environments/:id': { name: 'mine' },
  'POST /v1/vaults': { display_name: 'mine' },
  'POST /v1/sessions/:id': { title: 'mine' },
  'POST /v1/sessions/:id/events': { events: [{ type: 'user.message', content: 'Hello' }] },
  'POST /pawl/v1/agents/:id/aliases/:alias': { version: 2, from: 1 },
  'POST /pawl/v1/agents/:id/aliases/:alias/rollback': { to: 2, force: true },
  'POST /pawl/v1/agents/:id/aliases/:alias/policy': { protected: false },
  'POST /pawl/v1/agents/:id/retention': { days: 1 },
  'POST /pawl/v1/agents/:id/settings': { default_alias: 'production' },
  'POST /pawl/v1/promotions/:id/reviews': { decision: 'reject', comment: 'no' },
  'POST /pawl/v1/datasets': { name: 'mine', cases: [{ id: 'a', input: 'a' }] },
  'POST /pawl/v1/eval_runs': { eval: 'letters' },
  'POST /pawl/v1/sessions/:id/scores': { name: 'helpful', value: 1 },
  'POST /pawl/v1/keys': { name: 'mine', role: 'admin' },
  'POST /pawl/v1/keys/:id': { rate_limit_per_minute: null },
  'POST /pawl/v1/webhooks': { url: 'http://127.0.0.1:1/mine', enabled_events: ['*'] },
};

const nameOf = ({ method, url }: RegisteredRoute): string => `${method} ${url}`;

/** The least role that a route is open to, by the page. */
function neededFor(route: RegisteredRoute): Role {
  return (asked.get(nameOf(route)) ?? (route.method === 'GET' ? 'viewer' : 'editor')) as Role;
}

/** The path of a route, to what is there or to what is not. */
function pathOf({ url }: RegisteredRoute, on: 'something' | 'nothing'): string {
  return url.replaceAll(/(\w+)\/:\w+/g, (_, noun: string) => {
    return `${noun}/${on === 'nothing' ? 'nothing' : things[noun]}`;
  });
}

/** Calls a route, on what is there or on what is not, and reads no more than the head of the answer. */
async function call(route: RegisteredRoute, { url, key }: Place, on: 'something' | 'nothing') {
  const cut = new AbortController();
  const body = on === 'nothing' ? {} : (bodies[nameOf(route)] ?? {});
  const response = await fetch(url + pathOf(route, on), {
    method: route.method,
    headers: { 'x-api-key': key, ...(route.method === 'POST' ? { 'content-type': 'application/json' } : {}) },
    ...(route.method === 'POST' ? { body: JSON.stringify(body) } : {}),
    signal: cut.signal,
  });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? '' : await response.text();
  cut.abort();
  return { status: response.status, text };
}

/** Every row of every table but those of the audit log. */
async function everything(): Promise<Record<string, unknown>> {
  const rows = await openRows({ data_dir: folder });
  const tables = await rows.query("select name from sqlite_master where type = 'table' order by name");
  const kept = tables.map(({ name }) => String(name)).filter((name) => !name.startsWith('audit_'));
  const held: Record<string, unknown> = {};
  for (const name of kept) held[name] = await rows.query(`select * from "${name}"`);
  await rows.close();
  expect(kept.length).toBeGreaterThan(15);
  return held;
}

/** The newest entries of the audit log, oldest first. */
async function lastEntries(limit = 200): Promise<AuditEntryResponse[]> {
  const { data } = await ask<{ data: AuditEntryResponse[] }>(pawl, `/audit?limit=${limit}`);
  return data.toReversed();
}

test('The page about releases names only routes that there are', () => {
  expect(routes.map(nameOf)).toEqual(expect.arrayContaining([...asked.keys()]));
  expect(asked.size).toBeGreaterThan(10);
});

describe('A key', () => {
  test.each(roles.slice(0, -1))('of the role %s is turned away where another is asked for', async (role) => {
    const closed = routes.filter((route) => !mayActAs(role, neededFor(route)));
    const before = await everything();
    const [head] = (await lastEntries(1)) as [AuditEntryResponse];
    for (const route of closed) {
      const { status, text } = await call(route, keyOf(role), 'something');
      expect(status, `${nameOf(route)} ${text}`).toBe(403);
      const reason = `This needs an API key with the role ${neededFor(route)}; this one has the role ${role}`;
      expect(JSON.parse(text)).toMatchObject({ error: { type: 'permission_error', message: reason } });
    }
    expect(await everything()).toEqual(before);
    const tried = (await lastEntries()).filter(({ seq }) => seq > head.seq);
    const grave = closed.filter((route) => mayActAs(neededFor(route), 'reviewer'));
    expect(tried.map(({ outcome, action, actor, subject }) => ({ outcome, action, actor, subject }))).toEqual(
      grave.map((route) => ({
        ...{ outcome: 'refused', action: 'request.made' },
        actor: { key_id: keyOf(role).id, name: `a ${role}`, role },
        subject: { type: 'route', id: `${route.method} ${pathOf(route, 'something')}` },
      })),
    );
  });

  test.each(roles)('of the role %s is let in everywhere else', async (role) => {
    for (const route of routes.filter((one) => mayActAs(role, neededFor(one)))) {
      const { status, text } = await call(route, keyOf(role), 'nothing');
      expect([200, 400, 404], `${nameOf(route)} ${text}`).toContain(status);
    }
  });

  test('of a viewer reads everything, but of keys and webhooks only what the audit log tells', async () => {
    const readable = routes.filter((route) => route.method === 'GET' && !asked.has(nameOf(route)));
    for (const route of readable) {
      const { status, text } = await call(route, keyOf('viewer'), 'something');
      expect(status, `${nameOf(route)} ${text}`).toBe(200);
    }
    const shut = routes.filter((route) => route.method === 'GET' && asked.has(nameOf(route)));
    expect(shut.every(({ url }) => /^\/pawl\/v1\/(keys|webhooks|webhook_deliveries|backup)/.test(url))).toBe(
      true,
    );
    const entriesOn = async (id: string | undefined) => {
      const { data } = await ask<{ data: AuditEntryResponse[] }>(keyOf('viewer'), `/audit?subject=${id}`);
      return data.map(({ action, after }) => ({ action, after }));
    };
    expect(await entriesOn(keyOf('admin').id)).toEqual([
      {
        action: 'key.created',
        after: { name: 'a admin', role: 'admin', expires_at: null, rate_limit_per_minute: null },
      },
    ]);
    const origin = 'http://127.0.0.1:1';
    expect(await entriesOn(things['webhooks'])).toMatchObject([{ after: { origin, enabled_events: ['*'] } }]);
  });
});

describe('What more than the route decides', () => {
  const aliasPath = (name: string) => `/agents/${things['agents']}/aliases/${name}`;

  async function refusedAndWritten(place: Place, path: string, body: object): Promise<Refusal> {
    const refused = await refusal(place, path, body);
    const [entry] = await lastEntries(1);
    expect(entry).toMatchObject({ outcome: 'refused', reason: refused.message });
    return refused;
  }

  test('a protected alias is set by a releaser alone, the first time, and by nobody after that', async () => {
    const { agent } = await makeSetting(pawl.client);
    const path = `/agents/${agent.id}/aliases/production`;
    const first = { version: 1, from: null };
    for (const role of ['editor', 'reviewer'] as const) {
      expect(await refusedAndWritten(keyOf(role), path, first)).toMatchObject({
        status: 403,
        code: 'permission',
      });
    }
    expect(await ask(keyOf('releaser'), path, first)).toMatchObject({ version: 1 });
    await pawl.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
    for (const role of ['releaser', 'admin'] as const) {
      const refused = await refusedAndWritten(keyOf(role), path, { version: 2, from: 1 });
      expect(refused).toMatchObject({ status: 409, code: 'alias_protected' });
    }
  });

  test('any other alias is set by an editor', async () => {
    expect(await ask(keyOf('editor'), aliasPath('staging'), { version: 2, from: null })).toMatchObject({
      version: 2,
    });
    expect(await ask(keyOf('editor'), aliasPath('staging'), { version: 1, from: 2 })).toMatchObject({
      version: 1,
    });
  });

  test('an editor comments on a promotion of somebody else, and decides nothing', async () => {
    const path = `/promotions/${things['promotions']}`;
    const before = await ask<PromotionResponse>(pawl, path);
    for (const decision of ['approve', 'reject', 'override']) {
      const body = { decision, comment: 'I say so' };
      const refused = await refusedAndWritten(keyOf('editor'), `${path}/reviews`, body);
      expect(refused).toMatchObject({ status: 403, code: 'permission' });
    }
    expect(await refusedAndWritten(keyOf('editor'), `${path}/withdraw`, {})).toMatchObject({ status: 403 });
    expect(await refusedAndWritten(keyOf('releaser'), `${path}/evaluate`, { version: 1 })).toMatchObject({
      status: 403,
    });
    expect(await ask(pawl, path)).toEqual(before);
    const said = { decision: 'comment', comment: 'Why?' };
    expect(await ask(keyOf('editor'), `${path}/reviews`, said)).toMatchObject({
      reviews: [{ decision: 'comment', actor: { name: 'a editor' } }],
      approvals: { given_by: [] },
    });
  });

  test('nobody decides on what they asked for or wrote, with whichever key', async () => {
    const author = await newKey({ name: 'Ann', role: 'editor' });
    const second = await newKey({ name: ' ANN', role: 'admin' });
    const { agent } = await makeSetting(pawl.client);
    const asAuthor = { 'x-api-key': author.key };
    await pawl.client.beta.agents.update(agent.id, { version: 1, system: 'Hm.' }, { headers: asAuthor });
    await ask(pawl, `/agents/${agent.id}/aliases/production`, { version: 1, from: null });
    await putEval(pawl, { name: 'hers', agent: agent.id, dataset: 'letters' });
    const wanted = { agent_id: agent.id, version: 2, eval: 'hers' };
    // Of the first, Ann is the author; of the second, she wrote the version.
    for (const place of [author, keyOf('editor')]) {
      const { id } = await ask<PromotionResponse>(place, '/promotions', wanted);
      for (const decision of ['approve', 'reject', 'override']) {
        const body = { decision, comment: 'Good' };
        const refused = await refusedAndWritten(second, `/promotions/${id}/reviews`, body);
        expect(refused).toMatchObject({ status: 403, code: 'own_promotion' });
      }
      const said = { decision: 'reject', comment: 'No' };
      expect(await ask(keyOf('reviewer'), `/promotions/${id}/reviews`, said)).toMatchObject({
        status: 'rejected',
      });
    }
  });

  test('whoever works without a key is one person, and decides on nothing of their own', async () => {
    const open = await startPawl({ allow_no_key: 'true', api_key: '' });
    try {
      const { agent } = await makeSetting(open.client);
      await open.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
      await putDataset(open, 'letters', [{ id: 'a', input: 'a', target: 'a' }]);
      await putEval(open, { name: 'letters', agent: agent.id, dataset: 'letters' });
      await ask(open, `/agents/${agent.id}/aliases/production`, { version: 1, from: null });
      const wanted = { agent_id: agent.id, version: 2, eval: 'letters' };
      const { id, author } = await ask<PromotionResponse>(open, '/promotions', wanted);
      expect(author).toEqual({ key_id: null, name: 'local', role: 'admin' });
      for (const decision of ['approve', 'override', 'reject']) {
        const body = { decision, comment: 'Good' };
        const refused = await refusal({ ...open, key: 'any' }, `/promotions/${id}/reviews`, body);
        expect(refused).toMatchObject({ status: 403, code: 'own_promotion' });
      }
      expect(await refusal(open, `/promotions/${id}/apply`, {})).toMatchObject({ code: 'promotion_blocked' });
      expect(await ask(open, `/agents/${agent.id}/aliases/production`)).toMatchObject({ version: 1 });
    } finally {
      await open.server.close();
    }
  });
});

describe('A key that has ended', () => {
  const agents = async ({ url, key }: Place): Promise<{ status: number; message: string }> => {
    const response = await fetch(`${url}/v1/agents`, { headers: { 'x-api-key': key } });
    const { error } = (await response.json()) as { error?: { message: string } };
    return { status: response.status, message: error?.message ?? '' };
  };

  const listed = async (id: string): Promise<unknown> => {
    const { data } = await ask<{ data: { id: string }[] }>(pawl, '/keys?limit=100');
    return data.find((key) => key.id === id);
  };

  test('because it was revoked says so, and since when', async () => {
    const place = await newKey({ name: 'gone', role: 'releaser' });
    expect(await agents(place)).toMatchObject({ status: 200 });
    const { revoked_at } = await ask<{ revoked_at: string }>(pawl, `/keys/${place.id}/revoke`, {});
    const message = `Send a valid API key as x-api-key, or as a bearer token. This one was revoked at ${revoked_at}.`;
    expect(await agents(place)).toEqual({ status: 401, message });
    // Whether a process is alive and ready is told to everybody.
    for (const route of routes.filter(({ url }) => !/^\/(health|ready)z$/.test(url))) {
      expect((await call(route, place, 'something')).status, nameOf(route)).toBe(401);
    }
    const used = (await lastEntries()).filter(({ subject }) => subject.id === place.id);
    expect(used.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['key.created', 'done'],
      ['key.revoked', 'done'],
      ['key.used', 'refused'],
    ]);
  });

  test('because its time is over says so, and since when', async () => {
    const expires_at = new Date(Date.now() + 300).toISOString();
    const place = await newKey({ name: 'soon gone', role: 'releaser', expires_at });
    const refused = await eventually('its end', async () => {
      const answer = await agents(place);
      return answer.status === 401 ? answer : null;
    });
    const at = expires_at.replace('Z', '000Z');
    expect(refused.message).toMatch(/This one was good until \S+\.$/);
    expect(refused.message).toContain(at);
    expect(await listed(place.id)).toMatchObject({ expires_at: at, revoked_at: at });
    const entries = (await lastEntries()).filter(({ subject }) => subject.id === place.id);
    expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['key.created', 'done'],
      ['key.expired', 'done'],
      ['key.used', 'refused'],
    ]);
  });
});
