import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AliasResponse } from '../../src/api/aliases.ts';
import { requireAgentReference } from '../../src/api/route.ts';
import type { AgentExtras } from '../../src/api/wire/agents.ts';
import type { SessionExtras } from '../../src/api/wire/sessions.ts';
import type { AliasPolicy } from '../../src/core/release.ts';
import { all, ask, refusal } from '../evals/eval-story.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { converse, errorOf, makeSetting, type Setting } from '../story.ts';

/*
 * The goal: programs for the official SDK reach versions by alias with nothing changed but a string. The method: the
 * SDK unmodified, with `agent_…@production` wherever it takes an agent's id.
 */

let pawl: TestPawl;
let model: ModelServer;
let client: Anthropic;
let setting: Setting;
/** The agent of the test that runs, with versions 1 and 2. */
let id: string;

beforeAll(async () => {
  model = await startModelServer();
  pawl = await startPawl({ anthropic_base_url: model.url });
  client = pawl.client;
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

beforeEach(async () => {
  setting = await makeSetting(client, { system: 'The first prompt.' });
  id = setting.agent.id;
  await client.beta.agents.update(id, { version: 1, system: 'The second prompt.' });
});

type Sent = Parameters<Anthropic['beta']['sessions']['create']>[0]['agent'];

const create = (agent: Sent) =>
  client.beta.sessions.create({ agent, environment_id: setting.environment_id });

/** What this server adds to a session, or to an agent. */
const extrasOf = <T>(thing: object): T => (thing as { pawl: T }).pawl;

const set = (name: string, version: number | null, from: number | null) =>
  ask<AliasResponse>(pawl, `/agents/${id}/aliases/${name}`, { version, from });

const freePolicy = (name: string) =>
  ask<{ policy: AliasPolicy }>(pawl, `/agents/${id}/aliases/${name}/policy`, { protected: false });

/** The code and the sentence of what the SDK was refused. */
async function refused(
  call: PromiseLike<unknown>,
): Promise<{ status: number; code: string; message: string }> {
  const { status, error } = await errorOf(call);
  const body = error as { error: { message: string; details: { error_code: string } } };
  return { status: Number(status), code: body.error.details.error_code, message: body.error.message };
}

describe('A session by alias', () => {
  test('gets the version that the alias stands for, by a string and by an object', async () => {
    await set('production', 1, null);
    const { pawl: held } = (await client.beta.agents.retrieve(id, { version: 1 })) as unknown as {
      pawl: AgentExtras;
    };
    for (const agent of [`${id}@production`, { type: 'agent', id: `${id}@production` }] satisfies Sent[]) {
      const session = await create(agent);
      expect(session.agent).toMatchObject({ id, version: 1, system: 'The first prompt.' });
      expect(extrasOf<SessionExtras>(session)).toMatchObject({
        ...{ version: 1, reason: 'alias', alias: 'production', config_hash: held.config_hash },
        ...{ overridden: false, stopped_at: null },
      });
      expect(await client.beta.sessions.retrieve(session.id)).toMatchObject({ pawl: extrasOf(session) });
    }
  });

  test('takes overrides on top, and is marked', async () => {
    await set('production', 1, null);
    const agent = { type: 'agent_with_overrides', id: `${id}@production`, system: 'Mine.' } as const;
    const session = await create(agent);
    expect(session.agent).toMatchObject({ id, version: 1, system: 'Mine.' });
    const plain = await create(`${id}@production`);
    const extras = extrasOf<SessionExtras>(session);
    expect(extras).toMatchObject({ version: 1, reason: 'alias', alias: 'production', overridden: true });
    expect(extras.config_hash).not.toBe(extrasOf<SessionExtras>(plain).config_hash);
  });

  test('keeps its version when the alias moves, and a new one gets the other', async () => {
    await set('staging', 1, null);
    const before = await create(`${id}@staging`);
    await set('staging', 2, 1);
    const after = await create(`${id}@staging`);
    for (const session of [before, after]) await converse(client, session.id, 'Hello');
    const prompts = model.requests.slice(-2).map(({ body }) => JSON.stringify(body));
    expect(prompts[0]).toContain('The first prompt.');
    expect(prompts[1]).toContain('The second prompt.');
    expect(await client.beta.sessions.retrieve(before.id)).toMatchObject({
      agent: { version: 1 },
      pawl: { version: 1, alias: 'staging', stopped_at: null },
    });
    expect(extrasOf<SessionExtras>(after)).toMatchObject({ version: 2, reason: 'alias' });
  });

  test('that names a version as well is refused, and told which to leave out', async () => {
    await set('production', 1, null);
    const both = [
      () => create({ type: 'agent', id: `${id}@production`, version: 1 }),
      () => create({ type: 'agent', id: `${id}@latest`, version: 2 }),
      () => create({ type: 'agent_with_overrides', id: `${id}@production`, version: 1, system: 'Mine.' }),
      () => client.beta.agents.retrieve(`${id}@production`, { version: 1 }),
    ];
    for (const call of both) {
      const { status, code, message } = await refused(call());
      expect({ status, code }).toEqual({ status: 400, code: 'invalid_request' });
      expect(message).toMatch(/^version: leave it out, or name the agent as agent_/);
    }
  });

  test('that stands for nothing is not made', async () => {
    await freePolicy('empty');
    expect(await ask(pawl, `/agents/${id}/aliases/empty`)).toMatchObject({ version: null, move: 0 });
    await set('gone', 1, null);
    await set('gone', null, 1);
    for (const name of ['nowhere', 'empty', 'gone']) {
      const message = `agent ${id} has no alias ${name} that stands for a version`;
      const missing = { status: 404, code: 'alias_not_found', message };
      expect(await refused(create(`${id}@${name}`))).toEqual(missing);
      expect(await refused(client.beta.agents.retrieve(`${id}@${name}`))).toEqual(missing);
    }
  });

  test('of an agent that is archived is not made', async () => {
    await set('production', 1, null);
    await client.beta.agents.archive(id);
    expect(await refused(create(`${id}@production`))).toMatchObject({ status: 400, code: 'agent_archived' });
    expect(await client.beta.agents.retrieve(`${id}@production`)).toMatchObject({ version: 1 });
  });

  test('of an agent that does not exist is not made', async () => {
    const other = `agent_${'1'.repeat(24)}@production`;
    expect(await refused(create(other))).toMatchObject({ status: 404, code: 'agent_not_found' });
    expect(await refused(client.beta.agents.retrieve(other))).toMatchObject({ code: 'agent_not_found' });
  });
});

describe('@latest', () => {
  test('always stands for the newest version, and cannot be moved', async () => {
    await set('production', 1, null);
    await ask(pawl, `/agents/${id}/settings`, { default_alias: 'production' });
    const session = await create(`${id}@latest`);
    expect(extrasOf(session)).toMatchObject({ version: 2, reason: 'latest', alias: null });
    expect(await client.beta.agents.retrieve(`${id}@latest`)).toMatchObject({ version: 2 });
    const refusedMove = await refusal(pawl, `/agents/${id}/aliases/latest`, { version: 1, from: null });
    expect(refusedMove).toMatchObject({
      status: 400,
      message: 'name: latest always means the newest version',
    });
  });
});

describe('An agent by alias', () => {
  test('is retrieved at that version, whether or not its path is encoded', async () => {
    await set('production', 1, null);
    const agent = await client.beta.agents.retrieve(`${id}@production`);
    expect(agent).toMatchObject({ id, version: 1, system: 'The first prompt.' });
    for (const at of ['@', '%40']) {
      const response = await fetch(`${pawl.url}/v1/agents/${id}${at}production`, {
        headers: { 'x-api-key': pawl.key },
      });
      expect(await response.json()).toEqual(agent);
    }
  });

  test('is neither updated, nor archived, nor listed', async () => {
    await set('production', 1, null);
    const { agents } = client.beta;
    const calls = [
      () => agents.update(`${id}@production`, { version: 2, system: 'Hm.' }),
      () => agents.archive(`${id}@production`),
      () => agents.versions.list(`${id}@production`),
    ];
    for (const call of calls) {
      expect(await refused(call())).toMatchObject({ status: 404, code: 'agent_not_found' });
    }
    expect(await agents.retrieve(id)).toMatchObject({ version: 2, archived_at: null });
  });
});

describe('An agent alone', () => {
  const settings = (default_alias: string | null) => ask(pawl, `/agents/${id}/settings`, { default_alias });

  test('is the latest version, until an alias decides for it', async () => {
    await set('production', 1, null);
    expect(extrasOf(await create(id))).toMatchObject({ version: 2, reason: 'latest', alias: null });
    await settings('production');
    for (const agent of [id, { type: 'agent', id }] satisfies Sent[]) {
      expect(extrasOf(await create(agent))).toMatchObject({
        version: 1,
        reason: 'alias',
        alias: 'production',
      });
    }
    const pinned = await create({ type: 'agent', id, version: 2 });
    expect(extrasOf(pinned)).toMatchObject({ version: 2, reason: 'pinned', alias: null });
    await settings(null);
    expect(extrasOf(await create(id))).toMatchObject({ version: 2, reason: 'latest', alias: null });
  });

  test('is retrieved, updated and listed at its latest version whatever decides for sessions', async () => {
    await set('production', 1, null);
    await settings('production');
    const latest = await client.beta.agents.retrieve(id);
    expect(latest).toMatchObject({ version: 2, pawl: { default_alias: 'production' } });
    expect(await client.beta.agents.update(id, { version: 2, description: 'Sorts.' })).toMatchObject({
      version: 3,
    });
    const { data } = await client.beta.agents.list();
    expect(data.find((agent) => agent.id === id)).toMatchObject({ version: 3 });
  });

  test('is not left to an alias that stands for nothing', async () => {
    await freePolicy('empty');
    for (const name of ['empty', 'nowhere', 'latest']) {
      const refusedDefault = await refusal(pawl, `/agents/${id}/settings`, { default_alias: name });
      expect(refusedDefault).toMatchObject({ status: 404, code: 'alias_not_found' });
    }
    await set('staging', 1, null);
    await settings('staging');
    const removal = await refusal(pawl, `/agents/${id}/aliases/staging`, { version: null, from: 1 });
    expect(removal).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(extrasOf(await create(id))).toMatchObject({ version: 1, alias: 'staging' });
  });
});

/** What stands behind the `@` and can be no alias. */
const odd = [
  ...[
    '',
    '@',
    '@production',
    'production@',
    'Production',
    'PRODUCTION',
    '1st',
    '-x',
    '_x',
    'a b',
    ' a',
    'a ',
  ],
  ...[
    'a'.repeat(64),
    'a'.repeat(400),
    '\0',
    'a\0',
    'a\n',
    'a/b',
    '../a',
    'a\\b',
    'a?b',
    'a#b',
    'a%b',
    'a%40b',
  ],
  ...['prodüction', '😀', 'a.b', 'a:b', "a'b", 'a"b', '*', '%'],
];

describe.each(['SQLite', 'PostgreSQL'])('What can be no alias, on %s,', (kind) => {
  let database: FreshDatabase | null = null;
  let other: TestPawl;
  let agentId: string;
  let environmentId: string;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    other = await startPawl(database === null ? {} : { database_url: database.url });
    const made = await makeSetting(other.client);
    agentId = made.agent.id;
    environmentId = made.environment_id;
  });
  afterAll(async () => {
    await other.server.close();
    await database?.drop();
  });

  test.each(odd)('%j: is not found where an agent is named', async (name) => {
    const { agents, sessions } = other.client.beta;
    const agent = `${agentId}@${name}`;
    const calls = [
      () => sessions.create({ agent, environment_id: environmentId }),
      () => sessions.create({ agent: { type: 'agent', id: agent }, environment_id: environmentId }),
      () => agents.retrieve(agent),
    ];
    for (const call of calls) {
      expect(await refused(call())).toMatchObject({ status: 404, code: 'alias_not_found' });
    }
    expect(() => requireAgentReference(agent)).toThrow(expect.objectContaining({ code: 'alias_not_found' }));
  });

  test.each(odd.filter((name) => name !== '' && !/[./]/.test(name)))('%j: is not made', async (name) => {
    const path = `/agents/${agentId}/aliases/${encodeURIComponent(name)}`;
    const missing = name.includes('\0') ? 'invalid_request' : 'alias_not_found';
    expect(await refusal(other, path)).toMatchObject({ code: missing });
    for (const end of ['', '/rollback', '/release', '/policy']) {
      const { status } = await refusal(other, path + end, end === '' ? { version: 1, from: null } : {});
      expect([400, 404], end).toContain(status);
    }
    expect(
      (await refusal(other, `/agents/${agentId}/settings`, { default_alias: name })).status,
    ).toBeLessThan(500);
    expect(await ask(other, `/agents/${agentId}/aliases`)).toMatchObject({ data: [] });
  });
});

describe('Aliases', () => {
  test('are at most a hundred of one agent, and a thousand of ten do no harm', async () => {
    const { agents } = client.beta;
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, n) => agents.create({ name: `agent ${n}`, model: 'claude-test' })),
    );
    const names = Array.from({ length: 100 }, (_, n) => `alias-${n}`);
    for (const agent of made) {
      await Promise.all(
        names.map((name) => ask(pawl, `/agents/${agent.id}/aliases/${name}`, { version: 1, from: null })),
      );
      const listed = await all<AliasResponse>(pawl, `/agents/${agent.id}/aliases`);
      expect(listed.map(({ name }) => name)).toEqual(names.toSorted());
      expect(await agents.retrieve(`${agent.id}@alias-99`)).toMatchObject({ id: agent.id, version: 1 });
      const more = await refusal(pawl, `/agents/${agent.id}/aliases/more`, { version: 1, from: null });
      expect(more).toMatchObject({ status: 400, message: 'name: an agent has at most 100 aliases' });
    }
  });
});

describe('A version', () => {
  const update = (message: string, system: string) =>
    client.beta.agents.update(id, { version: 2, system }, { headers: { 'pawl-message': message } });

  test('says who made it, and what they said', async () => {
    const made = await client.beta.agents.create(
      { name: 'mine', model: 'claude-test' },
      { headers: { 'pawl-message': 'the first one' } },
    );
    expect(extrasOf<AgentExtras>(made)).toMatchObject({ author: 'preset', message: 'the first one' });
    const text = 'Größe, “quotes”\nand 😀 100 %';
    const next = await update(encodeURIComponent(text), 'The third prompt.');
    expect(next).toMatchObject({ version: 3, pawl: { author: 'preset', message: text } });
    const { data } = await client.beta.agents.versions.list(id);
    expect(data.map((one) => extrasOf<AgentExtras>(one).message)).toEqual([text, null, null]);
    expect(await ask(pawl, `/audit?subject=${id}&limit=1`)).toMatchObject({
      data: [{ action: 'agent.updated', reason: text, after: { version: 3 } }],
    });
  });

  test('has no message where an empty one was sent', async () => {
    expect(await update('', 'The third prompt.')).toMatchObject({ pawl: { message: null } });
  });

  test('takes a message of a thousand characters, and not one more', async () => {
    const long = '文'.repeat(1000);
    expect(await refused(update(encodeURIComponent(`${long}a`), 'Other.'))).toEqual({
      ...{ status: 400, code: 'invalid_request' },
      message: 'pawl-message: must be URI-encoded text of at most 1000 characters',
    });
    expect(await client.beta.agents.retrieve(id)).toMatchObject({ version: 2 });
    expect(await update(encodeURIComponent(long), 'Other.')).toMatchObject({ pawl: { message: long } });
  });

  test.each(['%', '%zz', '%ff', '%00', 'a%00b'])('is not made with the message %j', async (message) => {
    expect(await refused(update(message, 'Other.'))).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^pawl-message: /),
    });
    expect(await client.beta.agents.retrieve(id)).toMatchObject({ version: 2 });
  });
});
