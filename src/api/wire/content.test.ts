import { expect, test } from 'vitest';
import type { z } from 'zod';
import { messageContent, resultContent, systemContent } from './content.ts';

const problems = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

test('Content is looked at up to the first block that is wrong, at whatever depth', () => {
  const bad = Array.from({ length: 1000 }, () => 0);
  const text = { type: 'text', text: 'a' };
  const found = { type: 'search_result', source: 's', title: 't', content: [text, ...bad.slice(1)] };
  expect(problems(messageContent, [text, ...bad.slice(1)])).toEqual([
    '1.type: must be one of text, image, document',
  ]);
  expect(problems(resultContent, [text, found, ...bad.slice(2)])).toEqual(['1.content.1: must be an object']);
});

test.each<[string, z.ZodType]>([
  ['a message', messageContent],
  ['a result', resultContent],
  ['an instruction', systemContent],
])('%s has 1000 blocks at most', (_, schema) => {
  const blocks = (count: number) => Array.from({ length: count }, () => ({ type: 'text', text: 'a' }));
  expect(problems(schema, blocks(1000))).toBeUndefined();
  expect(problems(schema, blocks(1001))).toEqual([': must hold at most 1000 blocks']);
});

test('A search result holds some text', () => {
  const found = { type: 'search_result', source: 's', title: 't', content: [] };
  expect(problems(resultContent, [found])).toEqual(['0.content: must hold some text']);
});
