import { expect, test } from 'vitest';
import { readToolInput, toolInput } from './tool-input.ts';

const nested = (levels: number): string => `${'{"a":'.repeat(levels)}[1]${'}'.repeat(levels)}`;

test('The input of a tool may be nested, but not so deeply that it could not be written down again', () => {
  expect(JSON.stringify(readToolInput(nested(99)))).toBe(nested(99));
  expect(readToolInput(nested(100))).toBeNull();
  expect(readToolInput(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBeNull();
  expect(toolInput(JSON.parse(nested(100_000)))).toBeNull();
});
