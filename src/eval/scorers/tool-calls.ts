import { z } from 'zod';
import { canonicalJson } from '../../core/canonical.ts';
import type { Json } from '../../core/evaluation.ts';
import type { Scorer, ToolCall } from '../score.ts';
import { noTarget, right, unscored, wrong } from '../score-values.ts';
import { quote } from '../values.ts';
import { type Pairing, pairInAnyOrder, pairInOrder } from './pairing.ts';
import { identity, scorerHash } from './settings.ts';

const maxCalls = 200;

/** A call that is waited for: a name alone, or a name and the input that it needs to have. */
const expectedCall = z.union([
  z
    .string()
    .min(1)
    .transform((name) => ({ name })),
  z.strictObject({ name: z.string().min(1), input: z.json().optional() }),
]);
const expectedCalls = z.array(expectedCall).max(maxCalls, `must have at most ${maxCalls} calls`);
type ExpectedCall = { readonly name: string; readonly input?: Json | undefined };

/** What each mode tolerates. */
const modes = {
  exact: { ordered: true, missing: false, extra: false },
  in_order: { ordered: true, missing: false, extra: true },
  any_order: { ordered: false, missing: false, extra: false },
  subset: { ordered: false, missing: true, extra: false },
  superset: { ordered: false, missing: false, extra: true },
} as const;

/** Settings of `tool_calls`. */
export const schema = z.strictObject({
  ...identity('tool_calls'),
  expected: expectedCalls.nullable().default(null).meta({
    description:
      'The calls that are waited for: names, or objects with `name` and `input`; without an input, any will do. Null takes the target.',
  }),
  mode: z.enum(['exact', 'in_order', 'any_order', 'subset', 'superset']).default('exact').meta({
    description:
      '`exact`: these calls in this order and no others; `in_order`: the same, with others between them; `any_order`: these and no others; `subset`: no others, but some may be missing; `superset`: these, and perhaps others.',
  }),
  input_keys: z
    .array(z.string())
    .max(100, 'must have at most 100 keys')
    .nullable()
    .default(null)
    .meta({ description: 'The members of an input that are compared; null compares all of it.' }),
});

/** Scores 1 where the agent called the tools that it was to call; else 0. Each expected call answers to one call. */
export function create(config: z.output<typeof schema>): Scorer {
  const mode = modes[config.mode];
  const fits = (call: ToolCall, expected: ExpectedCall): boolean =>
    call.name === expected.name &&
    (expected.input === undefined || sameInput(call.input, expected.input, config.input_keys));
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ case: { target }, outcome: { tool_calls: calls } }) {
      if (config.expected === null && target === null) return noTarget;
      const expected = config.expected ?? expectedCalls.safeParse(target).data;
      if (expected === undefined) return unscored('the target is not a list of tool calls');
      if (calls.length > maxCalls) return unscored(`${calls.length} tool calls are more than ${maxCalls}`);
      const matrix = expected.map((one) => calls.map((call) => fits(call, one)));
      const pairing = (mode.ordered ? pairInOrder : pairInAnyOrder)({
        expected: expected.length,
        given: calls.length,
        fits: (places) => matrix[places.expected]?.[places.given] ?? false,
      });
      const { missing, extra } = leftOver({ pairing, expected, calls });
      const passes = (mode.missing || missing.length === 0) && (mode.extra || extra.length === 0);
      return passes ? right : wrong(`missing: ${some(missing)}; too much: ${some(extra)}`);
    },
  };
}

function sameInput(given: Json, expected: Json, keys: readonly string[] | null): boolean {
  if (keys === null) return canonicalJson(given) === canonicalJson(expected);
  return keys.every((key) => canonicalJson(member(given, key)) === canonicalJson(member(expected, key)));
}

function member(input: Json, key: string): Json | undefined {
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, key)) return undefined;
  return (input as { readonly [key: string]: Json })[key];
}

function leftOver(one: { pairing: Pairing; expected: readonly ExpectedCall[]; calls: readonly ToolCall[] }): {
  missing: readonly ExpectedCall[];
  extra: readonly ToolCall[];
} {
  const paired = new Set(one.pairing);
  return {
    missing: one.expected.filter((_, place) => (one.pairing[place] ?? null) === null),
    extra: one.calls.filter((_, place) => !paired.has(place)),
  };
}

function some(calls: readonly ExpectedCall[]): string {
  if (calls.length === 0) return 'nothing';
  const named = calls
    .slice(0, 3)
    .map(({ name, input }) => `${name}(${input === undefined ? '' : quote(input)})`);
  return calls.length > 3 ? `${named.join(', ')} and ${calls.length - 3} more` : named.join(', ');
}
