import { z } from 'zod';
import type { Json } from '../../core/evaluation.ts';
import type { Scorer } from '../score.ts';
import { noTarget, right, wrong } from '../score-values.ts';
import { quote, spelled, textOf } from '../values.ts';
import { identity, ignoreCase, scorerHash } from './settings.ts';

/** Settings of `set_f1`. */
export const schema = z.strictObject({
  ...identity('set_f1'),
  measure: z.enum(['f1', 'precision', 'recall', 'exact']).default('f1').meta({
    description:
      'What the value is: `precision`, the part of what was given that is right; `recall`, the part of what is right that was given; `f1`, their harmonic mean; `exact`, 1 where both sets are the same.',
  }),
  separator: z
    .string()
    .min(1, 'must not be empty')
    .max(10, 'must have at most 10 characters')
    .default(',')
    .meta({ description: 'What stands between the members where a set is written as text.' }),
  ignore_case: ignoreCase,
});

/**
 * Compares two sets: lists, or texts that are split by a separator. Order and repetition do not count, nor do empty
 * members and white space around one. F1 is the harmonic mean of precision and recall (van Rijsbergen, Information
 * Retrieval, 1979, chapter 7). Two empty sets agree in every measure; where only one is empty, each measure is 0.
 */
export function create(config: z.output<typeof schema>): Scorer {
  const spelling = { ignore_case: config.ignore_case, trim: true };
  const setOf = (value: Json): ReadonlySet<string> => {
    const members = Array.isArray(value) ? value.map(textOf) : textOf(value).split(config.separator);
    return new Set(members.map((member) => spelled(member, spelling)).filter((member) => member !== ''));
  };
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: config.measure === 'exact',
    score({ case: { target }, reading }) {
      if (target === null) return noTarget;
      if (!reading.ok) return wrong(reading.reason);
      const expected = setOf(target);
      const given = setOf(reading.value);
      const value = agreement(given, expected)[config.measure];
      if (value === 1) return right;
      return { value, reason: difference(given, expected) };
    },
  };
}

type Agreement = { readonly [M in z.output<typeof schema>['measure']]: number };

function agreement(given: ReadonlySet<string>, expected: ReadonlySet<string>): Agreement {
  if (given.size === 0 && expected.size === 0) return { f1: 1, precision: 1, recall: 1, exact: 1 };
  const both = given.size - without(given, expected).length;
  return {
    f1: (2 * both) / (given.size + expected.size),
    precision: given.size === 0 ? 0 : both / given.size,
    recall: expected.size === 0 ? 0 : both / expected.size,
    exact: both === given.size && both === expected.size ? 1 : 0,
  };
}

function difference(given: ReadonlySet<string>, expected: ReadonlySet<string>): string {
  return `missing: ${some(without(expected, given))}; too much: ${some(without(given, expected))}`;
}

function without(members: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  return [...members].filter((member) => !others.has(member));
}

function some(members: readonly string[]): string {
  if (members.length === 0) return 'nothing';
  const named = members.slice(0, 5).map(quote).join(', ');
  return members.length > 5 ? `${named} and ${members.length - 5} more` : named;
}
