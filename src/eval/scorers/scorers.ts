import { z } from 'zod';
import type { Scorer } from '../score.ts';
import * as contains from './contains.ts';
import type { ScorerContext } from './context.ts';
import * as cost from './cost.ts';
import * as edit_similarity from './edit-similarity.ts';
import * as exact from './exact.ts';
import * as http from './http.ts';
import * as json_field from './json-field.ts';
import * as json_schema from './json-schema.ts';
import * as judge from './judge.ts';
import * as latency from './latency.ts';
import * as module from './module.ts';
import * as numeric from './numeric.ts';
import * as regex from './regex.ts';
import * as set_f1 from './set-f1.ts';
import * as tokens from './tokens.ts';
import * as tool_calls from './tool-calls.ts';

/** Every scorer by its type: the schema of its settings, and how one is made of them. */
export const scorers = {
  exact: { schema: exact.schema, create: exact.create },
  json_field: { schema: json_field.schema, create: json_field.create },
  json_schema: { schema: json_schema.schema, create: json_schema.create },
  numeric: { schema: numeric.schema, create: numeric.create },
  contains: { schema: contains.schema, create: contains.create },
  regex: { schema: regex.schema, create: regex.create },
  set_f1: { schema: set_f1.schema, create: set_f1.create },
  edit_similarity: { schema: edit_similarity.schema, create: edit_similarity.create },
  tool_calls: { schema: tool_calls.schema, create: tool_calls.create },
  latency: { schema: latency.schema, create: latency.create },
  cost: { schema: cost.schema, create: cost.create },
  tokens: { schema: tokens.schema, create: tokens.create },
  judge: { schema: judge.schema, create: judge.create },
  module: { schema: module.schema, create: module.create },
  http: { schema: http.schema, create: http.create },
} as const;

const settings = z.discriminatedUnion(
  'type',
  [
    scorers.exact.schema,
    scorers.json_field.schema,
    scorers.json_schema.schema,
    scorers.numeric.schema,
    scorers.contains.schema,
    scorers.regex.schema,
    scorers.set_f1.schema,
    scorers.edit_similarity.schema,
    scorers.tool_calls.schema,
    scorers.latency.schema,
    scorers.cost.schema,
    scorers.tokens.schema,
    scorers.judge.schema,
    scorers.module.schema,
    scorers.http.schema,
  ],
  `must be a scorer, with a type that is one of ${Object.keys(scorers).join(', ')}`,
);

/** The settings of one scorer, with every default filled in. */
export type ScorerConfig = z.output<typeof settings>;

/** Reads the settings of one scorer. A type alone, as in `exact`, stands for that scorer as it is by default. */
export const scorerConfig: z.ZodType<ScorerConfig> = z.preprocess(
  (given) => (typeof given === 'string' ? { type: given } : given),
  settings,
);

/** Reads the scorers of an eval: from 1 to 20 of them, each with a name of its own. */
export const scorerConfigs: z.ZodType<readonly ScorerConfig[]> = z
  .array(scorerConfig)
  .min(1, 'must have at least one scorer')
  .max(20, 'must have at most 20 scorers')
  .superRefine((configs, context) => {
    const names = configs.map(({ name }) => name);
    names.forEach((name, place) => {
      if (names.indexOf(name) === place) return;
      context.addIssue({
        code: 'custom',
        path: [place, 'name'],
        message: `must be unique: ${name} is taken already; set a name`,
      });
    });
  });

/**
 * Makes a scorer of its settings. It has to be closed when it is no longer needed.
 * @throws PawlError `invalid_request` when this server cannot run it: no such module, or an endpoint not allowed.
 */
export async function createScorer(config: ScorerConfig, context: ScorerContext): Promise<Scorer> {
  const { create } = scorers[config.type];
  return create(config as never, context);
}

/**
 * Makes the scorers of an eval, in order. Where one cannot be made, those that were are closed again.
 * @throws PawlError `invalid_request`, as {@link createScorer} does.
 */
export async function createScorers(
  configs: readonly ScorerConfig[],
  context: ScorerContext,
): Promise<readonly Scorer[]> {
  const made: Scorer[] = [];
  try {
    for (const config of configs) made.push(await createScorer(config, context));
    return made;
  } catch (error) {
    for (const scorer of made) await scorer.close?.();
    throw error;
  }
}
