import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentHash } from '../core/canonical.ts';
import { PawlError } from '../core/errors.ts';
import { type AgentChanges, firstConfig, mergeConfig, resolveOverrides } from './merge.ts';

const model = { id: 'claude-x', effort: null };
const first = firstConfig({ name: 'Porter', model });

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
    expect(resolveOverrides({})).toBeNull();
    expect(resolveOverrides({ model: undefined, system: undefined, tools: undefined })).toBeNull();
  });

  test('replace the whole model, at its default effort', () => {
    expect(resolveOverrides({ model: { id: 'm2', effort: 'max' } })).toEqual({
      model: { id: 'm2', effort: { type: 'high' }, speed: 'standard' },
    });
  });

  test('clear what is null or empty', () => {
    expect(resolveOverrides({ system: null, tools: null, mcp_servers: [], skills: null })).toEqual({
      system: null,
      tools: [],
      mcp_servers: [],
      skills: [],
    });
    expect(resolveOverrides({ system: '' })).toEqual({ system: null });
    expect(resolveOverrides({ system: 'Other.' })).toEqual({ system: 'Other.' });
  });

  test('cannot take the model away', () => {
    expect(() => resolveOverrides({ model: null })).toThrow(
      new PawlError('agent_model_required', 'agent.model: a session cannot run without a model'),
    );
  });
});
