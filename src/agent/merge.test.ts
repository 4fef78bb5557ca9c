import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveConfig } from '../core/agent-config.ts';
import { contentHash } from '../core/canonical.ts';
import { PawlError } from '../core/errors.ts';
import type { CustomTool, McpServer } from '../core/tools.ts';
import { type AgentChanges, firstConfig, mergeConfig, mergeSessionTools, resolveOverrides } from './merge.ts';
import type { ToolInput } from './tools.ts';

const model = { id: 'claude-x', effort: null };
const first = firstConfig({ name: 'Porter', model });

const custom: CustomTool = {
  ...{ type: 'custom', name: 'look_up', description: 'Looks something up.' },
  input_schema: { type: 'object', properties: { id: { type: 'string' }, of: { enum: ['a', 'b'] } } },
};
const crm: McpServer = { type: 'url', name: 'crm', url: 'https://crm.example.com/mcp' };
const shorthand: ToolInput[] = [custom, { type: 'mcp_toolset', mcp_server_name: 'crm' }];
const armed = firstConfig({ name: 'Porter', model, tools: shorthand, mcp_servers: [crm] });

describe('The config of version 1', () => {
  test('has the defaults of everything that was not said', () => {
    expect(first).toEqual({
      name: 'Porter',
      model: { id: 'claude-x', effort: { type: 'high' }, speed: 'standard' },
      system: null,
      description: null,
      tools: [],
      mcp_servers: [],
      skills: [],
      multiagent: null,
      metadata: {},
      execution_identity: { type: 'service_account' },
    });
  });

  test('takes what was said, and empty text and null as nothing', () => {
    const said = { system: 'Carry.', description: '', metadata: { a: '1', b: null } };
    expect(firstConfig({ name: 'P', model: { id: 'm', effort: 'low' }, ...said })).toMatchObject({
      model: { id: 'm', effort: { type: 'low' } },
      system: 'Carry.',
      description: null,
      metadata: { a: '1' },
    });
    expect(firstConfig({ name: 'P', model, system: null, metadata: null })).toMatchObject({
      system: null,
      metadata: {},
    });
  });

  test('has its tools resolved, and refuses those that do not go together', () => {
    const default_config = { enabled: true, permission_policy: { type: 'always_ask' } };
    expect(armed.tools).toEqual([custom, { ...shorthand[1], default_config, configs: [] }]);
    expect(armed.mcp_servers).toEqual([crm]);
    expect(firstConfig({ name: 'P', model, tools: null, mcp_servers: null })).toMatchObject({
      tools: [],
      mcp_servers: [],
    });
    expect(() => firstConfig({ name: 'P', model, tools: shorthand })).toThrow(/^tools\.1\.mcp_server_name: /);
  });

  test('refuses metadata over its limits', () => {
    expect(() => firstConfig({ name: 'P', model, metadata: { '': 'x' } })).toThrow(PawlError);
  });
});

const text = fc.option(fc.string({ maxLength: 3 }));
const changes = fc.record<AgentChanges>(
  {
    name: fc.string({ minLength: 1, maxLength: 3 }),
    model: fc.record({
      id: fc.constantFrom('claude-x', 'm2'),
      effort: fc.option(fc.constantFrom('low' as const, 'high' as const)),
    }),
    system: text,
    description: text,
    metadata: fc.option(fc.dictionary(fc.constantFrom('a', 'b'), text)),
  },
  { requiredKeys: [] },
);

describe('An update', () => {
  test('leaves what it does not mention', () => {
    const full = firstConfig({ name: 'P', model, system: 's', description: 'd', metadata: { a: '1' } });
    expect(mergeConfig(full, {})).toEqual(full);
    expect(mergeConfig(full, { metadata: null, name: undefined })).toEqual(full);
  });

  test('clears text with null or with nothing in it, and patches metadata by key', () => {
    const full = firstConfig({ name: 'P', model, system: 's', description: 'd', metadata: { a: '1' } });
    expect(mergeConfig(full, { system: null, description: '' })).toMatchObject({
      system: null,
      description: null,
    });
    expect(mergeConfig(full, { metadata: { a: null, b: '' } }).metadata).toEqual({ b: '' });
    expect(mergeConfig(full, { name: 'Q', system: 't', description: 'e' })).toMatchObject({
      name: 'Q',
      system: 't',
      description: 'e',
    });
  });

  test('keeps the effort with the model, unless one of them is said anew', () => {
    const low = firstConfig({ name: 'P', model: { id: 'm', effort: 'low' } });
    const effortAfter = (id: string, effort: 'max' | null) =>
      mergeConfig(low, { model: { id, effort } }).model.effort.type;
    expect(effortAfter('m', null)).toBe('low');
    expect(effortAfter('m', 'max')).toBe('max');
    expect(effortAfter('other', null)).toBe('high');
    expect(effortAfter('other', 'max')).toBe('max');
  });

  test('replaces tools as a whole, and looks at what comes out', () => {
    expect(mergeConfig(armed, { system: 'Carry.' })).toEqual({ ...armed, system: 'Carry.' });
    expect(mergeConfig(armed, { tools: [shorthand[1] as ToolInput] }).tools).toEqual(armed.tools.slice(1));
    expect(mergeConfig(armed, { tools: [], mcp_servers: null })).toEqual({
      ...armed,
      tools: [],
      mcp_servers: [],
    });
    expect(() => mergeConfig(armed, { tools: null })).toThrow(/^mcp_servers\.0\.name: /);
    expect(() => mergeConfig(armed, { mcp_servers: [] })).toThrow(/^tools\.1\.mcp_server_name: /);
  });

  test('to the same tools, in fewer words or in another order of keys, is none', () => {
    const hashOf = (tools: readonly ToolInput[]) => contentHash(mergeConfig(armed, { tools }));
    expect(hashOf(shorthand)).toBe(contentHash(armed));
    const { id, of } = custom.input_schema['properties'] as { id: unknown; of: unknown };
    const turned = { ...custom, input_schema: { properties: { of, id }, type: 'object' } };
    expect(hashOf([turned, ...shorthand.slice(1)])).toBe(contentHash(armed));
  });

  test('to an order of tools, or of what their schemas list, that is another is one', () => {
    const hashes = [
      shorthand,
      shorthand.toReversed(),
      [
        { ...custom, input_schema: { type: 'object', properties: { of: { enum: ['b', 'a'] } } } },
        ...shorthand.slice(1),
      ],
      [
        { ...custom, input_schema: { type: 'object', properties: { of: { enum: ['a', 'b'] } } } },
        ...shorthand.slice(1),
      ],
    ].map((tools) => contentHash(effectiveConfig(mergeConfig(armed, { tools }))));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('changes nothing when it is made again, and nothing of what it was given', () => {
    fc.assert(
      fc.property(changes, changes, (one, other) => {
        const before = mergeConfig(first, one);
        const kept = JSON.stringify(before);
        const after = mergeConfig(before, other);
        expect(contentHash(mergeConfig(after, other))).toBe(contentHash(after));
        expect(JSON.stringify(before)).toBe(kept);
      }),
    );
  });
});

describe('Overrides', () => {
  test('that replace nothing are none', () => {
    expect(resolveOverrides({}, first)).toBeNull();
    expect(resolveOverrides({ model: undefined, system: undefined, tools: undefined }, first)).toBeNull();
  });

  test('replace the whole model, at its default effort', () => {
    expect(resolveOverrides({ model: { id: 'm2', effort: 'max' } }, first)).toEqual({
      model: { id: 'm2', effort: { type: 'high' }, speed: 'standard' },
    });
  });

  test('clear what is null or empty', () => {
    expect(resolveOverrides({ system: null, tools: null, mcp_servers: [], skills: null }, armed)).toEqual({
      system: null,
      tools: [],
      mcp_servers: [],
      skills: [],
    });
    expect(resolveOverrides({ system: '' }, first)).toEqual({ system: null });
    expect(resolveOverrides({ system: 'Other.' }, first)).toEqual({ system: 'Other.' });
  });

  test('cannot take the model away', () => {
    expect(() => resolveOverrides({ model: null }, first)).toThrow(
      new PawlError('agent_model_required', 'agent.model: a session cannot run without a model'),
    );
  });

  test('replace tools, but not so that a toolset is without its server', () => {
    expect(resolveOverrides({ tools: shorthand, mcp_servers: [crm] }, first)).toEqual({
      tools: armed.tools,
      mcp_servers: [crm],
    });
    expect(resolveOverrides({ tools: [custom], mcp_servers: null }, armed)).toEqual({
      tools: [custom],
      mcp_servers: [],
    });
    expect(() => resolveOverrides({ mcp_servers: null }, armed)).toThrow(
      /^agent\.tools\.1\.mcp_server_name: /,
    );
    expect(() => resolveOverrides({ tools: [] }, armed)).toThrow(/^agent\.mcp_servers\.0\.name: /);
  });
});

test('The tools of a session are replaced list by list, and looked at with the ones that stay', () => {
  expect(mergeSessionTools(armed, {})).toEqual({});
  expect(mergeSessionTools(armed, { tools: shorthand })).toEqual({ tools: armed.tools });
  expect(mergeSessionTools(armed, { tools: [], mcp_servers: [] })).toEqual({ tools: [], mcp_servers: [] });
  expect(() => mergeSessionTools(armed, { mcp_servers: [] })).toThrow(
    new PawlError(
      'invalid_request',
      'agent.tools.1.mcp_server_name: no server in mcp_servers has this name; add it there, or leave the toolset out',
    ),
  );
});
