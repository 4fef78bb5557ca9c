import { z } from 'zod';
import type { Scorer } from '../score.ts';
import { noTarget, passOrFail, right, unscored, wrong } from '../score-values.ts';
import { spelled, textOf } from '../values.ts';
import { editDistance } from './edit-distance.ts';
import { identity, ignoreCase, scorerHash } from './settings.ts';

const maxLength = 20_000;

/** Settings of `edit_similarity`. */
export const schema = z.strictObject({
  ...identity('edit_similarity'),
  pass_at: z.number().gt(0).max(1).nullable().default(null).meta({
    description:
      'The least similarity that scores 1, everything below it 0; null gives the similarity itself.',
  }),
  ignore_case: ignoreCase,
});

/**
 * Scores how alike the reading and the target are: 1 less their edit distance as a part of the longer one's length.
 * Of several targets the nearest counts. White space around a text does not count, and two empty texts are alike.
 */
export function create(config: z.output<typeof schema>): Scorer {
  const { pass_at } = config;
  const codePoints = (text: string): string[] => [
    ...spelled(text, { ignore_case: config.ignore_case, trim: true }),
  ];
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: pass_at !== null,
    score({ case: { target }, reading }) {
      if (target === null) return noTarget;
      const targets = (Array.isArray(target) ? target : [target]).map((one) => codePoints(textOf(one)));
      if (targets.length === 0) return unscored('the target is an empty list');
      if (!reading.ok) return wrong(reading.reason);
      const given = codePoints(textOf(reading.value));
      const longest = Math.max(given.length, ...targets.map((one) => one.length));
      if (longest > maxLength) return unscored(`a text has ${longest} characters; ${maxLength} are compared`);
      const value = Math.max(...targets.map((one) => similarity([given, one])));
      const reason = `the similarity is ${value.toFixed(3)}`;
      if (pass_at !== null) return passOrFail(value >= pass_at, `${reason}, less than ${pass_at}`);
      return value === 1 ? right : { value, reason };
    },
  };
}

function similarity(pair: readonly [readonly string[], readonly string[]]): number {
  const longer = Math.max(pair[0].length, pair[1].length);
  return longer === 0 ? 1 : 1 - editDistance(pair) / longer;
}
