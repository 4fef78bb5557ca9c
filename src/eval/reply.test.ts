import { describe, expect, test } from 'vitest';
import { outcomeWith } from '../../test/scored.ts';
import type { ReplyReader } from './definition.ts';
import { createReader } from './reply.ts';
import type { Reading } from './score.ts';

const read = (reader: ReplyReader, reply: string, labels: readonly string[] | null = null): Reading =>
  createReader(reader, labels)(outcomeWith({ reply }));
const json = (path: string | null): ReplyReader => ({ read: 'json', path });
const regex = (pattern: string, flags = ''): ReplyReader => ({ read: 'regex', pattern, flags });
const reasonOf = (reading: Reading): string => (reading.ok ? 'it was read' : reading.reason);

test('Text is read without the white space around it', () => {
  expect(read({ read: 'text' }, '\n billing \n')).toEqual({ ok: true, value: 'billing' });
});

test('Tool calls are read in the order of asking', () => {
  const tool_calls = [
    { name: 'b', input: { x: 1 } },
    { name: 'a', input: null },
  ];
  expect(createReader({ read: 'tool_calls' }, null)(outcomeWith({ tool_calls }))).toEqual({
    ok: true,
    value: tool_calls,
  });
});

describe('JSON is read', () => {
  test.each([
    ['as it is', '{"team":"a"}'],
    ['with white space around it', ' \n{"team":"a"}\n '],
    ['out of one fence', '```json\n{"team":\n"a"}\n```'],
    ['out of one fence with white space around it', '\n  ```json  \n{"team":"a"}\n```  \n'],
  ])('%s', (_what, reply) => {
    expect(read(json(null), reply)).toEqual({ ok: true, value: { team: 'a' } });
  });

  test('at the end of a path', () => {
    expect(read(json('items[1].id'), '{"items":[{},{"id":7}]}')).toEqual({ ok: true, value: 7 });
  });
});

describe('JSON is not read', () => {
  test.each([
    ['with a sentence before it', 'Here it is: {"team":"a"}'],
    ['with a sentence after its fence', '```json\n{"team":"a"}\n```\nDone.'],
    ['out of two fences', '```json\n1\n```\n```json\n2\n```'],
    ['out of a fence for something else', '```python\n1\n```'],
    ['when it breaks off', '{"team":'],
  ])('%s, and the reason shows what was found', (_what, reply) => {
    expect(reasonOf(read(json(null), reply))).toContain(JSON.stringify(reply).slice(0, -1));
  });

  test('and only the first 80 characters are shown, in a form that every database keeps', () => {
    const reason = reasonOf(read(json(null), `\u0001\ud800${'x'.repeat(200)}`));
    expect(reason).toBe(`the reply is not JSON; it begins "\\u0001\\ud800${'x'.repeat(78)}…"`);
  });

  test('out of nothing', () => {
    expect(reasonOf(read(json(null), ' \n'))).toBe('the reply is empty, not JSON');
  });

  test('deeper than a program can follow by recursion', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(read(json(null), nested(100)).ok).toBe(true);
    expect(reasonOf(read(json(null), nested(102)))).toContain('more than 100 levels');
    expect(read(json(null), nested(100_000)).ok).toBe(false);
  });

  test('where the path leads nowhere', () => {
    expect(reasonOf(read(json('a.b'), '{"a":1}'))).toBe('the JSON of the reply has no a.b');
  });

  test('with a malformed path, which is refused before any reply', () => {
    expect(() => createReader(json('a..b'), null)).toThrow(/^reply\.path: must be/);
  });
});

describe('A pattern', () => {
  test('gives the first group, or the whole match where it has none', () => {
    expect(read(regex('team: (\\w+)'), 'the team: billing.')).toEqual({ ok: true, value: 'billing' });
    expect(read(regex('[A-Z]{3}'), 'code ABC')).toEqual({ ok: true, value: 'ABC' });
    expect(read(regex('(x)?ABC', 'i'), 'abc')).toEqual({ ok: true, value: 'abc' });
  });

  test('that matches nothing is a failed reading', () => {
    expect(reasonOf(read(regex('x'), 'abc'))).toContain('begins "abc"');
  });

  test('that would never end is stopped, and everything goes on', () => {
    expect(reasonOf(read(regex('(a+)+$'), `${'a'.repeat(40)}!`))).toBe('the pattern took longer than 50 ms');
    expect(read(regex('(a+)+$'), 'aaa')).toEqual({ ok: true, value: 'aaa' });
  });

  test('is not tried on a text that is too long', () => {
    expect(read(regex('a$'), 'a'.repeat(100_000)).ok).toBe(true);
    expect(reasonOf(read(regex('a$'), 'a'.repeat(100_001)))).toContain('100001 characters');
  });

  test.each([
    ['(', '', /^reply\.pattern: must be a regular expression/],
    ['a'.repeat(1001), '', /^reply\.pattern: must have at most/],
    ['a', 'g', /^reply\.flags: must be some of/],
    ['a', 'uv', /^reply\.pattern: must be/],
  ])('such as %.10s with the flags %j is refused before any reply', (pattern, flags, message) => {
    expect(() => createReader(regex(pattern, flags), null)).toThrow(message);
  });
});

describe('With labels', () => {
  const labels = ['billing', 'delivery'];

  test('a reading is one of them', () => {
    expect(read({ read: 'text' }, ' billing\n', labels)).toEqual({ ok: true, value: 'billing' });
    expect(reasonOf(read({ read: 'text' }, 'Billing', labels))).toBe(
      '"Billing" is not one of the labels "billing", "delivery"',
    );
  });

  test('each member of a list is one of them', () => {
    expect(read(json(null), '["billing","delivery"]', labels).ok).toBe(true);
    expect(reasonOf(read(json(null), '["billing","other"]', labels))).toMatch(/^"other" is not one/);
  });

  test('a reading that failed keeps its own reason', () => {
    expect(reasonOf(read(json(null), '', labels))).toBe('the reply is empty, not JSON');
  });
});
