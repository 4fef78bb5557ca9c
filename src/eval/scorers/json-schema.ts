import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { readJson } from '../reply-json.ts';
import type { Scorer } from '../score.ts';
import { passOrFail, unscored, wrong } from '../score-values.ts';
import { createTimeBound } from '../time-bound.ts';
import { quote } from '../values.ts';
import { identity, scorerHash } from './settings.ts';

const maxSchema = 65_536;
const limitMs = 50;

/** Understanding a schema takes longer, and is done once. */
const compileMs = 1000;

/** Settings of `json_schema`. */
export const schema = z.strictObject({
  ...identity('json_schema'),
  schema: z
    .record(z.string(), z.json())
    .superRefine((one, context) => {
      const problem = problemWith(one);
      if (problem !== null) context.addIssue(problem);
    })
    .meta({
      description:
        'A JSON Schema of draft 2020-12, or of draft 07 where its `$schema` says so. It may not refer to other files.',
    }),
  of: z
    .enum(['reply', 'reading'])
    .default('reply')
    .meta({ description: 'Whether the JSON of the whole `reply` is checked, or the `reading`.' }),
});

/** Scores 1 where the reply's JSON, or the reading, satisfies a JSON Schema; else 0, with the first thing wrong. */
export function create(config: z.output<typeof schema>): Scorer {
  const validate = compile(config.schema);
  // A schema may hold patterns, and those may be endless.
  const inTime = createTimeBound(limitMs);
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1 }),
    binary: true,
    score({ outcome, reading }) {
      const read = config.of === 'reply' ? readJson(outcome.reply) : reading;
      if (!read.ok) return wrong(read.reason);
      const checked = inTime(() => validate(read.value));
      if (!checked.done) return unscored(`the schema took longer than ${limitMs} ms`);
      return passOrFail(checked.value, sentenceOf(validate.errors?.[0]));
    },
  };
}

function problemWith(definition: Readonly<Record<string, unknown>>): string | null {
  if (definition['$async'] !== undefined) return 'must not set $async';
  try {
    if (JSON.stringify(definition).length > maxSchema) return `must have at most ${maxSchema} characters`;
    const compiled = createTimeBound(compileMs)(() => compile(definition));
    return compiled.done ? null : `must not take longer than ${compileMs} ms to be understood`;
  } catch (error) {
    return `must be a JSON Schema (${error instanceof Error ? error.message : String(error)})`;
  }
}

function compile(definition: Readonly<Record<string, unknown>>): ValidateFunction {
  // Unknown keywords are mistakes; what is merely loose, such as `required` without `properties`, is the author's affair.
  const loose = { strictTypes: false, strictTuples: false, strictRequired: false };
  const settings: Options = { strict: true, ...loose, logger: false };
  const { $schema } = definition;
  const isDraft07 = typeof $schema === 'string' && /^https?:\/\/json-schema\.org\/draft-07\//.test($schema);
  const ajv = isDraft07 ? new Ajv(settings) : new Ajv2020(settings);
  addFormats.default(ajv);
  return ajv.compile(definition);
}

function sentenceOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'the schema is not satisfied';
  const place = error.instancePath === '' ? 'the value' : error.instancePath;
  const extra: unknown = error.params['additionalProperty'];
  const named = typeof extra === 'string' ? `, such as ${quote(extra)}` : '';
  return `${place} ${error.message ?? `breaks ${error.keyword}`}${named}`;
}
