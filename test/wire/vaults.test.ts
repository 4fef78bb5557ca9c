import { randomBytes } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import type { CredentialCreateParams } from '@anthropic-ai/sdk/resources/beta/vaults/credentials';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { errorOf } from '../story.ts';
import { answer, type Receiver, startReceiver } from '../webhook-receiver.ts';

/*
 * The goal: the official SDK keeps credentials in vaults and tries them, and no secret ever comes out again. The
 * method: an MCP server and a token endpoint on loopback, which can be told what to answer.
 */

let pawl: TestPawl;
let vaults: Anthropic.Beta.Vaults;
let credentials: Anthropic.Beta.Vaults['credentials'];
let mcp: Receiver;
let endpoint: Receiver;
let vault_id: string;
const logged: unknown[] = [];

const line = (...said: unknown[]): void => void logged.push(said);
const log = { debug: line, info: line, warn: line, error: line };

beforeAll(async () => {
  const vault_key = randomBytes(32).toString('base64');
  pawl = await startPawl({ vault_key, allow_private_mcp: 'true' }, { log });
  ({ vaults } = sdk(pawl.url, pawl.key, { maxRetries: 0 }).beta);
  ({ credentials } = vaults);
  [mcp, endpoint] = await Promise.all([startReceiver(), startReceiver()]);
});
beforeEach(async () => {
  mcp.received.length = 0;
  endpoint.received.length = 0;
  vault_id = (await vaults.create({ display_name: 'Ann' })).id;
});
afterAll(async () => {
  await pawl.server.close();
  await Promise.all([mcp.close(), endpoint.close()]);
});

/** Every secret of these tests begins so. */
const secret = 'sekrit';
const bearer = (mcp_server_url = 'https://mcp.example.com/mcp') =>
  ({ type: 'static_bearer', mcp_server_url, token: `${secret}-token` }) as const;
const refresh = () => ({
  ...{ client_id: 'pawl', refresh_token: `${secret}-refresh`, token_endpoint: `${endpoint.url}/token` },
  token_endpoint_auth: { type: 'client_secret_basic' as const, client_secret: `${secret}-client+/=` },
});
const oauth = () => ({
  ...{ type: 'mcp_oauth' as const, mcp_server_url: `${mcp.url}/mcp`, access_token: `${secret}-access` },
  ...{ expires_at: '2199-01-01T00:00:00Z', refresh: refresh() },
});

const create = (auth: object) => credentials.create(vault_id, { auth } as CredentialCreateParams);

/** The status, the code and the sentence of a refusal. */
async function refusal(call: PromiseLike<unknown>) {
  const { status, error, headers } = await errorOf(call);
  const body = error as { error: { message: string; details: { error_code: string } } };
  expect(JSON.stringify(body)).not.toContain(secret);
  const retry = (headers as Headers | undefined)?.get('x-should-retry') ?? null;
  return { status, code: body.error.details.error_code, message: body.error.message, retry };
}

describe('A vault', () => {
  test('is made, found, changed, listed, archived and deleted', async () => {
    const made = await vaults.create({ display_name: 'Bob', metadata: { team: 'a', floor: '2' } });
    expect(made).toEqual({
      ...{ id: expect.stringMatching(/^vlt_/), type: 'vault', display_name: 'Bob' },
      ...{ metadata: { team: 'a', floor: '2' }, archived_at: null },
      ...{ created_at: expect.any(String), updated_at: made.created_at },
    });
    expect(await vaults.retrieve(made.id)).toEqual(made);
    const changes = { display_name: 'Rob', metadata: { team: null, floor: '3' } };
    const changed = await vaults.update(made.id, changes);
    expect(changed).toMatchObject({ display_name: 'Rob', metadata: { floor: '3' } });
    expect(await vaults.update(made.id, { display_name: null, metadata: null })).toEqual(changed);
    const archived = await vaults.archive(made.id);
    expect(archived.archived_at).toEqual(archived.updated_at);
    expect(await vaults.archive(made.id)).toEqual(archived);
    expect(await refusal(vaults.update(made.id, changes))).toMatchObject({
      status: 400,
      code: 'vault_archived',
    });
    const idsIn = async (query: object) => (await vaults.list(query)).data.map(({ id }) => id);
    expect(await idsIn({})).not.toContain(made.id);
    expect(await idsIn({ include_archived: true })).toContain(made.id);
    expect(await vaults.delete(made.id)).toEqual({ id: made.id, type: 'vault_deleted' });
    expect(await refusal(vaults.retrieve(made.id))).toMatchObject({ status: 404, code: 'vault_not_found' });
  });

  test('is one of a list that goes on, the newest first', async () => {
    const ids = [vault_id];
    for (const display_name of ['b', 'c']) ids.unshift((await vaults.create({ display_name })).id);
    const seen: string[] = [];
    for await (const { id } of vaults.list({ limit: 2 })) seen.push(id);
    expect(seen.slice(0, 3)).toEqual(ids);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.each([
    ['without a name', {}],
    ['with an empty name', { display_name: '' }],
    ['with a long name', { display_name: 'x'.repeat(256) }],
    ['with a field too many', { display_name: 'x', token: secret }],
  ])('is refused %s', async (_what, body) => {
    expect(await refusal(vaults.create(body as never))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
  });
});

describe('A credential', () => {
  test('with a bearer token is all there but the token', async () => {
    const made = await credentials.create(vault_id, {
      auth: bearer(),
      display_name: 'Linear',
      metadata: { a: 'b' },
    });
    expect(made).toEqual({
      ...{ id: expect.stringMatching(/^vcrd_/), type: 'vault_credential', vault_id, display_name: 'Linear' },
      ...{
        metadata: { a: 'b' },
        archived_at: null,
        created_at: expect.any(String),
        updated_at: made.created_at,
      },
      auth: { type: 'static_bearer', mcp_server_url: 'https://mcp.example.com/mcp' },
    });
    expect(await credentials.retrieve(made.id, { vault_id })).toEqual(made);
    expect((await credentials.list(vault_id)).data).toEqual([made]);
  });

  test('with OAuth is all there but the secrets', async () => {
    const made = await create(oauth());
    expect(made).toMatchObject({ display_name: null, metadata: {} });
    expect(made.auth).toEqual({
      ...{ type: 'mcp_oauth', mcp_server_url: `${mcp.url}/mcp`, expires_at: '2199-01-01T00:00:00.000000Z' },
      refresh: {
        ...{ client_id: 'pawl', token_endpoint: `${endpoint.url}/token`, resource: null, scope: null },
        token_endpoint_auth: { type: 'client_secret_basic' },
      },
    });
    const { refresh: _, expires_at: __, ...least } = oauth();
    await credentials.archive(made.id, { vault_id });
    expect((await create(least)).auth).toMatchObject({ expires_at: null, refresh: null });
  });

  test('is changed, and then not in what it was made for', async () => {
    const { id } = await create(oauth());
    const auth = { type: 'mcp_oauth', access_token: `${secret}-2`, refresh: { scope: 'read' } } as const;
    const changed = await credentials.update(id, { vault_id, auth, display_name: 'X', metadata: { a: 'b' } });
    expect(changed).toMatchObject({
      display_name: 'X',
      metadata: { a: 'b' },
      auth: { refresh: { scope: 'read' } },
    });
    expect(await credentials.update(id, { vault_id, display_name: null })).toEqual(changed);
    for (const wrong of [
      { type: 'static_bearer', token: secret },
      { type: 'mcp_oauth', mcp_server_url: 'https://other.example.com' },
      { type: 'mcp_oauth', refresh: { token_endpoint: 'https://other.example.com' } },
      { type: 'mcp_oauth', refresh: { client_id: 'other' } },
      { type: 'mcp_oauth', expires_at: '2020-01-01T00:00:00Z' },
    ]) {
      const refused = await refusal(credentials.update(id, { vault_id, auth: wrong as never }));
      expect(refused).toMatchObject({
        status: 400,
        code: 'invalid_request',
        message: expect.stringMatching(/^auth/),
      });
    }
    expect(await credentials.retrieve(id, { vault_id })).toEqual(changed);
  });

  test('is the only active one of its vault for a server, and its place is free when it is archived', async () => {
    const { id } = await create(bearer());
    const again = await refusal(create({ ...bearer('HTTPS://MCP.example.com:443/mcp/') }));
    expect(again).toMatchObject({ status: 409, code: 'credential_exists', retry: 'false' });
    expect(again.message).toContain(id);
    const archived = await credentials.archive(id, { vault_id });
    expect(archived).toMatchObject({ archived_at: expect.any(String), auth: { type: 'static_bearer' } });
    expect(await credentials.archive(id, { vault_id })).toEqual(archived);
    const change = credentials.update(id, { vault_id, auth: { type: 'static_bearer', token: 'x' } });
    expect(await refusal(change)).toMatchObject({ status: 400, code: 'credential_archived' });
    const next = await create(bearer());
    expect((await credentials.list(vault_id)).data.map((one) => one.id)).toEqual([next.id]);
    const all = (await credentials.list(vault_id, { include_archived: true })).data;
    expect(all.map((one) => one.id)).toEqual([next.id, id]);
    const gone = await credentials.delete(id, { vault_id });
    expect(gone).toEqual({ id, type: 'vault_credential_deleted' });
    const missing = await refusal(credentials.retrieve(id, { vault_id }));
    expect(missing).toMatchObject({ status: 404, code: 'credential_not_found' });
  });

  test('is one of twenty at most', async () => {
    for (let i = 0; i < 20; i++) await create(bearer(`https://mcp.example.com/${i}`));
    expect(await refusal(create(bearer()))).toMatchObject({
      status: 409,
      code: 'credential_limit',
      retry: 'false',
    });
  });

  test('belongs to its vault', async () => {
    const { id } = await create(bearer());
    const other = (await vaults.create({ display_name: 'other' })).id;
    for (const call of [
      () => credentials.retrieve(id, { vault_id: other }),
      () => credentials.update(id, { vault_id: other, display_name: 'x' }),
      () => credentials.archive(id, { vault_id: other }),
      () => credentials.delete(id, { vault_id: other }),
      () => credentials.mcpOAuthValidate(id, { vault_id: other }),
    ]) {
      expect(await refusal(call())).toMatchObject({ status: 404, code: 'credential_not_found' });
    }
    expect(await refusal(credentials.list('vlt_1'))).toMatchObject({ status: 404, code: 'vault_not_found' });
    await vaults.archive(other);
    const late = credentials.create(other, { auth: bearer() });
    expect(await refusal(late)).toMatchObject({ status: 400, code: 'vault_archived' });
  });

  test.each<[string, object, string, string]>([
    ['without a token', { token: undefined }, 'invalid_request', 'auth.token'],
    ['with a token of two lines', { token: `${secret}\nx` }, 'invalid_request', 'auth.token: must be 1 to'],
    [
      'without a server',
      { mcp_server_url: 'mcp.example.com' },
      'invalid_request',
      'auth.mcp_server_url: must be a URL',
    ],
    ['of another type', { type: 'password' }, 'invalid_request', 'auth.type'],
    [
      'for a sandbox',
      { type: 'environment_variable' },
      'not_supported',
      "auth: 'environment_variable' is not supported",
    ],
  ])('is refused %s', async (_what, wrong, code, sentence) => {
    const refused = await refusal(create({ ...bearer(), ...wrong }));
    expect(refused).toMatchObject({ status: 400, code });
    expect(refused.message).toContain(sentence);
    expect((await credentials.list(vault_id)).data).toEqual([]);
  });
});

describe('Trying a credential', () => {
  const validate = async () => credentials.mcpOAuthValidate((await create(oauth())).id, { vault_id });

  /** An MCP server that takes one token. */
  function takes(token: string): void {
    mcp.react((response, request) => {
      if (request.headers.authorization !== `Bearer ${token}`) {
        response.writeHead(401, { 'content-type': 'text/plain' });
        response.end(`no ${request.headers.authorization}`);
        return;
      }
      const result = {
        protocolVersion: '2025-03-26',
        capabilities: {},
        serverInfo: { name: 'x', version: '1' },
      };
      response.setHeader('mcp-session-id', 's1');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
    });
  }

  test('that is good says so', async () => {
    takes(`${secret}-access`);
    const validated = await validate();
    expect(validated).toEqual({
      ...{ type: 'vault_credential_validation', vault_id, status: 'valid', has_refresh_token: true },
      ...{ credential_id: expect.stringMatching(/^vcrd_/), mcp_probe: null, refresh: null },
      validated_at: expect.any(String),
    });
    const methods = mcp.received.map(({ body }) => (JSON.parse(body) as { method: string }).method);
    expect(methods).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
    expect(mcp.received.at(-1)?.headers).toMatchObject({
      ...{ 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-03-26' },
    });
  });

  test('at a server of the older transport connects to it', async () => {
    mcp.react((response, request) => {
      if (request.method === 'POST') return void response.writeHead(405).end();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: endpoint\ndata: /messages\n\n');
    });
    expect(await validate()).toMatchObject({ status: 'valid', mcp_probe: null });
  });

  test('that has ended renews it', async () => {
    takes('new-access');
    endpoint.react((response) => response.end('{"access_token":"new-access","token_type":"Bearer"}'));
    expect(await validate()).toMatchObject({
      ...{ status: 'valid', mcp_probe: null, refresh: { status: 'succeeded', http_response: null } },
    });
    const basic = Buffer.from(`pawl:${secret}-client%2B%2F%3D`).toString('base64');
    expect(endpoint.received[0]?.headers).toMatchObject({ authorization: `Basic ${basic}` });
    expect(endpoint.received[0]?.body).toBe(`grant_type=refresh_token&refresh_token=${secret}-refresh`);
  });

  test('that nobody renews tells why, without its secrets', async () => {
    takes('another');
    endpoint.react((response, request) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(`{"error":"invalid_grant","sent":"${secret}-refresh ${request.headers.authorization}"}`);
    });
    const validated = await validate();
    expect(validated).toMatchObject({
      ...{ status: 'invalid', has_refresh_token: true },
      mcp_probe: {
        method: 'initialize',
        http_response: { status_code: 401, content_type: 'text/plain', body: 'no Bearer [removed]' },
      },
      refresh: {
        status: 'failed',
        http_response: {
          ...{ status_code: 400, content_type: 'application/json', body_truncated: false },
          body: '{"error":"invalid_grant","sent":"[removed] Basic [removed]"}',
        },
      },
    });
    expect(JSON.stringify(validated)).not.toContain(secret);
  });

  test('without a refresh token, or at a server that is not there, says what is known', async () => {
    takes('another');
    const { refresh: _, ...least } = oauth();
    const { id } = await create(least);
    expect(await credentials.mcpOAuthValidate(id, { vault_id })).toMatchObject({
      ...{ status: 'invalid', has_refresh_token: false, refresh: { status: 'no_refresh_token' } },
    });
    mcp.react(answer(500));
    expect(await credentials.mcpOAuthValidate(id, { vault_id })).toMatchObject({
      ...{ status: 'unknown', mcp_probe: { method: 'initialize', http_response: { status_code: 500 } } },
    });
    mcp.react((response) => response.destroy());
    expect(await credentials.mcpOAuthValidate(id, { vault_id })).toMatchObject({
      ...{ status: 'unknown', mcp_probe: { method: 'initialize', http_response: null }, refresh: null },
    });
  });

  test('with a bearer token, or one that is archived, is refused', async () => {
    const { id } = await create(bearer());
    const wrong = await refusal(credentials.mcpOAuthValidate(id, { vault_id }));
    expect(wrong).toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: expect.stringMatching(/^auth\.type/),
    });
    await vaults.archive(vault_id);
    const late = await refusal(credentials.mcpOAuthValidate(id, { vault_id }));
    expect(late).toMatchObject({ status: 400, code: 'credential_archived' });
  });
});

describe('Secrets', () => {
  test('are in no answer, no log and not in the audit log, which has everything else', async () => {
    const { id } = await create({ ...oauth(), mcp_server_url: `${mcp.url}/mcp?key=${secret}-query` });
    const auth = { type: 'mcp_oauth', access_token: `${secret}-2` } as const;
    await credentials.update(id, { vault_id, auth });
    await credentials.archive(id, { vault_id });
    const response = await fetch(`${pawl.url}/pawl/v1/audit?limit=200`, {
      headers: { 'x-api-key': pawl.key },
    });
    const text = await response.text();
    const { data } = JSON.parse(text) as {
      data: { action: string; subject: { id: string }; after: unknown }[];
    };
    const ours = data.filter(({ subject }) => subject.id === id).toReversed();
    expect(ours.map(({ action }) => action)).toEqual([
      'vault_credential.created',
      'vault_credential.updated',
      'vault_credential.archived',
    ]);
    expect(ours[1]?.after).toMatchObject({ vault_id, server: mcp.url, secrets_replaced: ['token'] });
    expect(logged.length).toBeGreaterThan(10);
    expect(text + JSON.stringify(logged)).not.toContain(secret);
  });

  test('cannot be kept without a key, and the answer says what is missing', async () => {
    const open = await startPawl();
    try {
      const { beta } = sdk(open.url, open.key, { maxRetries: 2 });
      const refused = await refusal(beta.vaults.create({ display_name: 'x' }));
      expect(refused).toMatchObject({ status: 503, code: 'vault_locked', retry: 'false' });
      expect(refused.message).toContain('PAWL_VAULT_KEY');
      expect((await beta.vaults.list()).data).toEqual([]);
    } finally {
      await open.server.close();
    }
  });

  test('go nowhere near this machine unless the operator allows it', async () => {
    const vault_key = randomBytes(32).toString('base64');
    const strict = await startPawl({ vault_key });
    try {
      const { beta } = sdk(strict.url, strict.key);
      const { id } = await beta.vaults.create({ display_name: 'x' });
      const refused = await refusal(beta.vaults.credentials.create(id, { auth: oauth() }));
      expect(refused).toMatchObject({
        status: 400,
        message: expect.stringMatching(/^auth\.mcp_server_url: must /),
      });
    } finally {
      await strict.server.close();
    }
  });
});
