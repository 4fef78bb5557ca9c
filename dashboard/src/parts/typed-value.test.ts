import { expect, test } from 'vitest';
import { typedValue, valueText } from './typed-value.ts';

test('a value is written as it was typed', () => {
  for (const typed of ['billing', '{"team":"billing"}', '7', 'null']) {
    expect(valueText(typedValue(typed))).toBe(typed);
  }
  expect(typedValue('{"team"')).toBe('{"team"');
});
