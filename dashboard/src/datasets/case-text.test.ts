import { expect, test } from 'vitest';
import { inputLine } from './case-text.ts';

test('what a case asks is its input, the last message of a conversation, or its fields', () => {
  expect(inputLine({ input: 'Hello', fields: { a: 1 } })).toBe('Hello');
  expect(inputLine({ input: null, fields: { subject: 'Charged', urgent: true } })).toBe(
    'subject: Charged · urgent: true',
  );
  const turns = [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'two' },
    { role: 'user', content: 'three' },
  ] as const;
  expect(inputLine({ input: turns, fields: {} })).toBe('three (after 2 earlier messages)');
});
