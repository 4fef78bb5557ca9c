import { z } from 'zod';
import type { Scorer } from '../score.ts';
import { passOrFail, unscored } from '../score-values.ts';
import { identity, scorerHash } from './settings.ts';

/** Settings of `cost`. */
export const schema = z.strictObject({
  ...identity('cost'),
  max_usd: z.number().min(0).meta({ description: 'The most US dollars that one case may cost.' }),
});

/** Scores 1 where a case cost no more than it may; else 0. Unscored where the price of the model is not known. */
export function create(config: z.output<typeof schema>): Scorer {
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ outcome: { cost_usd, served_by } }) {
      if (cost_usd === null) return unscored(`the price of ${served_by} is not known`);
      return passOrFail(
        cost_usd <= config.max_usd,
        `the case cost $${cost_usd}, more than $${config.max_usd}`,
      );
    },
  };
}
