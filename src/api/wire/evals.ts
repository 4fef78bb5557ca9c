import { z } from 'zod';
import { PawlError } from '../../core/errors.ts';
import { jobStatuses, verdicts } from '../../core/evaluation.ts';
import { caseSorts } from '../../eval/compared-cases.ts';
import type { EvalDefinition } from '../../eval/definition.ts';
import type { GatePolicy } from '../../eval/gate-policy.ts';
import { caseOutcomes } from '../../eval/gate-report.ts';
import { createRenderer } from '../../eval/message.ts';
import type { InlineScoring } from '../../eval/recorded/scoring.ts';
import { createReader } from '../../eval/reply.ts';
import { findings } from '../../eval/results.ts';
import { scorerConfigs } from '../../eval/scorers/scorers.ts';
import { flag, limit, list, lookup, newestFirst, page, search, text, versionNumber } from './fields.ts';
import { gate, marginOf, share } from './gate.ts';

const replyReader = z
  .union(
    [
      z.literal('text').transform(() => ({ read: 'text' as const })),
      z.literal('json').transform(() => ({ read: 'json' as const, path: null })),
      z.literal('tool_calls').transform(() => ({ read: 'tool_calls' as const })),
      z
        .strictObject({ json: text(1, 500).describe('The way into the JSON of the reply: `items[0].id`.') })
        .transform(({ json }) => ({ read: 'json' as const, path: json })),
      z
        .strictObject({
          regex: text(1, 1000).describe('The first group that it captures is read, or all that it matches.'),
          flags: z
            .string()
            .regex(/^[imsu]*$/)
            .default('')
            .describe('Any of the flags i, m, s and u.'),
        })
        .transform(({ regex, flags }) => ({ read: 'regex' as const, pattern: regex, flags })),
    ],
    'must be text, json, tool_calls, {json: path} or {regex: pattern, flags?}',
  )
  .default({ read: 'text' })
  .meta({
    default: 'text',
    description: 'How the value that scorers look at is read out of a reply.',
  });

const dataset = z
  .union([
    text(1, 200),
    z.strictObject({
      name: text(1, 200).describe('The name of the dataset.'),
      revision: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/)
        .nullable()
        .default(null)
        .describe("The beginning of a revision's hash; null takes the newest when a run is made."),
    }),
  ])
  .transform((value) => (typeof value === 'string' ? splitDataset(value) : value))
  .meta({ description: 'A dataset by name, `name@hash` for one of its revisions.' });

function splitDataset(value: string): { name: string; revision: string | null } {
  const [, name, revision] = /^(.+)@([0-9a-f]{8,64})$/.exec(value) ?? [];
  return name === undefined || revision === undefined ? { name: value, revision: null } : { name, revision };
}

const limits = z.strictObject({
  timeout_ms: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(120_000)
    .describe('For one case, from opening its session to the end of its turn.'),
  scorer_timeout_ms: z.int().min(10).max(600_000).default(30_000).describe('For one scorer on one case.'),
  max_attempts: z.int().min(1).max(20).default(3).describe('How often a case is tried whose session breaks.'),
  max_error_share: share.default(0.1).describe('The part of all cases that may break before the run fails.'),
  max_cost_usd: z.number().positive().nullable().default(null).describe('US dollars; null for no limit.'),
});

const definitionFields = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.-]{0,99}$/,
      'must begin with a letter or digit and have at most 100 letters, digits, dots, dashes and underscores',
    )
    .describe('The same name again makes the next revision.'),
  agent: text(1, 200).describe('The id of the agent.'),
  dataset,
  environment: text(1, 200)
    .nullable()
    .default(null)
    .describe('The id of the environment of its sessions; null takes one that is kept for evals.'),
  endpoint: text(1, 64)
    .nullable()
    .default(null)
    .describe('The name of a configured endpoint; null for this server.'),
  message: text(1, 100_000)
    .nullable()
    .default(null)
    .describe("Template of the message, with `{{field}}`; null sends the case's input."),
  reply: replyReader,
  labels: z
    .array(text(1, 200))
    .min(1)
    .max(1000)
    .nullable()
    .default(null)
    .describe('The only values that a reading and a target may have; null allows any.'),
  scorers: scorerConfigs.describe(
    'How replies are scored. A type alone stands for that scorer as it is by default.',
  ),
  epochs: z
    .int()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe('How often each case is asked; null takes 5 for fewer than 100 cases, and 3 for more.'),
  concurrency: z.int().min(1).max(256).default(16).describe('How many sessions run at once.'),
  limits: limits.prefault({}).describe('What a run may take before it stops.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1)
    .describe('Every random number of a run and of its reports comes from it.'),
  gate: gate.prefault({}).meta({ default: {}, description: 'What a comparison has to show.' }),
});

/** An eval as its file or a request states it; what comes out has every default filled in. */
export const evalDefinition = definitionFields
  .transform((input, context): EvalDefinition => {
    checkUse(['message'], () => createRenderer(input.message), context);
    return { ...input, gate: gateOf(input, context) };
  })
  .meta({ id: 'NewEval', description: 'What is asked, how it is scored, and what the scores must show.' });

/** What stands in an eval about scoring alone. */
export const inlineScoring = definitionFields
  .pick({ reply: true, labels: true, scorers: true, concurrency: true, limits: true, seed: true, gate: true })
  .transform((input, context): InlineScoring => ({ ...input, gate: gateOf(input, context) }))
  .meta({
    description: 'What would stand in an eval about how answers are scored and judged.',
  });

type Judged = Pick<z.output<typeof definitionFields>, 'reply' | 'labels' | 'scorers' | 'gate'>;

/** The gate with its metrics and margin; also checks that replies can be read at all. */
function gateOf({ reply, labels, scorers, gate: stated }: Judged, context: z.RefinementCtx): GatePolicy {
  const names = scorers.map(({ name }) => name);
  const metrics = stated.metrics ?? names.slice(0, 1);
  for (const [i, name] of metrics.entries()) {
    if (names.includes(name)) continue;
    context.addIssue({
      code: 'custom',
      path: ['gate', 'metrics', i],
      message: `must be one of the scorers ${names.join(', ')}`,
    });
  }
  checkUse(['reply'], () => createReader(reply, labels), context);
  return { ...stated, metrics, margin: marginOf(stated) };
}

/** What cannot be prepared now could not be used later, when a run has begun. */
function checkUse(path: string[], prepare: () => unknown, context: z.RefinementCtx): void {
  try {
    prepare();
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    context.addIssue({ code: 'custom', path, message: error.message.replace(/^\w[\w.]*: /, '') });
  }
}

export const evalQuery = z.strictObject({
  revision: versionNumber.optional().describe('Absent takes the newest revision.'),
});
export const evalListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: newestFirst,
  search: search('Only evals with this in their name.'),
  dataset: lookup.optional().describe('Only evals whose cases come from one dataset, by its id or name.'),
  include_archived: flag('Whether archived ones are listed as well.'),
});

const versionInput = z.int().min(1).optional();
const oneEval = lookup.optional().describe('Only those of one eval, by its id or name.');
const runFields = {
  eval: text(1, 200).describe('The id of an eval, or its name.'),
  eval_revision: versionInput.describe('Absent takes the newest.'),
  agent_id: text(1, 200).optional().describe('Absent takes the agent that the eval names.'),
  dataset_revision: text(8, 80)
    .optional()
    .describe('The id of a revision or the beginning of its hash; absent takes what the eval says.'),
  epochs: z.int().min(1).max(100).optional().describe('Absent takes what the eval says.'),
  fresh: z
    .boolean()
    .optional()
    .describe('Whether everything is asked anew, also where an earlier run has the answer.'),
};

export const evalRunCreate = z
  .strictObject({
    ...runFields,
    agent_version: versionInput.describe('The version to run; absent takes the latest.'),
  })
  .meta({ id: 'NewEvalRun', description: 'An eval to run, and where it departs from its definition.' });

export const evalRunListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: newestFirst,
  eval: oneEval,
  agent_id: lookup.optional().describe('Only runs of one agent.'),
  agent_version: versionNumber.optional().describe('Only runs of one version.'),
  dataset: lookup.optional().describe('Only runs on one dataset, by its id or name.'),
  status: z.enum(jobStatuses).optional().describe('Only runs that stand so.'),
});

const groupFields = {
  group: lookup.optional().describe('Only cases of one group.'),
  ungrouped: flag('Whether only cases without a group are listed.'),
};
const isOneGroup = ({ group, ungrouped }: { group?: string | undefined; ungrouped: boolean }): boolean =>
  group === undefined || !ungrouped;
const notBesideGroup = { path: ['ungrouped'], message: 'must not be given beside group' };

export const evalResultListQuery = z
  .strictObject({
    limit: limit(50, 200),
    page,
    errors: flag('Whether only results whose session broke are listed.'),
    case_id: lookup.optional().describe('Only results of the case with exactly this id.'),
    search: search('Only results of cases with this in their id.'),
    ...groupFields,
    found: z
      .enum(findings)
      .optional()
      .describe('Only results that the first scorer finds so; unscored is that it could not tell.'),
  })
  .refine(isOneGroup, notBesideGroup);

/** Two versions that are run and compared, or two runs that exist. */
export const comparisonCreate = z
  .union(
    [
      z
        .strictObject({
          ...runFields,
          candidate_version: versionInput.describe('Absent takes the latest.'),
          baseline_version: versionInput.describe(
            'Absent takes what `production` stands for, or else the version before the candidate.',
          ),
        })
        .meta({ title: 'Two versions' }),
      z
        .strictObject({
          baseline_run: text(1, 100).describe('The id of a finished run, `erun_…`.'),
          candidate_run: text(1, 100).describe('The id of another one.'),
        })
        .meta({ title: 'Two runs' }),
    ],
    'needs an eval, or a baseline_run and a candidate_run',
  )
  .meta({ id: 'NewComparison', description: 'Two versions to run and compare, or two runs that exist.' });

export const comparisonListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: newestFirst,
  eval: oneEval,
  agent_id: lookup.optional().describe('Only those whose candidate is a version of one agent.'),
  agent_version: versionNumber.optional().describe('Only those whose candidate has this number.'),
  status: z.enum(jobStatuses).optional().describe('Only comparisons that stand so.'),
  verdict: z.enum(verdicts).optional().describe('Only comparisons of which the gate said so.'),
});

export const comparedCaseListQuery = z
  .strictObject({
    limit: limit(50, 200),
    page,
    metric: lookup.optional().describe("The scorer that decides; absent takes the gate's first."),
    sort: z
      .enum(caseSorts)
      .default('flips')
      .describe('flips gives cases that turned first, lost ones before others, and then the worst.'),
    ...groupFields,
    outcomes: list(z.enum(caseOutcomes)).describe('Only cases that came out so; may be given several times.'),
    search: search('Only cases with this in their id.'),
  })
  .refine(isOneGroup, notBesideGroup);

const reportFormats = ['table', 'markdown', 'junit', 'html', 'json'] as const;
export type ReportFormat = (typeof reportFormats)[number];

export const reportQuery = z.strictObject({
  format: z.enum(reportFormats).default('json').describe('How the report is written.'),
  colour: flag('Whether a table is coloured, for a terminal that can.'),
});

/** A finished run whose epochs are split in two, over and over; it needs at least two of them. */
export const calibrationCreate = z
  .strictObject({
    run: text(1, 100).describe('The id of a finished run with at least two epochs, `erun_…`.'),
    splits: z.int().min(20).max(2000).default(200).describe('How often its epochs are split in two.'),
  })
  .meta({ id: 'NewCalibration', description: 'A run to measure its gate on.' });

export const calibrationListQuery = z.strictObject({ limit: limit(20, 100), page, eval: oneEval });
