import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import {
  answersIn,
  converse,
  errorOf,
  history,
  makeSetting,
  openSession,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';

let model: ModelServer;
let pawl: TestPawl;
let client: Anthropic;
let sessions: Anthropic.Beta.Sessions;
let setting: Setting;

beforeAll(async () => {
  model = await startModelServer({ reply: ({ system, model: id }) => `${id} was told: ${system}` });
  pawl = await startPawl({
    anthropic_base_url: model.url,
    anthropic_api_key: 'upstream-key',
    model_max_retries: '0',
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  sessions = client.beta.sessions;
  setting = await makeSetting(client, { system: 'First prompt.' });
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

describe('Creating a session', () => {
  test('gives an idle one without any event', async () => {
    const session = await openSession(client, setting, { title: 'Ticket 1', metadata: { ticket: '1' } });
    expect(session).toMatchObject({
      id: expect.stringMatching(/^sesn_[1-9A-HJ-NP-Za-km-z]{24}$/),
      type: 'session',
      status: 'idle',
      title: 'Ticket 1',
      metadata: { ticket: '1' },
      environment_id: setting.environment_id,
      resources: [],
      vault_ids: [],
      budget: null,
      outcome_evaluations: [],
      deployment_id: null,
      archived_at: null,
      usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, active_seconds: 0 },
      stats: { active_seconds: 0 },
    });
    expect(session.agent).toMatchObject({
      type: 'agent',
      id: setting.agent.id,
      version: 1,
      system: 'First prompt.',
    });
    expect(session.agent).not.toHaveProperty('metadata');
    expect(session.agent).not.toHaveProperty('created_at');
    expect(await history(client, session.id)).toEqual([]);
  });

  test('tells under its own key how the version was chosen', async () => {
    const latest = await openSession(client, setting);
    expect(latest).toMatchObject({
      pawl: { version: 1, reason: 'latest', overridden: false, served_by: { provider: 'anthropic' } },
    });
    const { id } = setting.agent;
    const pinned = await openSession(client, setting, { agent: { type: 'agent', id, version: 1 } });
    expect(pinned).toMatchObject({ pawl: { version: 1, reason: 'pinned' } });
    const changed = { agent: { type: 'agent_with_overrides' as const, id, system: 'x' } };
    expect(await openSession(client, setting, changed)).toMatchObject({ pawl: { overridden: true } });
  });

  test.each([
    ['an unknown agent', { agent: 'agent_nothere' }, 404],
    ['an unknown environment', { environment_id: 'env_nothere' }, 404],
    ['an id of another kind', { agent: 'env_nothere' }, 404],
    ['no agent', { agent: undefined }, 400],
    ['no environment', { environment_id: undefined }, 400],
    ['a number as agent', { agent: 5 }, 400],
    ['an agent of an unknown type', { agent: { type: 'robot', id: 'agent_x' } }, 400],
    ['resources', { resources: [{ type: 'file', file_id: 'file_x' }] }, 400],
    ['vaults', { vault_ids: ['vlt_x'] }, 400],
    ['a budget', { budget: { type: 'limit', max_list_cost: { amount: '1', currency: 'USD' } } }, 400],
    ['initial events that are none', { initial_events: [{ type: 'user.interrupt' }] }, 400],
  ])('refuses %s', async (_name, fields, status) => {
    expect(await errorOf(openSession(client, setting, fields as never))).toMatchObject({ status });
  });

  test('refuses an unknown version, and version 0', async () => {
    const pinned = (version: number) =>
      openSession(client, setting, { agent: { type: 'agent', id: setting.agent.id, version } });
    expect(await errorOf(pinned(99))).toMatchObject({ status: 404 });
    expect(await errorOf(pinned(0))).toMatchObject({ status: 400 });
    expect(await errorOf(pinned(Number.MAX_SAFE_INTEGER))).toMatchObject({ status: 404 });
  });
});

describe('A session', () => {
  test('keeps showing and running the version that it was created from', async () => {
    const own = await makeSetting(client, { system: 'Old prompt.' });
    const old = await openSession(client, own);
    await client.beta.agents.update(own.agent.id, { version: 1, system: 'New prompt.', name: 'renamed' });
    expect((await sessions.retrieve(old.id)).agent).toMatchObject({
      version: 1,
      system: 'Old prompt.',
      name: 'triage',
    });
    expect(answersIn(await converse(client, old.id, 'Hi'))).toEqual(['claude-test was told: Old prompt.']);
    const fresh = await openSession(client, own);
    expect(fresh.agent).toMatchObject({ version: 2, system: 'New prompt.', name: 'renamed' });
    expect(answersIn(await converse(client, fresh.id, 'Hi'))).toEqual(['claude-test was told: New prompt.']);
    const back = await openSession(client, own, { agent: { type: 'agent', id: own.agent.id, version: 1 } });
    expect(answersIn(await converse(client, back.id, 'Hi'))).toEqual(['claude-test was told: Old prompt.']);
    expect((await sessions.retrieve(old.id)).agent).toEqual(old.agent);
  });

  test('counts its usage and its time', async () => {
    const { id } = await openSession(client, setting);
    await converse(client, id, 'One');
    const once = await sessions.retrieve(id);
    await converse(client, id, 'Two');
    const twice = await sessions.retrieve(id);
    expect(once.usage.output_tokens).toBeGreaterThan(0);
    expect(twice.usage.output_tokens).toBeGreaterThan(once.usage.output_tokens ?? 0);
    expect(twice.stats.active_seconds).toBeGreaterThan(once.stats.active_seconds ?? 0);
    expect(twice.stats.duration_seconds).toBeGreaterThanOrEqual(twice.stats.active_seconds ?? 0);
  });
});

describe('Overrides', () => {
  const override = (fields: object) => {
    const { id } = setting.agent;
    return openSession(client, setting, { agent: { type: 'agent_with_overrides', id, ...fields } });
  };

  test('replace what they name for this session alone', async () => {
    const session = await override({
      version: 1,
      system: 'Special.',
      model: { id: 'claude-other', effort: 'max' },
    });
    expect(session.agent).toMatchObject({
      id: setting.agent.id,
      version: 1,
      name: 'triage',
      system: 'Special.',
      model: { id: 'claude-other', effort: { type: 'high' } },
    });
    expect(answersIn(await converse(client, session.id, 'Hi'))).toEqual(['claude-other was told: Special.']);
    const agent = await client.beta.agents.retrieve(setting.agent.id);
    expect(agent).toMatchObject({ version: 1, system: 'First prompt.' });
  });

  test('that are absent inherit, the effort included', async () => {
    const own = await makeSetting(client);
    await client.beta.agents.update(own.agent.id, { model: { id: 'claude-test', effort: 'low' } });
    const session = await openSession(client, own, {
      agent: { type: 'agent_with_overrides', id: own.agent.id },
    });
    expect(session.agent.model).toMatchObject({ effort: { type: 'low' } });
    expect(session).toMatchObject({ pawl: { overridden: false } });
  });

  test('clear with null', async () => {
    const session = await override({ system: null, tools: [], mcp_servers: null, skills: [] });
    expect(session.agent).toMatchObject({ system: null, tools: [], mcp_servers: [], skills: [] });
    expect(answersIn(await converse(client, session.id, 'Hi'))).toEqual(['claude-test was told: null']);
  });

  test('cannot take the model away', async () => {
    expect(await errorOf(override({ model: null }))).toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'agent_model_required' } } },
    });
  });

  test('refuse by name what cannot be done', async () => {
    const error = await errorOf(override({ tools: [{ type: 'agent_toolset_20260401' }] }));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain('tools');
  });
});

describe('Updating a session', () => {
  test('says in the history what has changed, and only that', async () => {
    const { id } = await openSession(client, setting, { title: 'a', metadata: { x: '1', y: '2' } });
    expect(await sessions.update(id, { title: 'b' })).toMatchObject({
      title: 'b',
      metadata: { x: '1', y: '2' },
    });
    await sessions.update(id, { metadata: { x: null, z: '3' } });
    await sessions.update(id, { title: null });
    await sessions.update(id, { metadata: { y: null, z: null } });
    const events = await history(client, id);
    expect(events).toMatchObject([
      { type: 'session.updated', title: 'b' },
      { type: 'session.updated', metadata: { y: '2', z: '3' } },
      { type: 'session.updated', title: null },
      { type: 'session.updated' },
    ]);
    expect(events[0]).not.toHaveProperty('metadata');
    expect(events[1]).not.toHaveProperty('title');
    expect(events[3]).not.toHaveProperty('metadata');
  });

  test('without an effect writes nothing', async () => {
    const session = await openSession(client, setting, { title: 'a', metadata: { x: '1' } });
    for (const change of [
      {},
      { title: 'a' },
      { metadata: { x: '1', gone: null } },
      { agent: { tools: [] } },
    ]) {
      const updated = await sessions.update(session.id, change);
      expect(updated.updated_at, JSON.stringify(change)).toBe(session.updated_at);
    }
    expect(await history(client, session.id)).toEqual([]);
  });

  test('refuses vaults and tools', async () => {
    const { id } = await openSession(client, setting);
    expect(await errorOf(sessions.update(id, { vault_ids: [] }))).toMatchObject({ status: 400 });
    const tools = [{ type: 'agent_toolset_20260401' as const }];
    expect(await errorOf(sessions.update(id, { agent: { tools } }))).toMatchObject({ status: 400 });
  });
});

describe('The end of a session', () => {
  test('by archive waits for idle, then is for good', async () => {
    model.script(['hang']);
    const { id } = await openSession(client, setting);
    await sessions.events.send(id, { events: [say('Hi')] });
    expect(await errorOf(sessions.delete(id))).toMatchObject({ status: 400 });
    expect(await errorOf(sessions.update(id, { agent: { tools: [] } }))).toMatchObject({ status: 400 });
    expect(await errorOf(sessions.archive(id))).toMatchObject({ status: 400 });
    expect((await errorOf(sessions.archive(id))).message).toContain('running');
    await sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    await untilIdle(client, id);
    const archived = await sessions.archive(id);
    expect(archived).toMatchObject({ status: 'terminated', archived_at: expect.any(String) });
    const again = await sessions.archive(id);
    expect(again).toMatchObject({ archived_at: archived.archived_at, updated_at: archived.updated_at });
    expect(again.stats.duration_seconds).toBe(archived.stats.duration_seconds);
    expect(typesOf(await history(client, id)).slice(-2)).toEqual([
      'session.thread_status_terminated',
      'session.status_terminated',
    ]);
    const ids = async (query: object) =>
      (await sessions.list({ limit: 100, ...query })).data.map((one) => one.id);
    expect(await ids({})).not.toContain(id);
    expect(await ids({ statuses: ['terminated'] })).not.toContain(id);
    expect(await ids({ statuses: ['terminated'], include_archived: true })).toContain(id);
  });

  test('leaves an archived one to be read only', async () => {
    const { id } = await openSession(client, setting);
    await sessions.archive(id);
    const sent = await errorOf(sessions.events.send(id, { events: [say('Hi')] }));
    expect([400, 409]).toContain(sent.status);
    expect(sent.headers?.get('x-should-retry')).toBe('false');
    expect(await errorOf(sessions.update(id, { title: 'x' }))).toMatchObject({ status: 400 });
    expect(await sessions.retrieve(id)).toMatchObject({ status: 'terminated' });
    expect(await sessions.delete(id)).toEqual({ id, type: 'session_deleted' });
  });

  test('by delete leaves nothing', async () => {
    const { id } = await openSession(client, setting);
    await converse(client, id, 'Hi');
    expect(await sessions.delete(id)).toEqual({ id, type: 'session_deleted' });
    const calls: (() => PromiseLike<unknown>)[] = [
      () => sessions.retrieve(id),
      () => sessions.update(id, { title: 'x' }),
      () => sessions.archive(id),
      () => sessions.delete(id),
      () => sessions.events.send(id, { events: [say('Hi')] }),
      () => sessions.events.list(id),
      () => sessions.events.stream(id),
    ];
    for (const call of calls) expect(await errorOf(call())).toBeInstanceOf(Anthropic.NotFoundError);
  });
});
