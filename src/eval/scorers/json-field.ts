import { z } from 'zod';
import type { Json } from '../../core/evaluation.ts';
import { follow, jsonPath, parsePath } from '../json-path.ts';
import { readJson } from '../reply-json.ts';
import type { Scorer } from '../score.ts';
import { noTarget, passOrFail, unscored, wrong } from '../score-values.ts';
import { isExpected, quote } from '../values.ts';
import { identity, ignoreCase, scorerHash } from './settings.ts';

/** Settings of `json_field`. */
export const schema = z
  .strictObject({
    ...identity('json_field'),
    path: jsonPath.meta({ description: 'Where the value is in the JSON of the reply, as in `items[0].id`.' }),
    field: jsonPath
      .nullable()
      .default(null)
      .meta({ description: 'Where the expected value is in the target; null takes all of the target.' }),
    equals: z
      .json()
      .optional()
      .meta({ description: 'The expected value of every case, in place of the target.' }),
    ignore_case: ignoreCase,
    trim: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether white space around a text counts for nothing.' }),
  })
  .refine(({ field, equals }) => field === null || equals === undefined, {
    path: ['equals'],
    message: 'must be left out where field is set: the expected value is one or the other',
  });

/** Scores 1 where one value inside the reply's JSON is the expected one, whatever else the reply holds; else 0. */
export function create(config: z.output<typeof schema>): Scorer {
  const path = parsePath(config.path) ?? [];
  const field = config.field === null ? [] : (parsePath(config.field) ?? []);
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ case: { target }, outcome }) {
      const { equals } = config;
      if (equals === undefined && target === null) return noTarget;
      const expected: Json | undefined = equals === undefined ? follow(target, field) : equals;
      if (expected === undefined) return unscored(`the target has no ${config.field}`);
      const read = readJson(outcome.reply);
      if (!read.ok) return wrong(read.reason);
      const value = follow(read.value, path);
      if (value === undefined) return wrong(`the JSON of the reply has no ${config.path}`);
      return passOrFail(
        isExpected(value, expected, config),
        `${config.path} is ${quote(value)}, not ${quote(expected)}`,
      );
    },
  };
}
