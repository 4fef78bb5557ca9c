import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import type { CredentialCreateParams } from '@anthropic-ai/sdk/resources/beta/vaults/credentials';
import { expect, onTestFinished, test } from 'vitest';
import { openRows } from '../database-rows.ts';
import { listen } from '../listening.ts';
import { type McpFault, type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import {
  doAsTold,
  errorsIn,
  makeMcpSetting,
  mcpResultsIn,
  order,
  tell,
  untilTurns,
  upstreamOf,
} from '../mcp-story.ts';
import type { Fault } from '../model-faults.ts';
import type { Said } from '../model-replies.ts';
import type { Protocol } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { pawlHere as pawl } from '../pawl-here.ts';
import { freshFolder, startPawlProcess } from '../pawl-process.ts';
import { migratedDatabase } from '../postgres.ts';
import { eventually, history, openSession, type Setting } from '../story.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';

/*
 * The goal: no secret that this server is given, or makes, comes out of it anywhere: not in an answer, an event, a stream,
 * an error, a delivery, the log at its most talkative, what commands print, or the bytes of the database. The method: each
 * secret is a text that stands nowhere else; servers on the other side repeat what they are sent wherever they can, in
 * results and in every kind of failure; and all that comes out is searched.
 */

/** A text that only this run has, in letters that no encoding changes. */
const secretFor = (what: string): string => `sekrit${what}${randomBytes(16).toString('hex')}`;

const given = {
  bearer: secretFor('bearer'),
  access: secretFor('access'),
  renewed: secretFor('renewed'),
  refresh: secretFor('refresh'),
  renewed_refresh: secretFor('again'),
  client: secretFor('client'),
  replaced: secretFor('replaced'),
  typed: secretFor('typed'),
  refused: secretFor('refused'),
  anthropic: secretFor('anthropic'),
  openai: secretFor('openai'),
  admin: secretFor('admin'),
  wrong: secretFor('wrong'),
  vault_key: randomBytes(32).toString('base64'),
};

/** A secret in the forms in which it may go over the wire or into a file. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // The middle of its base64 in each of the three ways in which it can lie behind something else.
  const inside = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...inside];
}

/** All that came out, by where. */
type Heard = { readonly where: string; readonly text: string };

function leaksIn(heard: readonly Heard[], secrets: Readonly<Record<string, string>>): string[] {
  const leaks = new Set<string>();
  for (const [what, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) {
      for (const { where, text } of heard) {
        const at = text.indexOf(form);
        if (at !== -1)
          leaks.add(`${what} in ${where}: …${text.slice(Math.max(0, at - 60), at + form.length + 10)}…`);
      }
    }
  }
  return [...leaks];
}

/** A `fetch` that notes all of every answer, streams included. */
function listeningFetch(heard: { where: string; text: string }[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const where = `${init?.method ?? 'GET'} ${String(input)} ${response.status}`;
    const note = { where, text: JSON.stringify([...response.headers]) };
    heard.push(note);
    if (response.body === null) return response;
    const [theirs, ours] = response.body.tee();
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of ours) note.text += decoder.decode(chunk, { stream: true });
    })().catch(() => {});
    return new Response(theirs, response);
  };
}

/** A server that repeats the credentials that it is sent in every way that a tool has. */
function startEcho(): Promise<McpServerOnLoopback> {
  const sent = (): string => echo.at()?.credentials.at(-1) ?? 'nobody at all';
  const echo = { at: (): McpServerOnLoopback | null => null };
  const image = { type: 'image' as const, data: 'iVBORw0KGgo=', mimeType: 'image/png' };
  const tools = [
    {
      name: 'whoami',
      get description(): string {
        return `Knows ${sent()}.`;
      },
      run: () => `You are ${sent()}, ${sent().split(' ')[1]}.`,
    },
    {
      name: 'fail',
      run: () => ({ content: [{ type: 'text' as const, text: `No, ${sent()}.` }], isError: true }),
    },
    {
      name: 'throw',
      run: () => {
        throw new Error(`${sent()} is wrong`);
      },
    },
    {
      name: 'parts',
      run: () => ({
        content: [
          image,
          { type: 'audio' as const, data: 'AAAA', mimeType: sent() },
          { type: 'resource_link' as const, uri: `file:///${sent()}`, name: sent(), description: sent() },
          { type: 'resource' as const, resource: { uri: sent(), text: sent() } },
          { type: 'resource' as const, resource: { uri: sent(), mimeType: sent(), blob: 'AAAA' } },
        ],
      }),
    },
    {
      name: 'structure',
      run: () => ({ content: [], structuredContent: { you: sent(), [sent()]: [sent()] } }),
    },
  ];
  return startMcpServer({ tools }).then((server) => {
    echo.at = () => server;
    onTestFinished(() => server.close());
    return server;
  });
}

type Outside = {
  readonly model: ModelServer;
  readonly echo: McpServerOnLoopback;
  readonly guarded: McpServerOnLoopback;
  readonly endpoint: Receiver;
  readonly hook: Receiver;
};

/** Everything on the other side, to the end of the test. */
async function startOutside(): Promise<Outside> {
  const model = await startModelServer({ reply: doAsTold });
  const guarded = await startMcpServer({
    tools: [{ name: 'pay', run: () => `Paid with ${given.renewed}.` }],
  });
  const [endpoint, hook] = await Promise.all([startReceiver(), startReceiver()]);
  for (const one of [model, guarded, endpoint, hook]) onTestFinished(() => one.close());
  return { model, echo: await startEcho(), guarded, endpoint, hook };
}

/** A token endpoint that repeats all that it was sent, beside new tokens or instead of them. */
function repeat(endpoint: Receiver, status: number): void {
  endpoint.react((response) => {
    const sent = endpoint.received.at(-1);
    const tokens = { access_token: given.renewed, refresh_token: given.renewed_refresh, expires_in: 30 };
    const body = {
      error: 'invalid_grant',
      error_description: sent?.body,
      you: sent?.headers,
      ...(status === 200 ? tokens : {}),
    };
    response.writeHead(status, { 'content-type': 'application/json', 'x-you': sent?.body ?? '' });
    response.end(JSON.stringify(body));
  });
}

/** A server as a process of its own, and a client that notes all that it answers. */
async function startServer(
  outside: Outside,
  env: Record<string, string>,
  heard: { where: string; text: string }[],
) {
  const { anthropic_base_url, openai_base_url, model_routes } = upstreamOf(outside.model);
  const server = startPawlProcess(
    ['serve', '--port', '0', '--log-level', 'debug', '--model-max-retries', '1', '--mcp-timeout-ms', '1500'],
    {
      cwd: env['PAWL_DATA_DIR'] ?? freshFolder(),
      env: {
        ...{ PAWL_API_KEY: given.admin, PAWL_VAULT_KEY: given.vault_key, ...env },
        ...{
          PAWL_ALLOW_PRIVATE_MCP: 'true',
          PAWL_ALLOW_PRIVATE_WEBHOOKS: 'true',
          PAWL_MODEL_ROUTES: model_routes,
        },
        ...{ PAWL_ANTHROPIC_BASE_URL: anthropic_base_url, PAWL_ANTHROPIC_API_KEY: given.anthropic },
        ...{ PAWL_OPENAI_BASE_URL: openai_base_url, PAWL_OPENAI_API_KEY: given.openai },
      },
    },
  );
  const [, url = ''] = await server.printed(/listens on (http:\S+)/);
  const connect = (apiKey: string): Anthropic =>
    new Anthropic({ baseURL: url, apiKey, authToken: null, maxRetries: 0, fetch: listeningFetch(heard) });
  const post = async (path: string, body?: object): Promise<Record<string, string>> => {
    const sent = {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': given.admin, 'content-type': 'application/json' },
    };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await listeningFetch(heard)(`${url}/pawl/v1${path}`, { ...sent, ...text });
    return (await response.json()) as Record<string, string>;
  };
  return { server, url, client: connect(given.admin), connect, post };
}

const mcpFaults: McpFault[] = [
  'die',
  'die_in_call',
  'garbage',
  { status: 500, body: given.bearer },
  { status: 401, body: given.bearer },
  { status: 404, body: given.bearer },
  { redirect: `http://127.0.0.1:9/${given.bearer}` },
  'stall',
];

/** Those that bring a secret along. */
const tellingFaults = mcpFaults.filter((fault) => typeof fault === 'object');

const modelFaults = (key: string): Fault[] => [
  { status: 401, message: `invalid x-api-key: ${key}` },
  { status: 400, message: `Bearer ${key} may not do this`, type: key },
  { status: 529, message: key },
  { raw: `event: error\ndata: {"type":"error","error":{"type":"${key}","message":"${key}"}}\n\n` },
];

type Story = Awaited<ReturnType<typeof startServer>> & { readonly outside: Outside };

/** Vaults with each kind of credential; those who make them make mistakes first. */
async function fillVaults({ client, outside }: Story) {
  const { vaults } = client.beta;
  const { id: vault_id } = await vaults.create({ display_name: 'Ann' });
  const make = (auth: object) => vaults.credentials.create(vault_id, { auth } as CredentialCreateParams);
  for (const auth of [
    { type: 'static_bearer', mcp_server_url: outside.echo.url, token: `${given.refused} ` },
    { type: 'static_bearer', mcp_server_url: outside.echo.url, token: [given.refused] },
    { type: 'static_bearer', mcp_server_url: `http://user:${given.refused}@127.0.0.1/`, token: 'x' },
    { type: given.refused, token: given.refused },
    {
      type: 'mcp_oauth',
      mcp_server_url: outside.echo.url,
      access_token: given.refused,
      refresh: given.refused,
    },
  ]) {
    await expect(make(auth)).rejects.toMatchObject({ status: 400 });
  }
  const bearer = await make({
    type: 'static_bearer',
    mcp_server_url: outside.echo.url,
    token: given.replaced,
  });
  await vaults.credentials.update(bearer.id, {
    vault_id,
    auth: { type: 'static_bearer', token: given.bearer },
  });
  const oauth = await make({
    ...{ type: 'mcp_oauth', mcp_server_url: outside.guarded.url, access_token: given.access },
    expires_at: '2199-01-01T00:00:00Z',
    refresh: {
      ...{ client_id: 'pawl', refresh_token: given.refresh, token_endpoint: `${outside.endpoint.url}/token` },
      token_endpoint_auth: { type: 'client_secret_basic', client_secret: given.client },
    },
  });
  return { vault_id, bearer: bearer.id, oauth: oauth.id };
}

/** A turn of a session of its own, heard on a stream with previews, to its end. */
async function turn({ client }: Story, setting: Setting, vault_ids: string[], ...rounds: Said[]) {
  const { id } = await openSession(client, setting, { vault_ids });
  const stream = await listen(client, id, { event_deltas: ['agent.message'] } as never);
  await client.beta.sessions.events.send(id, { events: [tell(...rounds)] });
  const all = await untilTurns(client, id);
  stream.close();
  return all;
}

/** Sessions with successes and with each kind of failure, by both providers. */
async function runSessions(story: Story, vault_id: string, faults: readonly McpFault[]): Promise<void> {
  const { client, outside } = story;
  const { echo, guarded, model, endpoint } = outside;
  const providers: readonly Protocol[] = ['anthropic', 'openai'];
  const servers = {
    orders: { at: echo, may: 'always_allow' },
    pay: { at: guarded, may: 'always_allow' },
  } as const;
  for (const provider of providers) {
    const setting = await makeMcpSetting(client, servers, { provider });
    const tools = ['whoami', 'fail', 'throw', 'parts', 'structure'];
    repeat(endpoint, 200);
    guarded.authorize(`Bearer ${given.renewed}`);
    const calls = [...tools.map((name) => order(name)), { name: 'mcp__pay__pay', input: {} }];
    const all = await turn(story, setting, [vault_id], { text: 'Let me see.', calls });
    expect(errorsIn(all)).toEqual([]);
    const results = mcpResultsIn(all);
    expect(results[0]).toEqual({ text: 'You are [credential], [credential].', is_error: false });
    expect(results.at(-1)).toEqual({ text: 'Paid with [credential].', is_error: false });
    // It was given 30 seconds, so that it is renewed again, which fails now.
    repeat(endpoint, 400);
    guarded.authorize(`Bearer ${given.access}`);
    const failed = await turn(story, setting, [vault_id], { calls });
    expect(errorsIn(failed)).toMatchObject([
      { type: 'mcp_authentication_failed_error', mcp_server_name: 'pay' },
    ]);
    for (const fault of provider === 'anthropic' ? faults : []) {
      echo.fault('tools/call', fault);
      expect(
        errorsIn(await turn(story, setting, [vault_id], { calls: [order('whoami')] })).length,
      ).toBeGreaterThan(0);
      echo.fault('tools/call', null);
      echo.fault('*', fault);
      await turn(story, setting, [vault_id], { text: 'Hello.' });
      echo.fault('*', null);
    }
    for (const fault of modelFaults(given[provider])) {
      model.script([fault]);
      const broken = await turn(story, setting, [], { text: 'Hello.' });
      expect(errorsIn(broken).length).toBeGreaterThan(0);
    }
  }
}

/** Asks for everything that can be read. */
async function readEverything(
  { client, connect, post, outside }: Story,
  { vault_id, oauth, bearer }: Awaited<ReturnType<typeof fillVaults>>,
) {
  const { vaults, sessions, agents } = client.beta;
  await vaults.credentials.mcpOAuthValidate(oauth, { vault_id });
  outside.guarded.fault('*', { status: 500, body: given.renewed });
  await vaults.credentials.mcpOAuthValidate(oauth, { vault_id });
  for await (const { id } of sessions.list({ limit: 100 })) {
    await sessions.retrieve(id);
    await history(client, id);
  }
  for await (const { id } of agents.list()) await agents.retrieve(id);
  for await (const { id } of vaults.list()) {
    for await (const credential of vaults.credentials.list(id)) {
      await vaults.credentials.retrieve(credential.id, { vault_id: id });
    }
  }
  await client.models.list();
  const webhooks = (await post('/webhooks')) as unknown as { data: { id: string }[] };
  for (const { id } of webhooks.data) await post(`/webhooks/${id}/deliveries`);
  for (const path of ['/audit?limit=100', '/audit/export', '/keys', '/webhooks', '/costs']) {
    await post(path).catch(() => {});
  }
  await expect(connect(given.wrong).beta.agents.list()).rejects.toMatchObject({ status: 401 });
  await vaults.credentials.archive(bearer, { vault_id });
  await vaults.credentials.delete(oauth, { vault_id });
}

/** What commands print, with a credential that is added by one of them. */
async function runCommands(url: string, { vault_id }: { vault_id: string }): Promise<Heard[]> {
  const env = { PAWL_URL: url, PAWL_KEY: given.admin };
  const commands: [string[], string?][] = [
    [['vault', 'credential', 'add', vault_id, 'https://mcp.example.com/mcp'], `${given.typed}\n`],
    [['vault', 'credential', 'add', vault_id, 'https://mcp.example.com/mcp'], `${given.refused}\n`],
    [['vault', 'credential', 'list', vault_id, '-o', 'json']],
    [['vault', 'list', '-o', 'json']],
    [['audit', 'export']],
    [['audit', 'list', '-o', 'json']],
    [['webhook', 'list', '-o', 'json']],
    [['webhook', 'dead', '-o', 'json']],
    [['keys', 'list', '-o', 'json']],
    [['pull']],
  ];
  const heard: Heard[] = [];
  for (const [args, input = ''] of commands) {
    const cwd = freshFolder();
    const { stdout, stderr } = await pawl(args, { env, input, cwd });
    heard.push({ where: `pawl ${args.join(' ')}`, text: stdout + stderr + filesIn(cwd) });
  }
  return heard;
}

/** Every byte of every file in a folder, each as one character. */
function filesIn(folder: string): string {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile());
  return entries.map((one) => readFileSync(join(one.parentPath, one.name), 'latin1')).join('\n');
}

/** All rows of all tables, as the database has them. */
async function rowsIn(database_url: string): Promise<string> {
  const rows = await openRows({ database_url });
  const tables = await rows.query("select tablename from pg_tables where schemaname = 'public'");
  const found: string[] = [];
  for (const { tablename } of tables) {
    found.push(JSON.stringify(await rows.query(`select t::text from "${String(tablename)}" t`)));
  }
  await rows.close();
  return found.join('\n');
}

test.each(['SQLite', 'PostgreSQL'])(
  'With %s, no secret comes out anywhere',
  { timeout: 180_000 },
  async (kind) => {
    const folder = freshFolder();
    const database = kind === 'SQLite' ? null : await migratedDatabase();
    if (database !== null) onTestFinished(() => database.drop());
    const place = database === null ? { PAWL_DATA_DIR: folder } : { DATABASE_URL: database.url };
    const outside = await startOutside();
    const heard: { where: string; text: string }[] = [];
    const once: { where: string; text: string }[] = [];
    const story: Story = { ...(await startServer(outside, place, heard)), outside };

    // What is shown once, to whoever asks for it, is left out of what was heard.
    const hook = await story.post('/webhooks', { url: `${outside.hook.url}/hook`, enabled_events: ['*'] });
    const made = await story.post('/keys', { name: 'ci', role: 'viewer' });
    once.push(...heard.splice(0));
    const secrets = {
      ...given,
      webhook: hook['signing_secret'] ?? '',
      key: made['secret'] ?? made['key'] ?? '',
    };
    expect(Object.values(secrets).filter((secret) => secret.length < 20)).toEqual([]);
    expect(leaksIn(once, secrets)).toHaveLength(2);

    const filled = await fillVaults(story);
    // A server that breaks off is the same to both; what it says goes into the one that there is.
    await runSessions(story, filled.vault_id, database === null ? mcpFaults : tellingFaults);
    await story.connect(secrets.key).beta.agents.list();
    await readEverything(story, filled);
    const printed = await runCommands(story.url, filled);
    await eventually('deliveries', () =>
      outside.hook.received.some(({ body }) => body.includes('refresh_failed')),
    );
    story.server.child.kill('SIGTERM');
    const { code, stdout, stderr } = await story.server.finished;
    expect(code).toBe(0);

    // All secrets were where they belong, and there was something to hear everywhere.
    const arrived = JSON.stringify([
      ...[outside.echo.credentials, outside.guarded.credentials, outside.endpoint.received],
      outside.model.requests.map(({ headers }) => headers),
    ]);
    for (const what of ['bearer', 'access', 'renewed', 'refresh', 'anthropic', 'openai'] as const) {
      expect(arrived).toContain(given[what]);
    }
    expect(stderr).toContain('"level":"debug"');
    expect(outside.hook.received.length).toBeGreaterThan(50);
    expect(heard.length).toBeGreaterThan(100);

    const stored = database === null ? filesIn(folder) : await rowsIn(database.url);
    expect(stored).toContain(filled.vault_id);
    const told = outside.model.requests.map(({ body }) => JSON.stringify(body)).join('\n');
    expect(told).toContain('Knows [credential].');
    const { webhook: _signs, ...hidden } = secrets;
    expect([
      ...leaksIn(
        [...heard, ...printed, { where: 'the log', text: stderr }, { where: 'its output', text: stdout }],
        secrets,
      ),
      ...leaksIn([{ where: 'the model', text: told }], secrets),
      ...leaksIn(
        outside.hook.received.map((one) => ({ where: 'a delivery', text: JSON.stringify(one) })),
        secrets,
      ),
      // One cannot sign with a hash, so that what webhooks are signed with lies there as it is.
      ...leaksIn([{ where: 'the database', text: stored }], hidden),
    ]).toEqual([]);
  },
);
