import { expect, test } from 'vitest';
import { z } from 'zod';
import { inWords, quoted } from './sentences.ts';

test.each<[z.ZodType, unknown, string]>([
  [z.string(), undefined, 'must be given, as a string'],
  [z.string(), 5, 'must be a string'],
  [z.int(), 1.5, 'must be a whole number'],
  [z.record(z.string(), z.string()), [], 'must be an object'],
  [z.literal('limit'), 'x', "must be 'limit'"],
  [z.literal(true), false, 'must be true'],
  [z.enum(['a', 'b']), undefined, 'must be one of a, b'],
  [z.enum(['a'.repeat(150), 'b'.repeat(150)]), 'x', 'is none of the values that are allowed'],
  [z.discriminatedUnion('type', [z.object({ type: z.literal('a') })]), { type: 'b' }, "must be 'a'"],
  [z.union([z.string(), z.number()]), null, 'has none of the forms that are allowed'],
  [z.array(z.string()).min(1), [], 'must hold at least 1 entry'],
  [z.array(z.string()).max(2), ['', '', ''], 'must hold at most 2 entries'],
  [z.string().max(2), 'abc', 'must have at most 2 characters'],
  [z.int().min(1), 0, 'must be at least 1'],
  [z.number().positive(), 0, 'must be more than 0'],
  [z.string('must be a name'), 5, 'must be a name'],
])('A value that does not fit is told what is allowed: %#', (schema, value, message) => {
  expect(schema.safeParse(value, { error: inWords }).error?.issues).toMatchObject([{ message }]);
});

test('A value is quoted up to its hundredth character', () => {
  expect(quoted('a"b')).toBe('"a\\"b"');
  expect(quoted('x'.repeat(101))).toBe(`"${'x'.repeat(100)}"`);
  expect(quoted(5)).toBe('this');
});
