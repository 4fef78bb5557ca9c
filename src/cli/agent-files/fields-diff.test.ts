import { expect, test } from 'vitest';
import { agentFields } from './agent-fields.ts';
import { fieldsDiff, type Side, visible } from './fields-diff.ts';

/** A version of an agent, but for what a test sets. */
function version(number: number, set: object = {}): Side {
  const usual = { name: 'triage', model: 'claude-a', system: 'Sort tickets.' };
  return { label: `version ${number}`, fields: agentFields({ ...usual, ...set }) };
}

test('Two versions differ by all that sessions get of them, and not by their labels', () => {
  expect(fieldsDiff(version(1), version(2))).toEqual([]);
  const changed = version(2, { model: 'claude-b', system: 'Sort tickets.\nBe brief.' });
  expect(fieldsDiff(version(1), changed)).toEqual([
    '--- version 1',
    '+++ version 2',
    ...['@@ -1,6 +1,7 @@', ' ---', ' name: triage', '-model: claude-a', '+model: claude-b', ' ---', ' '],
    ...[' Sort tickets.', '+Be brief.'],
  ]);
});

test('Tools differ line by line, and by what is not usual', () => {
  const look_up = { type: 'custom', name: 'look_up', description: 'Looks up.' };
  const toolset = { type: 'mcp_toolset', mcp_server_name: 'crm', configs: [] };
  const input_schema = { type: 'object', properties: { id: { type: 'string' } } };
  const usual = { enabled: true, permission_policy: { type: 'always_ask' } };
  const before = version(1, {
    tools: [
      { ...look_up, input_schema },
      { ...toolset, default_config: usual },
    ],
  });
  const after = version(2, {
    tools: [
      { ...look_up, input_schema: { ...input_schema, required: ['id'] } },
      { ...toolset, default_config: { ...usual, permission_policy: { type: 'always_allow' } } },
    ],
  });
  expect(fieldsDiff(before, after).filter((line) => /^[-+]/.test(line))).toEqual([
    '--- version 1',
    '+++ version 2',
    ...['+      required:', '+        - id'],
    ...['+    default_config:', '+      permission_policy:', '+        type: always_allow'],
  ]);
});

test('What would hide itself on a terminal is spelled out', () => {
  const sly = version(2, { system: 'Sort\ttickets.\u001b[8m\u202e\u200b\ud800' });
  expect(fieldsDiff(version(1), sly)).toContain('+Sort\ttickets.\\u{1b}[8m\\u{202e}\\u{200b}\\u{d800}');
});

test.each([
  ['a letter of a hidden alphabet', '\u{e0041}'],
  ['what is reserved beside it', '\u{e0000}'],
  ['a mark for the look of a character that is not there', '\u{e0101}'],
  ['a space without width', '\u200b'],
  ['a joiner', '\u2060'],
  ['a filler', '\u3164'],
  ['a soft hyphen', '\u00ad'],
  ['a line end', '\u2028'],
])('Everything that takes no room is spelled out: %s', (_, character) => {
  const code = character.codePointAt(0)?.toString(16);
  expect(visible(`a${character}b`)).toBe(`a\\u{${code}}b`);
});

test('What can be seen stays as it is', () => {
  const text = 'Grüße, 世界\t👍 שלום — “ok”';
  expect(visible(text)).toBe(text);
});
