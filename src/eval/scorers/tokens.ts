import { z } from 'zod';
import type { Scorer } from '../score.ts';
import { right, wrong } from '../score-values.ts';
import { identity, scorerHash } from './settings.ts';

const parts = ['input', 'output', 'total'] as const;

const most = z.number().int().min(0).nullable().default(null);

/** Settings of `tokens`. */
export const schema = z
  .strictObject({
    ...identity('tokens'),
    max_input: most.meta({
      description: 'The most tokens that go in, those from and to the cache included.',
    }),
    max_output: most.meta({ description: 'The most tokens that come out.' }),
    max_total: most.meta({
      description: 'The most tokens altogether. At least one of the three must be set.',
    }),
  })
  .refine((config) => parts.some((part) => config[`max_${part}`] !== null), {
    path: ['max_total'],
    message: 'must be set where neither max_input nor max_output is',
  });

/** Scores 1 where a case took no more tokens than it may; else 0. */
export function create(config: z.output<typeof schema>): Scorer {
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ outcome: { usage } }) {
      const input = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
      const taken = { input, output: usage.output_tokens, total: input + usage.output_tokens };
      for (const part of parts) {
        const max = config[`max_${part}`];
        if (max !== null && taken[part] > max)
          return wrong(`${taken[part]} ${part} tokens are more than ${max}`);
      }
      return right;
    },
  };
}
