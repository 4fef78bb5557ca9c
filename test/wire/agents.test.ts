import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { answersIn, converse, errorOf, makeSetting, openSession } from '../story.ts';

let pawl: TestPawl;
let agents: Anthropic.Beta.Agents;

beforeAll(async () => {
  pawl = await startPawl();
  agents = pawl.client.beta.agents;
});

afterAll(() => pawl.server.close());

const fields = { name: 'triage', model: 'claude-test', system: 'Sort tickets.', description: 'Sorts.' };

/** The SDK with its normal retries, and how many requests it really sent. */
function counted() {
  const counter = { requests: 0 };
  const client = new Anthropic({
    baseURL: pawl.url,
    apiKey: pawl.key,
    authToken: null,
    fetch: (input, init) => {
      counter.requests++;
      return fetch(input, init);
    },
  });
  return { client, counter };
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of pages) all.push(item);
  return all;
}

describe('Creating an agent', () => {
  test('echoes the whole resolved object as version 1', async () => {
    const agent = await agents.create(fields);
    expect(agent).toMatchObject({
      id: expect.stringMatching(/^agent_[1-9A-HJ-NP-Za-km-z]{24}$/),
      type: 'agent',
      version: 1,
      ...fields,
      model: { id: 'claude-test', effort: { type: 'high' }, speed: 'standard' },
      tools: [],
      mcp_servers: [],
      skills: [],
      multiagent: null,
      metadata: {},
      execution_identity: { type: 'service_account' },
      archived_at: null,
    });
    expect(agent.created_at).toBe(agent.updated_at);
    expect(agent.created_at).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
    expect(agent.model).not.toHaveProperty('inference_geo');
  });

  test('takes the empty values of what is not there yet', async () => {
    const agent = await agents.create({
      ...fields,
      model: { id: 'claude-test', effort: { type: 'low' }, speed: 'standard' },
      tools: [],
      mcp_servers: [],
      skills: [],
      multiagent: null,
      execution_identity: null,
      metadata: { owner: 'ops' },
    });
    expect(agent).toMatchObject({ model: { effort: { type: 'low' } }, metadata: { owner: 'ops' } });
  });

  test.each([
    ['tools', { tools: [{ type: 'agent_toolset_20260401' }] }],
    ['mcp_servers', { mcp_servers: [{ type: 'url', name: 'x', url: 'https://example.com' }] }],
    ['skills', { skills: [{ type: 'anthropic', skill_id: 'xlsx' }] }],
    ['multiagent', { multiagent: { type: 'coordinator', agents: ['agent_x'] } }],
    ['model', { model: { id: 'm', speed: 'fast' } }],
    ['model', { model: { id: 'm', inference_geo: 'eu' } }],
    ['execution_identity', { execution_identity: { type: 'aws_role', role_arn: 'arn' } }],
  ])('refuses %s by name when it cannot do it', async (field, extra) => {
    const error = await errorOf(agents.create({ ...fields, ...extra } as never));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error.message).toContain(field);
  });

  test.each([
    ['no name', { name: undefined }],
    ['an empty name', { name: '' }],
    ['a name of 257 characters', { name: 'x'.repeat(257) }],
    ['no model', { model: undefined }],
    ['an empty model', { model: '' }],
    ['an unknown effort', { model: { id: 'm', effort: 'huge' } }],
    ['a prompt of 100,001 characters', { system: 'x'.repeat(100_001) }],
    ['a description of 2,049 characters', { description: 'x'.repeat(2049) }],
    ['17 metadata pairs', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, 'x'])) }],
    ['a metadata key of 65 characters', { metadata: { ['k'.repeat(65)]: 'x' } }],
    ['a metadata value of 513 characters', { metadata: { k: 'x'.repeat(513) } }],
    ['metadata that is not text', { metadata: { k: 1 } }],
  ])('refuses %s', async (_name, extra) => {
    const error = await errorOf(agents.create({ ...fields, ...extra } as never));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
  });

  test('takes values at their limits', async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 16 }, (_, i) => [`${i}`.padStart(64, 'k'), 'v'.repeat(512)]),
    );
    const agent = await agents.create({
      name: 'n'.repeat(256),
      model: 'm',
      system: 's'.repeat(100_000),
      description: 'd'.repeat(2048),
      metadata,
    });
    expect(await agents.retrieve(agent.id)).toEqual(agent);
    expect(Object.keys(agent.metadata)).toHaveLength(16);
  });
});

describe('Updating an agent', () => {
  test('says that it cannot be done at all before it says what is wrong with the update', async () => {
    const wrong = { name: '' };
    const nobody = 'agent_111111111111111111111111';
    expect(await errorOf(agents.update(nobody, wrong))).toMatchObject({ status: 404 });
    const agent = await agents.create(fields);
    expect(await errorOf(agents.update(agent.id, { ...wrong, version: 7 }))).toMatchObject({ status: 409 });
    expect(await errorOf(agents.update(agent.id, { ...wrong, version: 1 }))).toMatchObject({ status: 400 });
    await agents.archive(agent.id);
    const archived = await errorOf(agents.update(agent.id, { ...wrong, version: 7 }));
    expect(archived).toMatchObject({ status: 400, errorCode: 'agent_archived' });
  });

  test('makes the next version and leaves the old ones as they were', async () => {
    const first = await agents.create(fields);
    const second = await agents.update(first.id, { version: 1, system: 'New.' });
    expect(second).toMatchObject({
      version: 2,
      system: 'New.',
      name: 'triage',
      created_at: first.created_at,
    });
    expect(second.updated_at > first.updated_at).toBe(true);
    expect(await agents.retrieve(first.id)).toEqual(second);
    const old = await agents.retrieve(first.id, { version: 1 });
    expect(old).toEqual(first);
  });

  test('with a stale version sends exactly one request and is a conflict, even when nothing would change', async () => {
    const agent = await agents.create(fields);
    await agents.update(agent.id, { version: 1, system: 'New.' });
    for (const change of [{ system: 'Other.' }, { system: 'New.' }, {}]) {
      const { client, counter } = counted();
      const error = await errorOf(client.beta.agents.update(agent.id, { version: 1, ...change }));
      expect(error).toBeInstanceOf(Anthropic.ConflictError);
      expect(error).toMatchObject({ status: 409, error: { error: { type: 'conflict_error' } } });
      expect(counter.requests).toBe(1);
    }
    const ahead = await errorOf(counted().client.beta.agents.update(agent.id, { version: 3, system: 'x' }));
    expect(ahead).toBeInstanceOf(Anthropic.ConflictError);
  });

  test('that changes nothing makes no version and does not touch the time', async () => {
    const agent = await agents.create({ ...fields, metadata: { k: 'v' } });
    const same = [
      {},
      fields,
      { model: { id: 'claude-test' } },
      { model: { id: 'claude-test', effort: null } },
      { model: { id: 'claude-test', effort: 'high' as const, speed: 'standard' as const } },
      { tools: [], skills: null, mcp_servers: null, multiagent: null, execution_identity: null },
      { metadata: { k: 'v', absent: null } },
      { metadata: null },
      { version: 1, ...fields },
    ];
    for (const change of same) {
      expect(await agents.update(agent.id, change as never), JSON.stringify(change)).toEqual(agent);
    }
    expect((await agents.versions.list(agent.id)).data).toHaveLength(1);
  });

  test.each([
    ['a name', { name: 'other' }],
    ['a description', { description: 'other' }],
    ['metadata', { metadata: { k: 'w' } }],
    ['an effort', { model: { id: 'claude-test', effort: 'low' } }],
  ])('of %s alone makes a version', async (_name, change) => {
    const agent = await agents.create({ ...fields, metadata: { k: 'v' } });
    expect((await agents.update(agent.id, change as never)).version).toBe(2);
  });

  test('patches metadata by key', async () => {
    const agent = await agents.create({ ...fields, metadata: { keep: '1', change: '2', drop: '3' } });
    const updated = await agents.update(agent.id, { metadata: { change: 'x', drop: null, add: 'y' } });
    expect(updated.metadata).toEqual({ keep: '1', change: 'x', add: 'y' });
  });

  test('checks metadata limits on the result, not on the patch', async () => {
    const pairs = (from: number, to: number, value: string | null) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`k${from + i}`, value]));
    const agent = await agents.create({ ...fields, metadata: pairs(0, 16, 'v') as Record<string, string> });
    expect(await errorOf(agents.update(agent.id, { metadata: { one_more: 'v' } }))).toMatchObject({
      status: 400,
    });
    const swapped = await agents.update(agent.id, {
      metadata: { ...pairs(0, 16, null), ...pairs(20, 36, 'w') },
    });
    expect(Object.keys(swapped.metadata)).toHaveLength(16);
  });

  test('clears with null and with empty text', async () => {
    const agent = await agents.create({ ...fields, metadata: { k: 'v' } });
    const cleared = await agents.update(agent.id, {
      system: null,
      description: '',
      tools: [],
      metadata: { k: null },
    });
    expect(cleared).toMatchObject({ version: 2, system: null, description: null, tools: [], metadata: {} });
    const again = await agents.update(agent.id, { system: '', description: null });
    expect(again.version).toBe(2);
  });

  test.each([
    ['a name of null', { name: null }],
    ['an empty name', { name: '' }],
    ['a model of null', { model: null }],
    ['version 0', { version: 0 }],
    ['version 1.5', { version: 1.5 }],
    ['a version in words', { version: 'one' }],
  ])('refuses %s', async (_name, change) => {
    const agent = await agents.create(fields);
    expect(await errorOf(agents.update(agent.id, change as never))).toBeInstanceOf(Anthropic.BadRequestError);
    expect((await agents.retrieve(agent.id)).version).toBe(1);
  });

  test('keeps the effort with the same model and drops it with another', async () => {
    const agent = await agents.create({ ...fields, model: { id: 'a', effort: 'low' } });
    const kept = await agents.update(agent.id, { model: 'a' });
    expect(kept).toMatchObject({ version: 1, model: { id: 'a', effort: { type: 'low' } } });
    const dropped = await agents.update(agent.id, { model: { id: 'b' } });
    expect(dropped.model).toMatchObject({ id: 'b', effort: { type: 'high' } });
  });

  test('without a version from two sides at once makes two versions', async () => {
    const agent = await agents.create(fields);
    const made = await Promise.all([
      agents.update(agent.id, { system: 'left' }),
      agents.update(agent.id, { description: 'right' }),
    ]);
    expect(made.map(({ version }) => version).sort()).toEqual([2, 3]);
    expect(await agents.retrieve(agent.id)).toMatchObject({
      version: 3,
      system: 'left',
      description: 'right',
    });
  });

  test('of an agent that is not there is 404', async () => {
    expect(await errorOf(agents.update('agent_nothere', { system: 'x' }))).toBeInstanceOf(
      Anthropic.NotFoundError,
    );
  });
});

describe('Reading agents', () => {
  test('knows no version above the latest, and none below 1', async () => {
    const agent = await agents.create(fields);
    expect(await errorOf(agents.retrieve(agent.id, { version: 2 }))).toMatchObject({ status: 404 });
    for (const version of [0, -1, 1.5]) {
      expect(await errorOf(agents.retrieve(agent.id, { version })), `${version}`).toMatchObject({
        status: 400,
      });
    }
    expect(await errorOf(agents.retrieve('agent_nothere'))).toMatchObject({ status: 404 });
    expect(await errorOf(collect(agents.versions.list('agent_nothere')))).toMatchObject({ status: 404 });
  });

  test('lists full versions, newest first, page by page', async () => {
    const agent = await agents.create(fields);
    for (let n = 2; n <= 7; n++) await agents.update(agent.id, { system: `Prompt ${n}` });
    const all = await collect(agents.versions.list(agent.id, { limit: 3 }));
    expect(all.map(({ version }) => version)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    for (const version of all) {
      expect(version).toEqual(await agents.retrieve(agent.id, { version: version.version }));
    }
  });

  test('lists agents newest first, each at its latest version, without a way back', async () => {
    const made = [];
    for (let n = 0; n < 5; n++) made.push(await agents.create({ ...fields, name: `listed ${n}` }));
    await agents.update(made[0]?.id ?? '', { system: 'second' });
    const page = await agents.list({ limit: 2 });
    expect(page).not.toHaveProperty('prev_page');
    expect(page.data.map(({ name }) => name)).toEqual(['listed 4', 'listed 3']);
    const listed = await collect(agents.list({ limit: 2 }));
    expect(listed.slice(0, 5).map(({ id }) => id)).toEqual(made.map(({ id }) => id).reverse());
    expect(listed[4]).toMatchObject({ version: 2, system: 'second' });
    expect(new Set(listed.map(({ id }) => id)).size).toBe(listed.length);
  });

  test('neither repeats nor skips when agents are made between pages', async () => {
    const before = [];
    for (let n = 0; n < 6; n++) before.push((await agents.create(fields)).id);
    const seen: string[] = [];
    for await (const agent of agents.list({ limit: 2 })) {
      seen.push(agent.id);
      if (seen.length % 2 === 0 && seen.length <= 6) await agents.create(fields);
    }
    expect(seen.slice(0, 6)).toEqual(before.reverse());
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('by time includes both bounds', async () => {
    const agent = await agents.create(fields);
    const at = agent.created_at;
    const found = await agents.list({ 'created_at[gte]': at, 'created_at[lte]': at });
    expect(found.data.map(({ id }) => id)).toEqual([agent.id]);
    expect(found.next_page).toBeNull();
  });
});

describe('Archiving an agent', () => {
  test('is for good, and once', async () => {
    const agent = await agents.create(fields);
    const archived = await agents.archive(agent.id);
    expect(archived).toMatchObject({ version: 1, archived_at: expect.any(String) });
    expect(await agents.archive(agent.id)).toEqual(archived);
    expect(await agents.retrieve(agent.id)).toEqual(archived);
    expect((await agents.retrieve(agent.id, { version: 1 })).archived_at).toBe(archived.archived_at);
    expect((await agents.versions.list(agent.id)).data).toHaveLength(1);
    const ids = async (include_archived: boolean) =>
      (await collect(agents.list({ include_archived, limit: 100 }))).map(({ id }) => id);
    expect(await ids(false)).not.toContain(agent.id);
    expect(await ids(true)).toContain(agent.id);
    expect(await errorOf(agents.archive('agent_nothere'))).toMatchObject({ status: 404 });
  });

  test('refuses updates and new sessions, and lets old sessions go on', async () => {
    const client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
    const setting = await makeSetting(client, { system: 'Say hello.' });
    const session = await openSession(client, setting);
    const { id } = await client.beta.agents.archive(setting.agent.id);
    expect(await errorOf(client.beta.agents.update(id, { system: 'x' }))).toMatchObject({ status: 400 });
    expect(await errorOf(client.beta.agents.update(id, { version: 9, system: 'x' }))).toMatchObject({
      status: 400,
    });
    for (const agent of [id, { type: 'agent' as const, id, version: 1 }]) {
      const created = client.beta.sessions.create({ agent, environment_id: setting.environment_id });
      expect(await errorOf(created)).toMatchObject({ status: 400 });
    }
    expect(answersIn(await converse(client, session.id, 'Hello?'))).toHaveLength(1);
    expect(answersIn(await converse(client, session.id, 'Still there?'))).toHaveLength(2);
  });
});
