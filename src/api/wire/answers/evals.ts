import { z } from 'zod';
import { tiers } from '../../../core/evaluation.ts';
import type { EvalDefinition, ReplyReader, RunLimits } from '../../../eval/definition.ts';
import type { GatePolicy } from '../../../eval/gate-policy.ts';
import { scorerConfigs } from '../../../eval/scorers/scorers.ts';
import type { EvalResponse } from '../../evals.ts';
import { count, describes, listOf, share, text, time } from './fields.ts';

const reply = describes<ReplyReader>()(
  z.union([
    z.object({ read: z.literal('text') }),
    z.object({
      read: z.literal('json'),
      path: text.nullable().describe('The way into the JSON of the reply; null takes all of it.'),
    }),
    z.object({
      read: z.literal('regex'),
      pattern: text.describe('The first group that it captures is read, or all that it matches.'),
      flags: text.describe('The flags of the pattern.'),
    }),
    z.object({ read: z.literal('tool_calls') }),
  ]),
);

/** How much a group matters. */
export const tier = z.enum(tiers);
const margin = share.nullable();

export const gatePolicy = describes<GatePolicy>()(
  z.object({
    metrics: listOf(text).describe('The scorers that count; the first one decides what a flip is.'),
    confidence: share.describe('Two-sided level of the intervals: 0.9 tests either side at 5 %.'),
    margin: z
      .object({
        critical: margin.describe('For critical groups.'),
        supporting: margin.describe('For supporting groups.'),
        advisory: margin.describe('For advisory groups.'),
      })
      .describe("Tolerated mean damage by tier; null asks nothing of that tier's intervals."),
    overall: tier.describe('The tier of all cases together.'),
    default_tier: tier.describe('The tier of groups that `groups` does not name.'),
    groups: z.record(z.string(), tier).describe('Tiers by group.'),
    min_cases: z
      .object({ group: count.describe('In a group.'), overall: count.describe('In all.') })
      .describe('Fewest cases that an interval may be judged on.'),
    max_lost_cases: count
      .nullable()
      .describe('The most cases of one group that may turn from right to wrong; null states no such rule.'),
    max_lost_total: count.nullable().describe('The same for all groups together.'),
    min_scored: share.describe('The least part of all cases that must have a score.'),
  }),
).meta({ id: 'GatePolicy', description: 'What a comparison has to show, with every default filled in.' });

const limits = describes<RunLimits>()(
  z.object({
    timeout_ms: count.describe('For one case, from opening its session to the end of its turn.'),
    scorer_timeout_ms: count.describe('For one scorer on one case.'),
    max_attempts: count.describe('How often a case is tried whose session breaks.'),
    max_error_share: share.describe('The part of all cases that may break before the run fails.'),
    max_cost_usd: z.number().nullable().describe('US dollars; null for no limit.'),
  }),
);

const definition = describes<EvalDefinition>()(
  z.object({
    name: text.describe('The name of the eval.'),
    agent: text.describe('The id of the agent.'),
    dataset: z
      .object({
        name: text.describe('The name of the dataset.'),
        revision: text
          .nullable()
          .describe("The beginning of a revision's hash; null takes the newest when a run is made."),
      })
      .describe('The cases that are asked.'),
    environment: text.nullable().describe('`env_…`; null takes one that is kept for evals.'),
    endpoint: text.nullable().describe('The name of a configured endpoint; null for this server.'),
    message: text
      .nullable()
      .describe("Template of the message, with `{{field}}`; null sends the case's input."),
    reply: reply.describe('How the value that scorers look at is read out of a reply.'),
    labels: listOf(text)
      .nullable()
      .describe('The only values that a reading and a target may have; null allows any.'),
    scorers: scorerConfigs.describe('How replies are scored.'),
    epochs: count
      .nullable()
      .describe('How often each case is asked; null takes 5 for fewer than 100 cases, and 3 for more.'),
    concurrency: count.describe('How many sessions run at once.'),
    limits: limits.describe('What a run may take before it stops.'),
    seed: count.describe('Every random number of a run and of its reports comes from it.'),
    gate: gatePolicy.describe('What a comparison has to show.'),
  }),
).meta({ id: 'EvalDefinition', description: 'A definition with every default filled in.' });

export const evalAnswer = describes<EvalResponse>()(
  z.object({
    type: z.literal('eval'),
    id: text.describe('`eval_…`'),
    name: text.describe('Unique, among archived ones too.'),
    revision: count.describe('Numbered from 1.'),
    hash: text.describe('SHA-256 of the definition.'),
    definition: definition.describe('What this revision says.'),
    created_at: time.describe('When the eval was made.'),
    updated_at: time.describe('When it last changed.'),
    archived_at: time.nullable().describe('When it was archived; null while it starts runs.'),
  }),
).meta({ id: 'Eval', description: 'An eval at one of its revisions.' });
