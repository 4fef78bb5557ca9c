import { z } from 'zod';
import type { Json } from '../../core/evaluation.ts';
import type { Scorer } from '../score.ts';
import { noTarget, passOrFail, unscored, wrong } from '../score-values.ts';
import { quote } from '../values.ts';
import { identity, scorerHash } from './settings.ts';

/** Settings of `numeric`. */
export const schema = z.strictObject({
  ...identity('numeric'),
  absolute: z
    .number()
    .min(0)
    .default(0)
    .meta({ description: 'How far the number may be from the target, in its own unit.' }),
  relative: z.number().min(0).default(0).meta({
    description: 'How far it may be as a part of the target: 0.05 is 5 %. The wider of the two counts.',
  }),
});

/** Scores 1 where the reading is a number that is near enough to the target; else 0. */
export function create(config: z.output<typeof schema>): Scorer {
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ case: { target }, reading }) {
      if (target === null) return noTarget;
      const expected = numberOf(target);
      if (expected === null) return unscored(`the target ${quote(target)} is not a number`);
      if (!reading.ok) return wrong(reading.reason);
      const value = numberOf(reading.value);
      if (value === null) return wrong(`${quote(reading.value)} is not a number`);
      const tolerance = Math.max(config.absolute, config.relative * Math.abs(expected));
      return passOrFail(
        isNear({ value, expected, tolerance }),
        `${value} is ${Math.abs(value - expected)} from ${expected}; ${tolerance} is allowed`,
      );
    },
  };
}

/** A number, or a text that is a number from its beginning to its end; units and thousands separators are not. */
function numberOf(value: Json): number | null {
  const isWritten = typeof value === 'string' && /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(value);
  const number = isWritten ? Number(value) : value;
  return Number.isFinite(number) ? (number as number) : null;
}

function isNear(one: { value: number; expected: number; tolerance: number }): boolean {
  const { value, expected, tolerance } = one;
  if (tolerance === 0) return value === expected;
  // Binary fractions miss decimal ones by a rounding error: 1.1 is to be within 0.1 of 1.
  const rounding = 2 * Number.EPSILON * Math.max(Math.abs(value), Math.abs(expected));
  return Math.abs(value - expected) <= tolerance + rounding;
}
