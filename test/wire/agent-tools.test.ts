import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { errorOf, makeSetting, openSession, type Setting } from '../story.ts';

/*
 * The goal: an agent's tools and MCP servers come back filled in, make a version only when something differs, and are
 * refused with the place of what is wrong, wherever they are said.
 */

type Agents = Anthropic.Beta.Agents;
type ToolParams = NonNullable<Anthropic.Beta.AgentCreateParams['tools']>[number];

let pawl: TestPawl;
let agents: Agents;
let setting: Setting;

beforeAll(async () => {
  pawl = await startPawl();
  agents = pawl.client.beta.agents;
  setting = await makeSetting(pawl.client);
});

afterAll(() => pawl.server.close());

const fields = { name: 'triage', model: 'claude-test' };
const lookUp = {
  type: 'custom',
  name: 'look_up',
  description: 'Looks up a customer.',
  input_schema: {
    type: 'object',
    properties: { id: { type: 'string', pattern: '^C-\\d+$' }, in: { enum: ['eu', 'us'] } },
    required: ['id'],
  },
} as const satisfies ToolParams;
const crm = { type: 'url', name: 'crm', url: 'https://CRM.example.com:443/mcp/' } as const;
const ofCrm = { type: 'mcp_toolset', mcp_server_name: 'crm' } as const;
const armed = { ...fields, tools: [lookUp, ofCrm] as ToolParams[], mcp_servers: [crm] };
const usual = { enabled: true, permission_policy: { type: 'always_ask' } };
const resolved = { tools: [lookUp, { ...ofCrm, default_config: usual, configs: [] }], mcp_servers: [crm] };

/** What is refused, and that nothing else is said. */
async function refusal(call: PromiseLike<unknown>): Promise<{ code: string; message: string }> {
  const error = await errorOf(call);
  expect(error.status).toBe(400);
  const body = error.error as { error: { message: string; details: { error_code: string } } };
  return { code: body.error.details.error_code, message: body.error.message };
}

describe('An agent with tools', () => {
  test('is given back with everything filled in, and its custom tools as they came', async () => {
    const agent = await agents.create(armed);
    expect(agent).toMatchObject({ version: 1, ...resolved });
    expect(await agents.retrieve(agent.id)).toEqual(agent);
    const off = {
      ...ofCrm,
      default_config: { enabled: false, permission_policy: null },
      configs: [
        { name: 'find', enabled: true, permission_policy: { type: 'always_allow' } },
        { name: 'drop', permission_policy: { type: 'auto' } },
      ],
    } as const;
    const updated = await agents.update(agent.id, { tools: [off] as never });
    expect(updated.version).toBe(2);
    expect(updated.tools).toEqual([
      {
        ...ofCrm,
        default_config: { ...usual, enabled: false },
        configs: [
          { name: 'find', enabled: true, permission_policy: { type: 'always_allow' } },
          { name: 'drop', enabled: false, permission_policy: { type: 'auto' } },
        ],
      },
    ]);
    expect(await agents.retrieve(agent.id, { version: 1 })).toEqual(agent);
  });

  test('gets no version from the same tools, in whatever words', async () => {
    const agent = await agents.create(armed);
    const { properties, ...schema } = lookUp.input_schema;
    const same: Anthropic.Beta.AgentUpdateParams[] = [
      { tools: armed.tools },
      { tools: agent.tools as ToolParams[], mcp_servers: [crm] },
      { tools: [lookUp, { ...ofCrm, default_config: null, configs: [] }] },
      {
        tools: [
          { ...lookUp, input_schema: { ...schema, properties: { in: properties.in, id: properties.id } } },
          ofCrm,
        ],
      },
      { mcp_servers: [{ url: crm.url, name: crm.name, type: 'url' }] },
    ];
    for (const change of same) {
      expect(await agents.update(agent.id, change), JSON.stringify(change)).toEqual(agent);
    }
  });

  test.each<[string, Anthropic.Beta.AgentUpdateParams]>([
    ['another order', { tools: [ofCrm, lookUp] }],
    ['another description', { tools: [{ ...lookUp, description: 'Finds a customer.' }, ofCrm] }],
    [
      'another order in a schema',
      {
        tools: [
          {
            ...lookUp,
            input_schema: {
              ...lookUp.input_schema,
              properties: { ...lookUp.input_schema.properties, in: { enum: ['us', 'eu'] } },
            },
          },
          ofCrm,
        ],
      },
    ],
    ['another address', { mcp_servers: [{ ...crm, url: 'https://crm.example.com/mcp' }] }],
    [
      'another policy',
      { tools: [lookUp, { ...ofCrm, default_config: { permission_policy: { type: 'always_allow' } } }] },
    ],
  ])('gets a version and another hash from %s', async (_what, change) => {
    const agent = await agents.create(armed);
    const updated = await agents.update(agent.id, change);
    expect(updated.version).toBe(2);
    const hashOf = (of: unknown) => (of as { pawl: { config_hash: string } }).pawl.config_hash;
    expect(hashOf(updated)).not.toBe(hashOf(agent));
  });

  test('loses them to null and to empty lists', async () => {
    const agent = await agents.create(armed);
    const cleared = await agents.update(agent.id, { tools: null, mcp_servers: [] });
    expect(cleared).toMatchObject({ version: 2, tools: [], mcp_servers: [] });
    expect((await agents.update(agent.id, { tools: [], mcp_servers: null })).version).toBe(2);
    expect(await agents.retrieve(agent.id, { version: 1 })).toEqual(agent);
  });

  test('keeps the tools that an update does not name, and has the result looked at', async () => {
    const agent = await agents.create(armed);
    expect(await agents.update(agent.id, { system: 'New.' })).toMatchObject({ version: 2, ...resolved });
    const withoutServer = await refusal(agents.update(agent.id, { mcp_servers: [] }));
    expect(withoutServer.message).toMatch(/^tools\.1\.mcp_server_name: no server in mcp_servers/);
    const withoutTools = await refusal(agents.update(agent.id, { tools: null }));
    expect(withoutTools.message).toMatch(/^mcp_servers\.0\.name: no mcp_toolset in tools/);
    expect(await agents.retrieve(agent.id)).toMatchObject({ version: 2, ...resolved });
  });

  test('may have as many as are allowed', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${i}`.padStart(255, 'n'));
    const toolsets = names.map((name) => ({ ...ofCrm, mcp_server_name: name }));
    const customs = Array.from({ length: 236 }, (_, i) => ({
      ...lookUp,
      name: `${i}`.padStart(128, 'n'),
      description: 'd'.repeat(4096),
    }));
    const address = 'https://example.com/'.padEnd(2048, 'x');
    const agent = await agents.create({
      ...fields,
      tools: [...customs, ...toolsets],
      mcp_servers: names.map((name) => ({ type: 'url', name, url: address })),
    });
    expect(await agents.retrieve(agent.id)).toEqual(agent);
    expect(agent.tools).toHaveLength(256);
  });
});

const custom = (more: object) => ({ tools: [{ ...lookUp, ...more }] });
const serverAt = (url: string) => ({ tools: [ofCrm], mcp_servers: [{ ...crm, url }] });

describe('What is wrong with tools is said with its place:', () => {
  test.each<[string, object, string | RegExp]>([
    ['no list', { tools: {} }, 'tools: must be a list of tools'],
    [
      '257 tools',
      { tools: Array.from({ length: 257 }, (_, i) => ({ ...lookUp, name: `n${i}` })) },
      'tools: must hold at most 256 tools',
    ],
    ['no tool', { tools: [5] }, "tools.0: must be a tool, of type 'custom' or 'mcp_toolset'"],
    [
      'an unknown type',
      { tools: [lookUp, { type: 'bash_20250124' }] },
      "tools.1.type: must be 'custom' or 'mcp_toolset'",
    ],
    ['an unknown field', custom({ strict: true }), /^tools\.0: .*strict/],
    ['no name', custom({ name: undefined }), /^tools\.0\.name: /],
    [
      'an empty name',
      custom({ name: '' }),
      'tools.0.name: must have 1 to 128 characters, each a letter, a digit, _ or -',
    ],
    ['a long name', custom({ name: 'x'.repeat(129) }), /^tools\.0\.name: must have 1 to 128 characters/],
    ['a name with a space', custom({ name: 'look up' }), /^tools\.0\.name: must have 1 to 128 characters/],
    [
      'a name with a line end',
      custom({ name: 'look_up\n' }),
      /^tools\.0\.name: must have 1 to 128 characters/,
    ],
    [
      'the name of a built-in tool',
      custom({ name: 'web_search' }),
      /^tools\.0\.name: must not be one of bash, read, /,
    ],
    [
      'a name like an MCP tool',
      custom({ name: 'mcp__crm__find' }),
      'tools.0.name: must not begin with mcp__',
    ],
    ['a name twice', { tools: [lookUp, lookUp] }, 'tools.1.name: tools.0 has the same name'],
    ['no description', custom({ description: undefined }), /^tools\.0\.description: /],
    ['an empty description', custom({ description: '' }), 'tools.0.description: must not be empty'],
    [
      'a long description',
      custom({ description: 'x'.repeat(4097) }),
      'tools.0.description: must have at most 4096 characters',
    ],
    ['no schema', custom({ input_schema: undefined }), 'tools.0.input_schema: must be a JSON Schema'],
    [
      'a schema of text',
      custom({ input_schema: { type: 'string' } }),
      "tools.0.input_schema: must have 'object' as its type",
    ],
    [
      'alternatives',
      custom({ input_schema: { type: 'object', anyOf: [] } }),
      /^tools\.0\.input_schema: must not have anyOf at its top/,
    ],
    [
      'a reference',
      custom({ input_schema: { type: 'object', properties: { a: { $ref: '#' } } } }),
      /^tools\.0\.input_schema: must not hold \$ref/,
    ],
    [
      'no schema at all',
      custom({ input_schema: { type: 'object', properties: 5 } }),
      'tools.0.input_schema: must be a JSON Schema, but properties must be object',
    ],
    [
      'a toolset without a server',
      { tools: [ofCrm] },
      /^tools\.0\.mcp_server_name: no server in mcp_servers/,
    ],
    ['a toolset of nobody', { tools: [{ type: 'mcp_toolset' }] }, /^tools\.0\.mcp_server_name: /],
    [
      'two toolsets of a server',
      { tools: [ofCrm, ofCrm], mcp_servers: [crm] },
      /^tools\.1\.mcp_server_name: tools\.0 is a toolset/,
    ],
    [
      'a policy that there is not',
      { tools: [{ ...ofCrm, default_config: { permission_policy: { type: 'never' } } }] },
      'tools.0.default_config.permission_policy.type: must be one of always_allow, always_ask, auto',
    ],
    [
      'a setting that is no switch',
      { tools: [{ ...ofCrm, configs: [{ name: 'a', enabled: 'yes' }] }] },
      'tools.0.configs.0.enabled: must be true, false or null',
    ],
    [
      'settings of nothing',
      { tools: [{ ...ofCrm, configs: [{ name: '' }] }] },
      'tools.0.configs.0.name: must not be empty',
    ],
    [
      'a tool with two settings',
      { tools: [{ ...ofCrm, configs: [{ name: 'a' }, { name: 'a' }] }], mcp_servers: [crm] },
      'tools.0.configs.1.name: configs.0 has the same name',
    ],
    ['no list of servers', { mcp_servers: crm }, 'mcp_servers: must be a list of MCP servers'],
    [
      '21 servers',
      { mcp_servers: Array.from({ length: 21 }, (_, i) => ({ ...crm, name: `n${i}` })) },
      'mcp_servers: must hold at most 20 MCP servers',
    ],
    [
      'a server of another type',
      { mcp_servers: [{ ...crm, type: 'stdio' }] },
      "mcp_servers.0.type: must be 'url'",
    ],
    [
      'a server without a name',
      { mcp_servers: [{ ...crm, name: '' }] },
      'mcp_servers.0.name: must not be empty',
    ],
    [
      'a server with a long name',
      { mcp_servers: [{ ...crm, name: 'x'.repeat(256) }] },
      'mcp_servers.0.name: must have at most 255 characters',
    ],
    [
      'two servers of a name',
      { tools: [ofCrm], mcp_servers: [crm, crm] },
      'mcp_servers.1.name: mcp_servers.0 has the same name',
    ],
    [
      'a server without a toolset',
      { tools: [lookUp], mcp_servers: [crm] },
      /^mcp_servers\.0\.name: no mcp_toolset in tools/,
    ],
    [
      'a token beside an address',
      { mcp_servers: [{ ...crm, authorization_token: 'x' }] },
      /^mcp_servers\.0: .*authorization_token/,
    ],
    ['no address', serverAt('crm'), /^mcp_servers\.0\.url: must be an address that begins with http/],
    ['an address of a file', serverAt('file:///etc/passwd'), /^mcp_servers\.0\.url: must be an address/],
    [
      'an address with spaces around',
      serverAt(' https://crm.example.com '),
      /^mcp_servers\.0\.url: must be an address/,
    ],
    ['an address without a host', serverAt('https://'), /^mcp_servers\.0\.url: must be an address/],
    [
      'a long address',
      serverAt('https://example.com/'.padEnd(2049, 'x')),
      'mcp_servers.0.url: must have at most 2048 characters',
    ],
  ])('%s', async (_what, wrong, sentence) => {
    const before = (await agents.list({ limit: 1 })).data[0]?.id;
    const { code, message } = await refusal(agents.create({ ...fields, ...wrong } as never));
    expect(code).toBe('invalid_request');
    if (typeof sentence === 'string') expect(message).toBe(sentence);
    else expect(message).toMatch(sentence);
    expect((await agents.list({ limit: 1 })).data[0]?.id).toBe(before);
    const agent = await agents.create(fields);
    const updated = await refusal(agents.update(agent.id, wrong as never));
    expect(updated).toEqual({ code, message });
    expect((await agents.retrieve(agent.id)).version).toBe(1);
  });

  test.each(['https://user:hunter2@example.com/mcp', 'https://hunter2@example.com/mcp'])(
    'a secret in an address, and the secret is not told',
    async (url) => {
      const { message } = await refusal(agents.create({ ...fields, ...serverAt(url) } as never));
      expect(message).toMatch(/^mcp_servers\.0\.url: .*no user name or password in it$/);
      expect(message).not.toContain('hunter2');
    },
  );

  test('a toolset that needs a sandbox is not supported', async () => {
    const toolset = { type: 'agent_toolset_20260401', configs: [{ name: 'bash', enabled: false }] };
    const { code, message } = await refusal(agents.create({ ...fields, tools: [lookUp, toolset] } as never));
    expect(code).toBe('not_supported');
    expect(message).toMatch(
      /^tools\.1: 'agent_toolset_20260401' is not supported by this server: .* sandbox/,
    );
  });
});

describe('A session', () => {
  const overriding = (id: string, more: object) =>
    openSession(pawl.client, setting, { agent: { type: 'agent_with_overrides', id, ...more } as never });

  test('has the tools of its agent, unless it is given others', async () => {
    const agent = await agents.create(armed);
    const plain = await openSession(pawl.client, setting, { agent: agent.id });
    expect(plain.agent).toMatchObject(resolved);
    const other = { ...lookUp, name: 'other' };
    const overridden = await overriding(agent.id, { tools: [other, ofCrm] });
    expect(overridden.agent).toMatchObject({ ...resolved, tools: [other, resolved.tools[1]] });
    const cleared = await overriding(agent.id, { tools: null, mcp_servers: [] });
    expect(cleared.agent).toMatchObject({ id: agent.id, version: 1, tools: [], mcp_servers: [] });
    expect(await agents.retrieve(agent.id)).toEqual(agent);
  });

  test('keeps no toolset without its server', async () => {
    const agent = await agents.create(armed);
    for (const mcp_servers of [null, []]) {
      const { code, message } = await refusal(overriding(agent.id, { mcp_servers }));
      expect(code).toBe('invalid_request');
      expect(message).toMatch(/^agent\.tools\.1\.mcp_server_name: no server in mcp_servers has this name/);
    }
    const wrong = await refusal(overriding(agent.id, { tools: [{ ...lookUp, name: 'bash' }] }));
    expect(wrong.message).toMatch(/^agent\.tools\.0\.name: must not be one of bash/);
  });

  test('can be given other tools later, which are checked as an agent’s are', async () => {
    const agent = await agents.create(armed);
    const session = await openSession(pawl.client, setting, { agent: agent.id });
    const update = (changes: object) =>
      pawl.client.beta.sessions.update(session.id, { agent: changes } as never);
    const wrong = await refusal(update({ mcp_servers: [] }));
    expect(wrong.message).toMatch(/^agent\.tools\.1\.mcp_server_name: no server/);
    expect((await refusal(update({ tools: [{ type: 'custom' }] }))).message).toMatch(
      /^agent\.tools\.0\.name: /,
    );
    expect((await update({ tools: armed.tools })).agent).toEqual(session.agent);
    const changed = await update({ tools: [lookUp], mcp_servers: null });
    expect(changed.agent).toMatchObject({ tools: [lookUp], mcp_servers: [] });
    expect(await agents.retrieve(agent.id)).toEqual(agent);
  });
});
