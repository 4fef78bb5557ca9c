import { z } from 'zod';
import type { Scorer } from '../score.ts';
import { noTarget, passOrFail, wrong } from '../score-values.ts';
import { isExpected, quote } from '../values.ts';
import { identity, ignoreCase, scorerHash } from './settings.ts';

/** Settings of `exact`. */
export const schema = z.strictObject({
  ...identity('exact'),
  ignore_case: ignoreCase,
  trim: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether white space around a text counts for nothing.' }),
});

/** Scores 1 where the reading is the target or, where the target is a list, one of its members; else 0. */
export function create(config: z.output<typeof schema>): Scorer {
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ case: { target }, reading }) {
      if (target === null) return noTarget;
      if (!reading.ok) return wrong(reading.reason);
      return passOrFail(
        isExpected(reading.value, target, config),
        `${quote(reading.value)} is not ${quote(target)}`,
      );
    },
  };
}
