import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from './model-server.ts';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import { converse, errorOf, makeSetting, openSession } from './story.ts';

type Answer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

/** Asks with exactly these headers; an answer that is an error must be in the envelope. */
async function ask(url: string, headers: Record<string, string>, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, headers });
  const body = (await response.json()) as Record<string, unknown>;
  if (response.status !== 200) {
    expect(body).toMatchObject({ type: 'error', request_id: response.headers.get('request-id') });
  }
  return { status: response.status, headers: response.headers, body };
}

const asJson = { 'content-type': 'application/json' };

describe('With keys', () => {
  let model: ModelServer;
  let pawl: TestPawl;
  const adminKey = 'the-preset-admin-key';
  const upstreamKey = 'the-upstream-key';
  const logged: string[] = [];

  beforeAll(async () => {
    const note = (fields: object, message: string) => {
      const { err, ...rest } = fields as { err?: unknown };
      const error = err instanceof Error ? [err.message, err.stack, String(err.cause)] : [];
      logged.push(JSON.stringify([message, rest, error]));
    };
    model = await startModelServer();
    pawl = await startPawl(
      {
        api_key: adminKey,
        max_failed_keys: '1000',
        anthropic_base_url: model.url,
        anthropic_api_key: upstreamKey,
        model_max_retries: '0',
      },
      { log: { debug: note, info: note, warn: note, error: note } },
    );
  });

  afterAll(async () => {
    await model.close();
    await pawl.server.close();
  });

  async function newKey(role: string): Promise<{ id: string; secret: string }> {
    const body = JSON.stringify({ name: `a ${role}`, role });
    const made = await ask(
      `${pawl.url}/pawl/v1/keys`,
      { ...asJson, 'x-api-key': adminKey },
      { method: 'POST', body },
    );
    expect(made.status).toBe(200);
    return made.body as { id: string; secret: string };
  }

  const revoke = (id: string) =>
    ask(`${pawl.url}/pawl/v1/keys/${id}/revoke`, { 'x-api-key': adminKey }, { method: 'POST' });

  test.each([
    ['none', {}],
    ['an empty one', { 'x-api-key': '' }],
    ['a wrong one', { 'x-api-key': 'wrong' }],
    ['a wrong bearer', { authorization: 'Bearer wrong' }],
    ['no token after bearer', { authorization: 'Bearer' }],
    ['the key as basic', { authorization: `Basic ${adminKey}` }],
    ['the key without a scheme', { authorization: adminKey }],
    ['the key with something behind it', { 'x-api-key': `${adminKey}x` }],
    ['a part of the key', { 'x-api-key': adminKey.slice(0, -1) }],
    ['a very long one', { 'x-api-key': 'k'.repeat(8000) }],
    ['the model’s key', { 'x-api-key': upstreamKey }],
  ])('a request with %s is turned away on every route', async (_name, headers) => {
    for (const [method, path] of [
      ['GET', '/v1/agents'],
      ['POST', '/v1/agents'],
      ['POST', '/v1/agents/agent_x/archive'],
      ['GET', '/v1/sessions/sesn_x'],
      ['DELETE', '/v1/sessions/sesn_x'],
      ['GET', '/v1/sessions/sesn_x/events/stream'],
      ['GET', '/v1/environments'],
      ['GET', '/pawl/v1/keys'],
      ['GET', '/nothing/here'],
    ]) {
      const { status, body } = await ask(pawl.url + path, headers, { method: method ?? '' });
      expect(status, path).toBe(401);
      expect(body).toMatchObject({ error: { type: 'authentication_error' } });
    }
  });

  test('the same key is let in as x-api-key, as bearer, and as both', async () => {
    for (const headers of [
      { 'x-api-key': adminKey },
      { authorization: `Bearer ${adminKey}` },
      { authorization: `bearer  ${adminKey}` },
      { 'x-api-key': adminKey, authorization: `Bearer ${adminKey}` },
      { 'x-api-key': 'a left-over', authorization: `Bearer ${adminKey}` },
    ]) {
      expect((await ask(`${pawl.url}/v1/agents`, headers as Record<string, string>)).status).toBe(200);
    }
  });

  test('an editor does everything but manage keys', async () => {
    const editor = await newKey('editor');
    const other = await newKey('editor');
    const client = sdk(pawl.url, editor.secret, { maxRetries: 0 });
    const { id } = await openSession(client, await makeSetting(client));
    await converse(client, id, 'invoice');
    const headers = { 'x-api-key': editor.secret };
    const calls: [string, RequestInit][] = [
      ['/pawl/v1/keys', {}],
      ['/pawl/v1/keys', { method: 'POST', body: '{"name":"mine","role":"admin"}' }],
      [`/pawl/v1/keys/${other.id}/revoke`, { method: 'POST' }],
      [`/pawl/v1/keys/${editor.id}/revoke`, { method: 'POST' }],
    ];
    for (const [path, init] of calls) {
      const { status, body } = await ask(pawl.url + path, { ...headers, ...asJson }, init);
      expect(status, path).toBe(403);
      expect(body).toMatchObject({ error: { type: 'permission_error' } });
    }
    expect((await ask(`${pawl.url}/v1/agents`, { 'x-api-key': other.secret })).status).toBe(200);
  });

  test('a revoked key is out at once, and stays out', async () => {
    const { id, secret } = await newKey('editor');
    const client = sdk(pawl.url, secret, { maxRetries: 0 });
    await client.beta.agents.list();
    const first = await revoke(id);
    expect(first.body).toMatchObject({ id, revoked_at: expect.any(String) });
    for (let n = 0; n < 5; n++)
      expect(await errorOf(client.beta.agents.list())).toMatchObject({ status: 401 });
    expect((await revoke(id)).body).toEqual(first.body);
  });

  test('a key in steady use is out at once when it is revoked', async () => {
    for (let round = 0; round < 10; round++) {
      const { id, secret } = await newKey('editor');
      const state = { revoked: false };
      const late: number[] = [];
      const users = Array.from({ length: 6 }, async () => {
        for (let n = 0; n < 15; n++) {
          const startedAfter = state.revoked;
          const { status } = await ask(`${pawl.url}/v1/agents`, { 'x-api-key': secret });
          if (startedAfter && status !== 401) late.push(status);
        }
      });
      await revoke(id);
      state.revoked = true;
      await Promise.all(users);
      expect(late).toEqual([]);
    }
  });

  test('an unknown key to revoke is 404', async () => {
    expect((await revoke('apikey_nothere')).status).toBe(404);
  });

  test('no answer and no log line ever holds a key', async () => {
    const { id, secret } = await newKey('admin');
    const client = sdk(pawl.url, secret, { maxRetries: 0 });
    const setting = await makeSetting(client);
    const session = await openSession(client, setting);
    // The upstream repeats both keys in its own error.
    model.script([{ status: 401, message: `Bad key ${upstreamKey}, and who is ${secret}?` }]);
    const headers = { 'x-api-key': secret };
    const seen = [JSON.stringify(await converse(client, session.id, 'invoice'))];
    for (const path of [
      '/v1/agents',
      `/v1/sessions/${session.id}`,
      `/v1/sessions/${session.id}/events`,
      '/v1/nothing',
      '/v1/agents?limit=x',
      '/pawl/v1/keys',
    ]) {
      const { headers: answered, body } = await ask(pawl.url + path, headers);
      seen.push(JSON.stringify([body, ...answered]));
    }
    const made = await ask(`${pawl.url}/pawl/v1/keys`, headers);
    const mine = (made.body['data'] as { id: string; hint: string }[]).find((key) => key.id === id);
    expect(mine?.hint).toBe(secret.slice(-4));
    expect(JSON.stringify(made.body)).not.toMatch(/hash|[0-9a-f]{64}/);
    for (const key of [adminKey, upstreamKey, secret]) {
      expect(seen.filter((text) => text.includes(key))).toEqual([]);
      expect(logged.filter((line) => line.includes(key))).toEqual([]);
    }
  });

  test('the secret of a key is shown once, and only its last characters afterwards', async () => {
    const { secret } = await newKey('editor');
    expect(secret).toMatch(/^sk-pawl-[1-9A-HJ-NP-Za-km-z]{40}$/);
    const listed = await ask(`${pawl.url}/pawl/v1/keys`, { 'x-api-key': adminKey });
    expect(JSON.stringify(listed.body)).not.toContain(secret);
  });
});

describe('The first start', () => {
  test('makes an admin key and gives it once', async () => {
    const { server } = await startPawl({ api_key: '' });
    expect(server.first_key).toMatch(/^sk-pawl-/);
    const client = sdk(server.url, server.first_key ?? '', { maxRetries: 0 });
    expect((await client.beta.agents.list()).data).toEqual([]);
    expect((await ask(`${server.url}/pawl/v1/keys`, { 'x-api-key': server.first_key ?? '' })).status).toBe(
      200,
    );
    await server.close();
  });
});

describe('Without keys', () => {
  let pawl: TestPawl;

  beforeAll(async () => {
    pawl = await startPawl({ allow_no_key: 'true', api_key: '' });
  });

  afterAll(() => pawl.server.close());

  /** Fetch does not let a caller set these headers. */
  function status(headers: Record<string, string>, method = 'GET'): Promise<number> {
    return new Promise((resolve, reject) => {
      const asked = request(`${pawl.url}/v1/agents`, { method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', reject).end();
    });
  }

  test('programs on this machine are served, with any key or none', async () => {
    expect(await status({})).toBe(200);
    const port = new URL(pawl.url).port;
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `[::1]:${port}`,
      '127.0.0.1',
      'localhost',
    ]) {
      expect(await status({ host }), host).toBe(200);
    }
    const client = sdk(pawl.url, 'anything', { maxRetries: 0 });
    expect((await client.beta.agents.list()).data).toEqual([]);
  });

  test.each(['http://evil.example', 'null', 'http://localhost:3000', 'http://127.0.0.1:7295', ''])(
    'a web page at origin %j is refused',
    async (origin) => {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        expect(await status({ origin }, method), method).toBe(403);
      }
    },
  );

  test.each(['cross-site', 'same-site'])(
    'what a page of another origin loads without saying that is refused: %s',
    async (site) => {
      expect(await status({ 'sec-fetch-site': site })).toBe(403);
    },
  );

  test('somebody who types the address into a browser is served', async () => {
    expect(await status({ 'sec-fetch-site': 'none' })).toBe(200);
    expect(await status({ 'sec-fetch-site': 'none' }, 'POST')).toBe(403);
  });

  test('the pages of this server are served, by the name that they were asked for', async () => {
    const port = new URL(pawl.url).port;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      const own = { host, 'sec-fetch-site': 'same-origin' };
      expect(await status(own), host).toBe(200);
      expect(await status({ ...own, origin: `http://${host}` }, 'POST'), host).toBe(400);
      for (const origin of ['http://127.0.0.1', `http://evil.example:${port}`, 'null']) {
        expect(await status({ ...own, origin }, 'POST'), origin).toBe(403);
      }
    }
    const rebound = `evil.example:${port}`;
    const page = { host: rebound, origin: `http://${rebound}`, 'sec-fetch-site': 'same-origin' };
    expect(await status(page)).toBe(403);
  });

  test.each([
    'evil.example',
    'evil.example:7295',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '169.254.1.1',
    '0.0.0.0',
  ])('another name for the host is refused: %s', async (host) => {
    expect(await status({ host })).toBe(403);
  });
});
