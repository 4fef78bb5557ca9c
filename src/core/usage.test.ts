import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addUsage, noRequestUsage, noSessionUsage } from './usage.ts';

const tokens = fc.nat(1_000_000);
const request = fc.record({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
});

test('a request without tokens changes nothing', () => {
  expect(addUsage(noSessionUsage, noRequestUsage)).toEqual(noSessionUsage);
});

test('usage adds up, kind by kind, and cache writes count as five-minute ones', () => {
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      const sum = (key: keyof typeof noRequestUsage) => requests.reduce((total, one) => total + one[key], 0);
      const before = { ...noSessionUsage, cache_creation: { ...noSessionUsage.cache_creation } };
      before.cache_creation.ephemeral_1h_input_tokens = 7;
      expect(requests.reduce(addUsage, before)).toEqual({
        input_tokens: sum('input_tokens'),
        output_tokens: sum('output_tokens'),
        cache_read_input_tokens: sum('cache_read_input_tokens'),
        cache_creation: {
          ephemeral_5m_input_tokens: sum('cache_creation_input_tokens'),
          ephemeral_1h_input_tokens: 7,
        },
      });
    }),
  );
});
