import { z } from 'zod';
import { PawlError } from '../../core/errors.ts';
import { jobStatuses, tiers } from '../../core/evaluation.ts';
import type { EvalDefinition } from '../../eval/definition.ts';
import { createRenderer } from '../../eval/message.ts';
import { createReader } from '../../eval/reply.ts';
import { scorerConfigs } from '../../eval/scorers/scorers.ts';
import { flag, limit, lookup, page, text, versionNumber } from './fields.ts';

const share = z.number().min(0).max(1);
const tier = z.enum(tiers);
const scorerName = text(1, 64);

const replyReader = z
  .union(
    [
      z.literal('text').transform(() => ({ read: 'text' as const })),
      z.literal('json').transform(() => ({ read: 'json' as const, path: null })),
      z.literal('tool_calls').transform(() => ({ read: 'tool_calls' as const })),
      z.strictObject({ json: text(1, 500) }).transform(({ json }) => ({ read: 'json' as const, path: json })),
      z
        .strictObject({
          regex: text(1, 1000),
          flags: z
            .string()
            .regex(/^[imsu]*$/)
            .default(''),
        })
        .transform(({ regex, flags }) => ({ read: 'regex' as const, pattern: regex, flags })),
    ],
    'must be text, json, tool_calls, {json: path} or {regex: pattern, flags?}',
  )
  .default({ read: 'text' })
  .meta({ description: 'How the value that scorers look at is read out of a reply.' });

const dataset = z
  .union([
    text(1, 200),
    z.strictObject({
      name: text(1, 200),
      revision: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/)
        .nullable()
        .default(null),
    }),
  ])
  .transform((value) => (typeof value === 'string' ? splitDataset(value) : value))
  .meta({ description: 'A dataset by name, `name@hash` for one of its revisions.' });

function splitDataset(value: string): { name: string; revision: string | null } {
  const [, name, revision] = /^(.+)@([0-9a-f]{8,64})$/.exec(value) ?? [];
  return name === undefined || revision === undefined ? { name: value, revision: null } : { name, revision };
}

const margin = z
  .union([
    share.transform((value) => ({ critical: value, supporting: value, advisory: null })),
    z.strictObject({
      critical: share.nullable().default(0.02),
      supporting: share.nullable().default(0.05),
      advisory: share.nullable().default(null),
    }),
  ])
  .nullable()
  .optional()
  .meta({ description: 'Tolerated mean damage, by tier; null asks nothing of intervals.' });

const gate = z.strictObject({
  metrics: z.array(scorerName).min(1).max(20).optional(),
  confidence: z.number().min(0.5).max(0.999).default(0.9),
  margin,
  overall: tier.default('critical'),
  default_tier: tier.default('supporting'),
  groups: z.record(text(1, 200), tier).default({}),
  min_cases: z
    .strictObject({ group: z.int().min(1).default(20), overall: z.int().min(1).default(50) })
    .prefault({}),
  max_lost_cases: z.int().min(0).nullable().default(null),
  max_lost_total: z.int().min(0).nullable().default(null),
  min_scored: share.default(0.95),
});

const limits = z.strictObject({
  timeout_ms: z.int().min(100).max(3_600_000).default(120_000),
  scorer_timeout_ms: z.int().min(10).max(600_000).default(30_000),
  max_attempts: z.int().min(1).max(20).default(3),
  max_error_share: share.default(0.1),
  max_cost_usd: z.number().positive().nullable().default(null),
});

/** An eval as its file or a request states it; what comes out has every default filled in. */
export const evalDefinition = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9][\w.-]{0,99}$/,
        'must begin with a letter or digit and have at most 100 letters, digits, dots, dashes and underscores',
      ),
    agent: text(1, 200),
    dataset,
    environment: text(1, 200).nullable().default(null),
    target: text(1, 64).nullable().default(null),
    message: text(1, 100_000).nullable().default(null),
    reply: replyReader,
    labels: z.array(text(1, 200)).min(1).max(1000).nullable().default(null),
    scorers: scorerConfigs,
    epochs: z.int().min(1).max(100).nullable().default(null),
    concurrency: z.int().min(1).max(256).default(16),
    limits: limits.prefault({}),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1),
    gate: gate.prefault({}),
  })
  .transform((input, context): EvalDefinition => {
    const names = input.scorers.map(({ name }) => name);
    const metrics = input.gate.metrics ?? names.slice(0, 1);
    for (const [i, name] of metrics.entries()) {
      if (names.includes(name)) continue;
      context.addIssue({
        code: 'custom',
        path: ['gate', 'metrics', i],
        message: `must be one of the scorers ${names.join(', ')}`,
      });
    }
    checkUse(['reply'], () => createReader(input.reply, input.labels), context);
    checkUse(['message'], () => createRenderer(input.message), context);
    return { ...input, gate: { ...input.gate, metrics, margin: marginOf(input.gate) } };
  });

/** What cannot be prepared now could not be used later, when a run has begun. */
function checkUse(path: string[], prepare: () => unknown, context: z.RefinementCtx): void {
  try {
    prepare();
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    context.addIssue({ code: 'custom', path, message: error.message.replace(/^\w[\w.]*: /, '') });
  }
}

const usualMargin = { critical: 0.02, supporting: 0.05, advisory: null };
const noMargin = { critical: null, supporting: null, advisory: null };

/** Where a count rule is stated and no margin, the count rule decides alone. */
function marginOf({
  margin: stated,
  max_lost_cases,
  max_lost_total,
}: z.output<typeof gate>): EvalDefinition['gate']['margin'] {
  if (stated !== undefined) return stated ?? noMargin;
  return max_lost_cases === null && max_lost_total === null ? usualMargin : noMargin;
}

export const evalQuery = z.strictObject({ revision: versionNumber.optional() });
export const evalListQuery = z.strictObject({ limit: limit(20, 100), page });

const versionInput = z.int().min(1).optional();
const runFields = {
  eval: text(1, 200),
  eval_revision: versionInput,
  agent_id: text(1, 200).optional(),
  dataset_revision: text(8, 80).optional(),
  epochs: z.int().min(1).max(100).optional(),
  fresh: z.boolean().optional(),
};

export const evalRunCreate = z.strictObject({ ...runFields, agent_version: versionInput });

export const evalRunListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  eval: lookup.optional(),
  agent_id: lookup.optional(),
  agent_version: versionNumber.optional(),
  status: z.enum(jobStatuses).optional(),
});

export const evalResultListQuery = z.strictObject({
  limit: limit(50, 200),
  page,
  /** Only results whose session broke. */
  errors: flag,
});

/** Two versions that are run and compared, or two runs that exist. */
export const comparisonCreate = z.union(
  [
    z.strictObject({ ...runFields, candidate_version: versionInput, baseline_version: versionInput }),
    z.strictObject({ baseline_run: text(1, 100), candidate_run: text(1, 100) }),
  ],
  'needs an eval, or a baseline_run and a candidate_run',
);

export const comparisonListQuery = z.strictObject({ limit: limit(20, 100), page, eval: lookup.optional() });

export const reportFormats = ['table', 'markdown', 'junit', 'html', 'json'] as const;
export const reportQuery = z.strictObject({ format: z.enum(reportFormats).default('json') });

/** A finished run whose epochs are split in two, over and over; it needs at least two of them. */
export const calibrationCreate = z.strictObject({
  run: text(1, 100),
  splits: z.int().min(20).max(2000).default(200),
});

export const calibrationListQuery = z.strictObject({ limit: limit(20, 100), page, eval: lookup.optional() });
