import { z } from 'zod';
import type { Json } from '../../core/evaluation.ts';
import type { Scorer } from '../score.ts';
import { noTarget, passOrFail, unscored, wrong } from '../score-values.ts';
import { quote, spelled, textOf } from '../values.ts';
import { identity, ignoreCase, scorerHash } from './settings.ts';

/** Settings of `contains`. */
export const schema = z.strictObject({
  ...identity('contains'),
  texts: z
    .array(z.string().min(1, 'must not be empty'))
    .min(1, 'must not be empty')
    .max(100, 'must have at most 100 texts')
    .nullable()
    .default(null)
    .meta({ description: 'What is looked for; null takes the target, which is a text or a list of texts.' }),
  mode: z
    .enum(['all', 'any'])
    .default('all')
    .meta({ description: 'Whether all of the texts have to be there, or `any` one of them is enough.' }),
  ignore_case: ignoreCase,
});

/** Scores 1 where the reading contains the given texts; else 0. A reading that is not text is searched as JSON. */
export function create(config: z.output<typeof schema>): Scorer {
  const spelling = { ignore_case: config.ignore_case, trim: false };
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ case: { target }, reading }) {
      if (config.texts === null && target === null) return noTarget;
      const texts = config.texts ?? textsOf(target);
      if (texts.length === 0 || texts.includes('')) return unscored('the target names no text to look for');
      if (!reading.ok) return wrong(reading.reason);
      const searched = spelled(textOf(reading.value), spelling);
      const missing = texts.filter((text) => !searched.includes(spelled(text, spelling)));
      const passes = config.mode === 'all' ? missing.length === 0 : missing.length < texts.length;
      return passOrFail(passes, `${quote(reading.value)} lacks ${missing.slice(0, 5).map(quote).join(', ')}`);
    },
  };
}

function textsOf(target: Json): readonly string[] {
  return Array.isArray(target) ? target.map(textOf) : [textOf(target)];
}
