import { z } from 'zod';
import { createFinder, problemWith } from '../pattern.ts';
import type { Scorer } from '../score.ts';
import { passOrFail, unscored, wrong } from '../score-values.ts';
import { quote, textOf } from '../values.ts';
import { identity, scorerHash } from './settings.ts';

/** Settings of `regex`. */
export const schema = z
  .strictObject({
    ...identity('regex'),
    pattern: z.string().meta({
      description: 'A regular expression of JavaScript; it may match anywhere unless it is anchored.',
    }),
    flags: z.string().default('').meta({ description: 'Any of the flags i, m, s, u and v.' }),
    expect: z
      .enum(['match', 'no_match'])
      .default('match')
      .meta({ description: 'Whether the pattern is to match (`match`) or must not (`no_match`).' }),
  })
  .superRefine((config, context) => {
    const problem = problemWith(config);
    if (problem !== null)
      context.addIssue({ code: 'custom', path: [problem.field], message: problem.allowed });
  });

/** Scores 1 where the reading matches a pattern, or where it does not, as is asked for; else 0. */
export function create(config: z.output<typeof schema>): Scorer {
  const find = createFinder(config);
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ reading }) {
      if (!reading.ok) return wrong(reading.reason);
      const match = find(textOf(reading.value));
      if (match.found === null) return unscored(match.reason);
      const verb = match.found ? 'matches' : 'does not match';
      return passOrFail(
        match.found === (config.expect === 'match'),
        `${quote(reading.value)} ${verb} ${quote(config.pattern)}`,
      );
    },
  };
}
