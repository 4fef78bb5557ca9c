import { describe, expect, test } from 'vitest';
import { agentFields, creationOf, fieldsToPull, holds, updateOf } from './agent-fields.ts';

/** An agent as a server gives it, with everything filled in. */
const answer = {
  name: 'Triage',
  model: { id: 'm', effort: { type: 'high' }, speed: 'standard' },
  ...{ system: 'Sort.', description: null, tools: [], mcp_servers: [], skills: [], multiagent: null },
  metadata: {},
  execution_identity: { type: 'service_account' },
};
const server = (changes: object = {}) => agentFields({ ...answer, ...changes });
const file = (changes: object = {}) =>
  agentFields({ name: 'Triage', model: 'm', system: 'Sort.', ...changes });

describe('A server holds what a file says', () => {
  test('when it has filled in nothing but what is usual', () => {
    expect(holds(server(), file())).toBe(true);
    expect(holds(server(), file({ description: '', metadata: null, execution_identity: null }))).toBe(true);
  });

  test('whatever the effort is that the file leaves open', () => {
    const model = { id: 'm', effort: { type: 'low' }, speed: 'standard' };
    expect(holds(server({ model }), file())).toBe(true);
    expect(holds(server({ model }), file({ model: { id: 'm', effort: 'low' } }))).toBe(true);
    expect(holds(server({ model }), file({ model: { id: 'm', effort: { type: 'low' } } }))).toBe(true);
    expect(holds(server({ model }), file({ model: { id: 'm', effort: 'max' } }))).toBe(false);
  });

  test('whatever the inside of tools is that the file leaves open', () => {
    const filled = [{ type: 'agent_toolset', configs: [], default_config: { enabled: true } }];
    expect(holds(server({ tools: filled }), file({ tools: [{ type: 'agent_toolset' }] }))).toBe(true);
    const off = [{ type: 'agent_toolset', default_config: { enabled: false } }];
    expect(holds(server({ tools: filled }), file({ tools: off }))).toBe(false);
    expect(
      holds(server({ tools: [...filled, ...filled] }), file({ tools: [{ type: 'agent_toolset' }] })),
    ).toBe(false);
  });

  test('when a toolset has what is usual, and one inherits what its server fills in', () => {
    const usual = { enabled: true, permission_policy: { type: 'always_ask' } };
    const allowed = { enabled: true, permission_policy: { type: 'always_allow' } };
    const toolset = { type: 'mcp_toolset', mcp_server_name: 'crm' };
    const filled = { ...toolset, default_config: usual, configs: [{ name: 'find', ...allowed }] };
    const said = [
      { configs: [{ name: 'find', permission_policy: { type: 'always_allow' } }] },
      {
        default_config: null,
        configs: [{ name: 'find', enabled: null, permission_policy: { type: 'always_allow' } }],
      },
      { default_config: { enabled: true }, configs: [{ name: 'find', ...allowed }] },
    ];
    for (const words of said) {
      expect(
        holds(server({ tools: [filled] }), file({ tools: [{ ...toolset, ...words }] })),
        `${words}`,
      ).toBe(true);
    }
    const others = [
      {},
      { configs: [{ name: 'find' }] },
      { configs: [{ name: 'drop', permission_policy: { type: 'always_allow' } }] },
      { ...said[0], default_config: { enabled: false } },
      { default_config: { permission_policy: { type: 'always_allow' } }, configs: [{ name: 'find' }] },
    ];
    for (const words of others) {
      expect(
        holds(server({ tools: [filled] }), file({ tools: [{ ...toolset, ...words }] })),
        `${words}`,
      ).toBe(false);
    }
  });

  test('but not less of the schema of a tool, which no server fills in', () => {
    const tool = (input_schema: object) => ({
      tools: [{ type: 'custom', name: 'a', description: 'b', input_schema }],
    });
    const whole = { type: 'object', properties: { id: { type: 'string' }, of: {} }, required: ['id'] };
    const { required: _required, ...optional } = whole;
    expect(holds(server(tool(whole)), file(tool(whole)))).toBe(true);
    expect(holds(server(tool(whole)), file(tool(optional)))).toBe(false);
    expect(holds(server(tool(optional)), file(tool({ ...optional, required: null })))).toBe(true);
    expect(holds(server(tool(whole)), file(tool({ ...whole, properties: { id: { type: 'string' } } })))).toBe(
      false,
    );
  });

  test.each([
    { name: 'Other' },
    { model: { ...answer.model, id: 'n' } },
    { model: { ...answer.model, speed: 'fast' } },
    { model: { ...answer.model, inference_geo: 'eu' } },
    { system: 'Sort well.' },
    { system: null },
    { description: 'More' },
    { metadata: { team: 'support' } },
    { tools: [{ type: 'agent_toolset' }] },
    { multiagent: { type: 'roster' } },
    { execution_identity: { type: 'user' } },
  ])('and no more than that: %j is something else', (changes) => {
    expect(holds(server(changes), file())).toBe(false);
  });
});

test('A new agent is asked for with what the file says and nothing else', () => {
  expect(creationOf(file({ metadata: { team: 'support' } }))).toEqual({
    name: 'Triage',
    model: { id: 'm' },
    metadata: { team: 'support' },
    system: 'Sort.',
  });
});

test('An update says everything, clears what the file no longer says, and names its version', () => {
  const before = { version: 3, fields: server({ description: 'Old', metadata: { team: 'a', old: 'b' } }) };
  expect(updateOf(file({ metadata: { team: 'c' } }), before)).toEqual({
    version: 3,
    ...{ name: 'Triage', model: { id: 'm' }, system: 'Sort.', description: null },
    ...{ tools: [], mcp_servers: [], skills: [], multiagent: null, execution_identity: null },
    metadata: { team: 'c', old: null },
  });
});

describe('What is pulled', () => {
  test('leaves out what is usual', () => {
    expect(fieldsToPull(server(), null)).toEqual(file());
    expect(fieldsToPull(server(), file())).toEqual(file());
  });

  test('says the effort where it is not the usual one, or where the file does', () => {
    const low = server({ model: { id: 'm', effort: { type: 'low' } } });
    expect(fieldsToPull(low, file()).model).toEqual({ id: 'm', effort: 'low' });
    const spoken = file({ model: { id: 'm', effort: 'low' } });
    expect(fieldsToPull(server(), spoken).model).toEqual({ id: 'm', effort: 'high' });
  });

  test('says of a toolset what is not usual, with its name in front', () => {
    const tools = [
      {
        configs: [{ permission_policy: { type: 'always_ask' }, name: 'drop', enabled: false }],
        default_config: { enabled: true, permission_policy: { type: 'always_ask' } },
        mcp_server_name: 'crm',
        type: 'mcp_toolset',
      },
    ];
    expect(JSON.stringify(fieldsToPull(server({ tools }), null).tools)).toBe(
      JSON.stringify([
        { type: 'mcp_toolset', mcp_server_name: 'crm', configs: [{ name: 'drop', enabled: false }] },
      ]),
    );
  });

  test('keeps the shorter words of the file for tools that are as it says', () => {
    const short = file({ tools: [{ type: 'agent_toolset' }] });
    const filled = [{ type: 'agent_toolset', configs: [] }];
    expect(fieldsToPull(server({ tools: filled }), short)).toEqual(short);
    expect(fieldsToPull(server({ tools: [] }), short)).toEqual(file());
    expect(fieldsToPull(server({ tools: filled }), null).tools).toEqual(filled);
  });
});
