import { z } from 'zod';
import type { Scorer } from '../score.ts';
import { passOrFail } from '../score-values.ts';
import { identity, scorerHash } from './settings.ts';

/** Settings of `latency`. */
export const schema = z.strictObject({
  ...identity('latency'),
  max_ms: z
    .number()
    .gt(0)
    .meta({ description: 'The most milliseconds from sending the last message to the end of the turn.' }),
});

/** Scores 1 where the turn took no longer than it may; else 0. */
export function create(config: z.output<typeof schema>): Scorer {
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score: ({ outcome: { latency_ms } }) =>
      passOrFail(latency_ms <= config.max_ms, `the turn took ${latency_ms} ms, more than ${config.max_ms}`),
  };
}
