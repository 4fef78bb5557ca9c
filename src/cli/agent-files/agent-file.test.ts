import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentFields } from './agent-fields.ts';
import { parseAgentFile, writeAgentFile } from './agent-file.ts';

const head = '---\nname: Triage\nmodel: claude-sonnet-4-6\n---\n';
const parse = (text: string) => parseAgentFile(text, 'agents/triage.md');
const promptOf = (body: string) => parse(`${head}${body}`).system;

test('An agent file says in its front matter what the agent is, and in its body what it is told', () => {
  const text = `---
# What the agent is for, a reader finds here.
name: Triage
description: Sorts tickets
model: { id: claude-sonnet-4-6, effort: low }
metadata: { team: support }
---

You sort tickets.
`;
  expect(parse(text)).toEqual({
    name: 'Triage',
    description: 'Sorts tickets',
    model: { id: 'claude-sonnet-4-6', effort: 'low' },
    ...{ tools: [], mcp_servers: [], skills: [], multiagent: null, execution_identity: null },
    metadata: { team: 'support' },
    system: 'You sort tickets.',
  });
});

describe('The prompt', () => {
  test.each([
    ['a\n', 'a'],
    ['\na\n', 'a'],
    ['a', 'a'],
    ['\n\na\n\n', '\na\n'],
    ['  a\t\n', '  a\t'],
    ['a\n---\nb\n---\n', 'a\n---\nb\n---'],
    ['---\n', '---'],
    ['a\r\nb\n', 'a\r\nb'],
    ['# Größe 👩🏽\n', '# Größe 👩🏽'],
  ])('of the body %j is %j', (body, prompt) => {
    expect(promptOf(body)).toBe(prompt);
  });

  test.each(['', '\n', '\n\n'])('of the body %j is none', (body) => {
    expect(promptOf(body)).toBeNull();
  });

  test('of a file without a line end after its front matter is none', () => {
    expect(parse(head.trimEnd()).system).toBeNull();
  });

  test('is the same in a file whose lines all end with CRLF', () => {
    const text = `${head}\nYou sort\n\ntickets.\n`;
    expect(parse(text.replaceAll('\n', '\r\n'))).toEqual(parse(text));
  });
});

describe('What cannot be read is told with its line:', () => {
  test.each([
    ['no front matter', 'You sort tickets.\n', 'line 1: an agent file begins with a line ---'],
    ['a blank line before it', `\n${head}`, 'line 1: an agent file begins'],
    ['no end of it', '---\nname: Triage\n', 'the line --- after the fields of the agent is missing'],
    ['broken YAML', '---\nname: Triage\nmodel: [a\n---\n', 'line 4: Flow sequence'],
    ['a field twice', '---\nname: a\nname: b\n---\n', 'line 3: Map keys must be unique'],
    ['no map', '---\n- name\n---\n', 'line 2: the fields of an agent must be a map'],
    ['nothing', '---\n---\n', 'line 2: the fields of an agent must be a map'],
    ['an unknown field', '---\nname: a\n\nmodle: b\n---\n', 'line 4: modle: unknown; the fields of an agent'],
    ['an odd field', '---\n7: a\n---\n', 'line 2: 7: unknown'],
    ['a prompt among the fields', '---\nname: a\nsystem: b\n---\n', 'line 3: system: the prompt is what'],
    ['no name', '---\nmodel: b\n---\n', 'agents/triage.md: name is missing'],
    ['no model', '---\nname: b\n---\n', 'agents/triage.md: model is missing'],
    ['an empty name', "---\nname: ''\nmodel: b\n---\n", 'line 2: name: must be text that is not empty'],
    ['a model without an id', '---\nname: a\nmodel: {effort: low}\n---\n', 'line 3: model: must be the id'],
    [
      'a description that is none',
      '---\nname: a\nmodel: b\ndescription: [c]\n---\n',
      'description: must be text',
    ],
    ['tools that are no list', '---\nname: a\nmodel: b\ntools: bash\n---\n', 'line 4: tools: must be a list'],
    [
      'metadata that are no text',
      '---\nname: a\nmodel: b\nmetadata: {a: 7}\n---\n',
      'numbers and dates need quotes',
    ],
    ['a reference to nothing', '---\nname: a\nmodel: *b\n---\n', 'Unresolved alias'],
  ])('%s', (_what, text, complaint) => {
    expect(() => parse(text)).toThrow(complaint);
    expect(() => parse(text)).toThrow(/^agents\/triage\.md/);
  });
});

const anyText = fc.string({
  unit: fc.constantFrom('a', '-', '\n', '\r', ' ', ':', '"', '#', '\u2028', 'é'),
  maxLength: 30,
});
const anyCustom = fc.record({
  type: fc.constant('custom'),
  name: anyText,
  description: anyText,
  input_schema: fc.dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
});
const anySettings = fc.record(
  {
    enabled: fc.option(fc.boolean()),
    permission_policy: fc.option(fc.record({ type: fc.constantFrom('always_ask', 'always_allow', 'auto') })),
  },
  { requiredKeys: [] },
);
const anyToolset = fc.record(
  {
    type: fc.constant('mcp_toolset'),
    mcp_server_name: anyText,
    default_config: fc.option(anySettings),
    configs: fc.array(
      fc.tuple(anyText, anySettings).map(([name, settings]) => ({ name, ...settings })),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['type', 'mcp_server_name'] },
);
const anyFields = fc.record(
  {
    name: fc
      .oneof(anyText, fc.constantFrom('yes', '7', 'null', '~', '- a', '---'))
      .filter((text) => text !== ''),
    model: fc.constantFrom('m', { id: 'm', effort: 'low' }, { id: 'true', speed: 'fast' }),
    description: anyText,
    metadata: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
    tools: fc.array(fc.oneof(fc.record({ type: anyText, name: anyText }), anyCustom, anyToolset), {
      maxLength: 2,
    }),
    mcp_servers: fc.array(fc.record({ type: fc.constant('url'), name: anyText, url: anyText }), {
      maxLength: 2,
    }),
    system: fc.option(anyText),
  },
  { requiredKeys: ['name', 'model'] },
);

test('Whatever a server holds can be written as a file and is the same when it is read', () => {
  fc.assert(
    fc.property(anyFields, (given) => {
      const fields = agentFields(given);
      expect(parse(writeAgentFile(fields))).toEqual(fields);
    }),
  );
});

test('Writing over a file says the new without losing what else there is', () => {
  fc.assert(
    fc.property(anyFields, anyFields, (before, after) => {
      const over = writeAgentFile(agentFields(before));
      expect(parse(writeAgentFile(agentFields(after), over))).toEqual(agentFields(after));
    }),
  );
  const over = `---\n# Why there is such an agent.\nmodel: a # the small one\nname: Triage\n---\nSort.\n`;
  const fields = { ...parse(over), description: 'Sorts', system: 'Sort well.' };
  expect(writeAgentFile(fields, over)).toBe(
    `---\n# Why there is such an agent.\nmodel: a # the small one\nname: Triage\ndescription: Sorts\n---\n\nSort well.\n`,
  );
});
