import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { errorOf } from '../story.ts';

let pawl: TestPawl;
let environments: Anthropic.Beta.Environments;

beforeAll(async () => {
  pawl = await startPawl();
  environments = sdk(pawl.url, pawl.key, { maxRetries: 0 }).beta.environments;
});

afterAll(() => pawl.server.close());

const noPackages = { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };

describe('Creating an environment', () => {
  test('needs a name and nothing else', async () => {
    const environment = await environments.create({ name: 'ticket-triage-env' });
    expect(environment).toEqual({
      id: expect.stringMatching(/^env_[1-9A-HJ-NP-Za-km-z]{24}$/),
      type: 'environment',
      name: 'ticket-triage-env',
      description: null,
      config: { type: 'cloud', networking: { type: 'unrestricted' }, packages: noPackages },
      metadata: {},
      scope: 'organization',
      created_at: expect.any(String),
      updated_at: environment.created_at,
      archived_at: null,
    });
    expect(await environments.retrieve(environment.id)).toEqual(environment);
  });

  test('may repeat a name, as the tutorial does on each run', async () => {
    const names = await Promise.all([
      environments.create({ name: 'same' }),
      environments.create({ name: 'same' }),
    ]);
    expect(names[0]?.id).not.toBe(names[1]?.id);
  });

  test('takes the older name of the cloud config', async () => {
    const config = { type: 'anthropic_cloud', networking: { type: 'unrestricted' } } as never;
    expect((await environments.create({ name: 'e', config })).config.type).toBe('cloud');
  });

  test('fills in what limited networking leaves out', async () => {
    const environment = await environments.create({
      name: 'e',
      config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['*.example.com'] } },
    });
    expect(environment.config).toMatchObject({
      networking: {
        type: 'limited',
        allowed_hosts: ['*.example.com'],
        allow_mcp_servers: false,
        allow_package_managers: false,
      },
    });
  });

  test.each([
    ['no name', {}],
    ['an empty name', { name: '' }],
    ['another scope', { name: 'e', scope: 'account' }],
    ['a self-hosted sandbox', { name: 'e', config: { type: 'self_hosted' } }],
    ['an unknown config', { name: 'e', config: { type: 'moon' } }],
    [
      'a URL as a host',
      {
        name: 'e',
        config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['https://a.b'] } },
      },
    ],
    [
      'packages that limited networking cannot reach',
      {
        name: 'e',
        config: { type: 'cloud', networking: { type: 'limited' }, packages: { pip: ['numpy'] } },
      },
    ],
  ])('refuses %s', async (_name, body) => {
    expect(await errorOf(environments.create(body as never))).toBeInstanceOf(Anthropic.BadRequestError);
  });
});

describe('Updating an environment', () => {
  test('keeps what is absent, at every depth', async () => {
    const made = await environments.create({
      name: 'e',
      config: {
        type: 'cloud',
        networking: { type: 'limited', allowed_hosts: ['a.example'], allow_package_managers: true },
        packages: { pip: ['numpy'] },
      },
    });
    const renamed = await environments.update(made.id, { name: 'f' });
    expect(renamed).toMatchObject({ name: 'f', config: made.config });
    const opened = await environments.update(made.id, {
      config: { type: 'cloud', networking: { type: 'limited', allow_mcp_servers: true } },
    });
    expect(opened.config).toMatchObject({
      networking: { allowed_hosts: ['a.example'], allow_mcp_servers: true, allow_package_managers: true },
      packages: { pip: ['numpy'] },
    });
    const replaced = await environments.update(made.id, {
      config: { type: 'cloud', networking: { type: 'unrestricted' } },
    });
    expect(replaced.config).toMatchObject({
      networking: { type: 'unrestricted' },
      packages: { pip: ['numpy'] },
    });
  });

  test('stores an empty description and clears with null', async () => {
    const { id } = await environments.create({ name: 'e', description: 'd' });
    expect((await environments.update(id, { description: '' })).description).toBe('');
    expect((await environments.update(id, { description: null })).description).toBeNull();
  });

  test('removes a metadata key with null and with empty text', async () => {
    const { id } = await environments.create({ name: 'e', metadata: { a: '1', b: '2', c: '3' } });
    const updated = await environments.update(id, { metadata: { a: null, b: '' } });
    expect(updated.metadata).toEqual({ c: '3' });
  });

  test('to another config type says so by name', async () => {
    const { id } = await environments.create({ name: 'e' });
    const error = await errorOf(environments.update(id, { config: { type: 'self_hosted' } }));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error).toMatchObject({
      error: { error: { details: { error_code: 'invalid_config_type_change' } } },
    });
  });

  test('that changes nothing does not touch the time', async () => {
    const made = await environments.create({ name: 'e' });
    expect(await environments.update(made.id, { name: 'e', config: { type: 'cloud' } })).toEqual(made);
  });
});

describe('The end of an environment', () => {
  test('by archive is for good, and refuses updates and sessions', async () => {
    const { id } = await environments.create({ name: 'e' });
    const archived = await environments.archive(id);
    expect(archived.archived_at).toEqual(expect.any(String));
    expect(await environments.archive(id)).toEqual(archived);
    const error = await errorOf(environments.update(id, { name: 'f' }));
    expect(error).toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'environment_archived' } } },
    });
    const agent = await pawl.client.beta.agents.create({ name: 'a', model: 'm' });
    const created = pawl.client.beta.sessions.create({ agent: agent.id, environment_id: id });
    expect(await errorOf(created)).toBeInstanceOf(Anthropic.BadRequestError);
    const ids = async (include_archived: boolean) =>
      (await environments.list({ include_archived, limit: 100 })).data.map((one) => one.id);
    expect(await ids(false)).not.toContain(id);
    expect(await ids(true)).toContain(id);
  });

  test('by delete gives a body and leaves nothing', async () => {
    const { id } = await environments.create({ name: 'e' });
    expect(await environments.delete(id)).toEqual({ id, type: 'environment_deleted' });
    const calls: (() => PromiseLike<unknown>)[] = [
      () => environments.retrieve(id),
      () => environments.update(id, {}),
      () => environments.delete(id),
    ];
    for (const call of calls) expect(await errorOf(call())).toBeInstanceOf(Anthropic.NotFoundError);
  });

  test('by delete waits for the last of its sessions', async () => {
    const { id } = await environments.create({ name: 'e' });
    const agent = await pawl.client.beta.agents.create({ name: 'a', model: 'm' });
    const session = await pawl.client.beta.sessions.create({ agent: agent.id, environment_id: id });
    expect(await errorOf(environments.delete(id))).toBeInstanceOf(Anthropic.ConflictError);
    await pawl.client.beta.sessions.archive(session.id);
    expect(await errorOf(environments.delete(id))).toBeInstanceOf(Anthropic.ConflictError);
    await pawl.client.beta.sessions.delete(session.id);
    expect(await environments.delete(id)).toMatchObject({ type: 'environment_deleted' });
  });
});
