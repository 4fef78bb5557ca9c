import { expect, test } from 'vitest';
import { takesSystemMessages } from './system-messages.ts';

test.each([
  ['claude-opus-4-8', true],
  ['claude-opus-4-8-20260501', true],
  ['claude-opus-5', true],
  ['claude-sonnet-5', true],
  ['claude-haiku-6-1', true],
  ['qwen3-coder', true],
  ['claude-opus-4-7', false],
  ['claude-opus-4-20250514', false],
  ['claude-opus-4-1-20250805', false],
  ['claude-opus-4-0', false],
  ['claude-sonnet-4-6', false],
  ['claude-haiku-4-5-20251001', false],
  ['claude-3-5-sonnet-latest', false],
  ['claude-2.1', false],
  ['claude-instant-1.2', false],
  ['anthropic/claude-sonnet-4.5', false],
  ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', false],
])('The Messages API takes system messages in a conversation with %s: %s', (model, takes) => {
  expect(takesSystemMessages('anthropic', model)).toBe(takes);
  expect(takesSystemMessages('openai', model)).toBe(true);
  expect(takesSystemMessages('offline', model)).toBe(true);
});
