import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CredentialCreateParams } from '@anthropic-ai/sdk/resources/beta/vaults/credentials';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type McpServerOnLoopback, startMcpServer, type TestTool } from '../mcp-server.ts';
import {
  errorsIn,
  type McpWorld,
  makeMcpSetting,
  mcpResultsIn,
  order,
  startMcpWorld,
  tell,
  untilTurns,
} from '../mcp-story.ts';
import type { Said } from '../model-replies.ts';
import { answersIn, errorOf, history, openSession, type Setting } from '../story.ts';
import { answer, type Receiver, startReceiver } from '../webhook-receiver.ts';

/*
 * The goal: a session is let in at MCP servers with what is in its vaults now, and with nothing else; tokens are renewed
 * when that is needed, once. The method: a real MCP server that lets in one token, and a token endpoint that counts.
 */

const vault_key = randomBytes(32).toString('base64');
let world: McpWorld;
let mcp: McpServerOnLoopback;
let endpoint: Receiver;
let setting: Setting;

beforeAll(async () => {
  world = await startMcpWorld({ vault_key });
});

afterAll(() => world.close());

beforeEach(async () => {
  endpoint = await startReceiver();
  mcp = await start();
  setting = await makeMcpSetting(world.client, { orders: { at: mcp, may: 'always_allow' } });
});

afterEach(() => Promise.all([mcp.close(), endpoint.close()]));

function start(tools: readonly TestTool[] = []): Promise<McpServerOnLoopback> {
  return startMcpServer({ tools: [{ name: 'pay', run: () => 'Paid.' }, ...tools] });
}

const bearer = (token: string, mcp_server_url = mcp.url) =>
  ({ type: 'static_bearer', mcp_server_url, token }) as const;
const far = '2199-01-01T00:00:00Z';
const soon = () => new Date(Date.now() + 30_000).toISOString();
const oauth = (access_token: string, fields: object = {}) => ({
  ...{ type: 'mcp_oauth' as const, mcp_server_url: mcp.url, access_token, expires_at: far },
  refresh: {
    ...{ client_id: 'pawl', refresh_token: 'refresh-1', token_endpoint: `${endpoint.url}/token` },
    token_endpoint_auth: { type: 'none' as const },
  },
  ...fields,
});

/** A vault with this in it. */
async function vaultWith(...auths: object[]) {
  const { vaults } = world.client.beta;
  const vault = await vaults.create({ display_name: 'Ann' });
  const credentials = [];
  for (const auth of auths) {
    credentials.push(await vaults.credentials.create(vault.id, { auth } as CredentialCreateParams));
  }
  return { vault_id: vault.id, credential_id: credentials[0]?.id ?? '' };
}

async function open(...vault_ids: string[]): Promise<string> {
  return (await openSession(world.client, setting, { vault_ids })).id;
}

/** A turn of a session, by itself. */
async function turn(id: string, ...rounds: Said[]) {
  const before = await history(world.client, id);
  const turns = before.filter((event) => event.type === 'session.status_idle').length;
  await world.client.beta.sessions.events.send(id, { events: [tell(...rounds)] });
  return (await untilTurns(world.client, id, turns + 1)).slice(before.length);
}

const pay = { calls: [order('pay')] };
const paid = [{ text: 'Paid.', is_error: false }];
const authentication = 'mcp_authentication_failed_error';

/** The token endpoint gives tokens, one after the other, each with a refresh token of its own. */
function giveTokens(...tokens: string[]): void {
  endpoint.react((response) => {
    const access_token = tokens[endpoint.received.length - 1] ?? 'one too many';
    const refresh_token = `refresh-${endpoint.received.length + 1}`;
    const body = { access_token, token_type: 'Bearer', expires_in: 3600, refresh_token };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

const refreshes = () => endpoint.received.map(({ body }) => new URLSearchParams(body).get('refresh_token'));
const used = () => mcp.calls.map((call) => call.authorization);

describe('A session is let in', () => {
  test.each([
    ['a bearer token', (token: string) => bearer(token)],
    ['an OAuth token', (token: string) => oauth(token)],
  ])('with %s of its vault, which goes with every request', async (_what, auth) => {
    mcp.authorize('Bearer tok-1');
    const { vault_id } = await vaultWith(auth('tok-1'));
    const id = await open(vault_id);
    expect((await world.client.beta.sessions.retrieve(id)).vault_ids).toEqual([vault_id]);
    const all = await turn(id, pay);
    expect(errorsIn(all)).toEqual([]);
    expect(mcpResultsIn(all)).toEqual(paid);
    expect(new Set(mcp.credentials)).toEqual(new Set(['Bearer tok-1']));
    expect(endpoint.received).toEqual([]);
  });

  test('by the first of its vaults that has a credential for the server', async () => {
    const elsewhere = await vaultWith(bearer('other', 'https://mcp.example.com/mcp'));
    const [a, b] = [await vaultWith(bearer('tok-a')), await vaultWith(bearer('tok-b'))];
    await turn(await open(elsewhere.vault_id, a.vault_id, b.vault_id), pay);
    await turn(await open(elsewhere.vault_id, b.vault_id, a.vault_id), pay);
    expect(used()).toEqual(['Bearer tok-a', 'Bearer tok-b']);
    await world.client.beta.vaults.credentials.archive(a.credential_id, { vault_id: a.vault_id });
    await turn(await open(a.vault_id, b.vault_id), pay);
    expect(used().at(-1)).toBe('Bearer tok-b');
  });

  test('however the URL is spelled, and nowhere else', async () => {
    mcp.authorize('Bearer tok-1');
    const { vault_id } = await vaultWith(bearer('tok-1', `${mcp.url.replace('http', 'HTTP')}/`));
    expect(mcpResultsIn(await turn(await open(vault_id), pay))).toEqual(paid);
    const other = { url: `${mcp.url}/other` };
    setting = await makeMcpSetting(world.client, { orders: { at: other, may: 'always_allow' } });
    expect(errorsIn(await turn(await open(vault_id), pay))).toMatchObject([
      { type: authentication, message: expect.stringContaining('there are none for it') },
    ]);
    expect(mcp.calls).toHaveLength(1);
  });

  test('without a token where no vault has one', async () => {
    const { vault_id } = await vaultWith(bearer('tok-1', 'https://mcp.example.com/mcp'));
    expect(mcpResultsIn(await turn(await open(vault_id), pay))).toEqual(paid);
    expect(mcpResultsIn(await turn(await open(), pay))).toEqual(paid);
    expect(new Set(mcp.credentials)).toEqual(new Set([null]));
  });

  test('as itself, whoever else is let in at the same time', async () => {
    const tokens = Array.from({ length: 6 }, (_, n) => `tok-${n}`);
    await Promise.all(
      tokens.map(async (token) => {
        const id = await open((await vaultWith(bearer(token))).vault_id);
        expect(
          mcpResultsIn(await turn(id, { calls: [order('pay', { token }), order('pay', { token })] })),
        ).toEqual([...paid, ...paid]);
      }),
    );
    for (const { input, authorization } of mcp.calls) expect(authorization).toBe(`Bearer ${input['token']}`);
    expect(mcp.calls).toHaveLength(12);
  });
});

describe('What becomes of a credential reaches sessions at once:', () => {
  test('a new token is used in the next turn, and in the next call of the same turn', async () => {
    await mcp.close();
    let change = async (): Promise<void> => {};
    mcp = await start([{ name: 'change', run: () => change().then(() => 'Changed.') }]);
    setting = await makeMcpSetting(world.client, { orders: { at: mcp, may: 'always_allow' } });
    mcp.authorize('Bearer tok-1');
    const { vault_id, credential_id } = await vaultWith(bearer('tok-1'));
    const id = await open(vault_id);
    await turn(id, pay);
    const rotate = async (token: string) => {
      await world.client.beta.vaults.credentials.update(credential_id, {
        vault_id,
        auth: { type: 'static_bearer', token },
      });
      mcp.authorize(`Bearer ${token}`);
    };
    await rotate('tok-2');
    expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
    change = () => rotate('tok-3');
    const all = await turn(id, { calls: [order('change')] }, pay);
    expect(mcpResultsIn(all)).toEqual([{ text: 'Changed.', is_error: false }, ...paid]);
    expect(errorsIn(all)).toEqual([]);
    expect(used()).toEqual(['Bearer tok-1', 'Bearer tok-2', 'Bearer tok-2', 'Bearer tok-3']);
  });

  test.each(['archived', 'deleted', 'archived with its vault', 'deleted with its vault'])(
    'one that was %s lets nobody in any more',
    async (what) => {
      mcp.authorize('Bearer tok-1');
      const { vault_id, credential_id } = await vaultWith(bearer('tok-1'));
      const id = await open(vault_id);
      expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
      const { vaults } = world.client.beta;
      if (what === 'archived') await vaults.credentials.archive(credential_id, { vault_id });
      else if (what === 'deleted') await vaults.credentials.delete(credential_id, { vault_id });
      else if (what.startsWith('archived')) await vaults.archive(vault_id);
      else await vaults.delete(vault_id);
      const all = await turn(id, pay);
      expect(errorsIn(all)).toMatchObject([{ type: authentication, mcp_server_name: 'orders' }]);
      expect(answersIn(all)).toEqual(['Done.']);
      expect(mcp.calls).toHaveLength(1);
    },
  );

  test('one that is added later is used in the next turn', async () => {
    mcp.authorize('Bearer tok-1');
    const { vault_id } = await vaultWith();
    const id = await open(vault_id);
    expect(errorsIn(await turn(id, pay))).toMatchObject([{ type: authentication }]);
    await world.client.beta.vaults.credentials.create(vault_id, { auth: bearer('tok-1') });
    expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
  });
});

describe('An access token', () => {
  test('that ends soon is renewed first, once for all who need it at the same time', async () => {
    giveTokens('tok-2');
    mcp.authorize('Bearer tok-2');
    const { vault_id, credential_id } = await vaultWith(oauth('tok-1', { expires_at: soon() }));
    const ids = await Promise.all(Array.from({ length: 4 }, () => open(vault_id)));
    const turns = await Promise.all(ids.map((id) => turn(id, pay)));
    for (const all of turns) {
      expect(errorsIn(all)).toEqual([]);
      expect(mcpResultsIn(all)).toEqual(paid);
    }
    expect(refreshes()).toEqual(['refresh-1']);
    expect(new Set(mcp.credentials)).toEqual(new Set(['Bearer tok-2']));
    const { auth } = await world.client.beta.vaults.credentials.retrieve(credential_id, { vault_id });
    const { expires_at } = auth as { expires_at: string };
    expect(Date.parse(expires_at)).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test('that is turned away is renewed, and the server is asked again', async () => {
    giveTokens('tok-2');
    mcp.authorize('Bearer tok-2');
    const { vault_id } = await vaultWith(oauth('tok-1'));
    const ids = await Promise.all([open(vault_id), open(vault_id)]);
    for (const all of await Promise.all(ids.map((id) => turn(id, pay)))) {
      expect(errorsIn(all)).toEqual([]);
      expect(mcpResultsIn(all)).toEqual(paid);
    }
    expect(refreshes()).toEqual(['refresh-1']);
    expect(used()).toEqual(['Bearer tok-2', 'Bearer tok-2']);
  });

  test('that is turned away in the middle of a turn is renewed, and the calls run once each', async () => {
    await mcp.close();
    mcp = await start([
      {
        name: 'revoke',
        run: () => {
          mcp.authorize('Bearer tok-2');
          return 'Revoked.';
        },
      },
    ]);
    setting = await makeMcpSetting(world.client, { orders: { at: mcp, may: 'always_allow' } });
    giveTokens('tok-2');
    mcp.authorize('Bearer tok-1');
    const id = await open((await vaultWith(oauth('tok-1'))).vault_id);
    const all = await turn(
      id,
      { calls: [order('revoke')] },
      { calls: [order('pay'), order('pay'), order('pay')] },
    );
    expect(mcpResultsIn(all)).toEqual([{ text: 'Revoked.', is_error: false }, ...paid, ...paid, ...paid]);
    expect(errorsIn(all)).toEqual([]);
    expect(refreshes()).toEqual(['refresh-1']);
    expect(used()).toEqual(['Bearer tok-1', 'Bearer tok-2', 'Bearer tok-2', 'Bearer tok-2']);
  });

  test('that is turned away again is not renewed again before the next turn', async () => {
    giveTokens('tok-2', 'tok-3');
    mcp.authorize('Bearer tok-3');
    const id = await open((await vaultWith(oauth('tok-1'))).vault_id);
    const first = await turn(id, pay);
    expect(errorsIn(first)).toMatchObject([
      {
        ...{ type: authentication, mcp_server_name: 'orders' },
        message: 'The MCP server "orders" did not accept the credentials (HTTP 401).',
      },
    ]);
    expect(answersIn(first)).toEqual(['Done.']);
    expect(refreshes()).toEqual(['refresh-1']);
    expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
    expect(refreshes()).toEqual(['refresh-1', 'refresh-2']);
  });

  test.each([
    ['refuses', () => answer(400), 'its token endpoint answered with HTTP 400, and with no token'],
    [
      'leads elsewhere',
      () => answer(302, { location: `${mcp.url}/token` }),
      'its token endpoint answered with HTTP 302, and with no token',
    ],
    [
      ...(['breaks off', () => (response: { destroy(): void }) => response.destroy()] as const),
      'its token endpoint could not be reached, or did not answer in time',
    ],
  ] as const)(
    'whose endpoint %s is an error of credentials, and the session goes on',
    async (_what, reaction, words) => {
      mcp.authorize('Bearer tok-2');
      endpoint.react(reaction() as ReturnType<typeof answer>);
      const { vault_id, credential_id } = await vaultWith(oauth('tok-1'));
      const id = await open(vault_id);
      const all = await turn(id, pay);
      expect(errorsIn(all)).toEqual([
        {
          ...{ type: authentication, mcp_server_name: 'orders', retry_status: { type: 'retrying' } },
          message: `credential ${credential_id} of vault ${vault_id} could not be refreshed: ${words}`,
        },
      ]);
      expect(answersIn(all)).toEqual(['Done.']);
      expect(endpoint.received).toHaveLength(1);
      giveTokens('', 'tok-2');
      expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
    },
  );

  test('that nothing renews is an error of credentials', async () => {
    mcp.authorize('Bearer tok-2');
    for (const auth of [bearer('tok-1'), oauth('tok-1', { refresh: null })]) {
      const all = await turn(await open((await vaultWith(auth)).vault_id), pay);
      expect(errorsIn(all)).toMatchObject([{ type: authentication, mcp_server_name: 'orders' }]);
      expect(answersIn(all)).toEqual(['Done.']);
    }
    expect(mcp.calls).toEqual([]);
  });
});

describe('A session is not made', () => {
  test('with vaults that are archived, unknown or named in another way', async () => {
    const [good, archived] = [await vaultWith(), await vaultWith()];
    await world.client.beta.vaults.archive(archived.vault_id);
    const refused: [unknown, string][] = [
      [[good.vault_id, archived.vault_id], `vault_ids.1: vault ${archived.vault_id} is archived`],
      [['vlt_unknown', good.vault_id], 'vault_ids.0: vault vlt_unknown does not exist'],
      [[7], 'vault_ids.0'],
      [good.vault_id, 'vault_ids'],
    ];
    const count = async () => (await world.client.beta.sessions.list({ limit: 100 })).data.length;
    const before = await count();
    for (const [vault_ids, words] of refused) {
      const error = await errorOf(openSession(world.client, setting, { vault_ids } as never));
      expect(error.status).toBe(400);
      expect(error.error).toMatchObject({
        error: { message: expect.stringContaining(words), details: { error_code: 'invalid_request' } },
      });
    }
    expect(await count()).toBe(before);
  });
});

describe('Without the key that a credential was encrypted with', () => {
  test.each([
    ['none', {}],
    ['another one', { vault_key: randomBytes(32).toString('base64') }],
  ])('being %s, a session says so and goes on, and the key brings it back', async (_what, keys) => {
    const data_dir = mkdtempSync(join(tmpdir(), 'pawl-mcp-vaults-'));
    mcp.authorize('Bearer tok-1');
    const during = async (set: object, steps: (life: McpWorld) => Promise<void>): Promise<void> => {
      const life = await startMcpWorld({ data_dir, ...set });
      const before = world;
      world = life;
      try {
        await steps(life);
      } finally {
        world = before;
        await life.close();
      }
    };
    let id = '';
    let credential = '';
    await during({ vault_key }, async ({ client }) => {
      setting = await makeMcpSetting(client, { orders: { at: mcp, may: 'always_allow' } });
      const made = await vaultWith(bearer('tok-1'));
      credential = made.credential_id;
      id = await open(made.vault_id);
      expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
    });
    await during(keys, async () => {
      const all = await turn(id, pay);
      expect(errorsIn(all)).toMatchObject([
        { type: authentication, mcp_server_name: 'orders', message: expect.stringContaining(credential) },
      ]);
      expect(answersIn(all)).toEqual(['Done.']);
    });
    await during({ vault_key }, async () => {
      expect(mcpResultsIn(await turn(id, pay))).toEqual(paid);
    });
    expect(mcp.calls).toHaveLength(2);
    rmSync(data_dir, { recursive: true });
  });

  test('no vault can be made, and sessions without vaults run', async () => {
    const life = await startMcpWorld();
    const error = await errorOf(life.client.beta.vaults.create({ display_name: 'Ann' }));
    expect(error.status).toBe(503);
    expect(error.error).toMatchObject({ error: { details: { error_code: 'vault_locked' } } });
    const own = await makeMcpSetting(life.client, { orders: { at: mcp, may: 'always_allow' } });
    const { id } = await openSession(life.client, own);
    await life.client.beta.sessions.events.send(id, { events: [tell(pay)] });
    expect(mcpResultsIn(await untilTurns(life.client, id))).toEqual(paid);
    await life.close();
  });
});
