import { z } from 'zod';
import { jobStatuses, recordings } from '../../../core/evaluation.ts';
import type { CaseError, EvalRun, RunCounts, RunPlan } from '../../../eval/result.ts';
import type { CaseUsage, Outcome, Reading } from '../../../eval/score.ts';
import type { StoredScore } from '../../../eval/stored-result.ts';
import type { EvalResultResponse, EvalRunResponse } from '../../eval-runs.ts';
import { count, describes, json, listOf, share, text, time } from './fields.ts';
import { agreementShape } from './gate-rows.ts';

const usage = describes<CaseUsage>()(
  z.object({
    input_tokens: count.describe('Tokens that went in, those of caches aside.'),
    output_tokens: count.describe('Tokens that came out.'),
    cache_read_tokens: count.describe('Tokens read from a cache.'),
    cache_write_tokens: count.describe('Tokens written to a cache.'),
  }),
);

const cost = z.number().min(0).nullable();

const plan = describes<RunPlan>()(
  z.object({
    agent_name: text.describe('The name of the agent.'),
    model: text.describe('The model that the version names.'),
    config_hash: text.describe('Hash of the configuration that sessions run with.'),
    environment_id: text.describe('The environment of its sessions.'),
    dataset: z
      .object({
        id: text.describe('`dset_…`'),
        name: text.describe('Its name.'),
        hash: text.describe('The hash of the revision.'),
        cases: count.describe('How many cases it has.'),
      })
      .describe('The cases that are asked.'),
    scorers: listOf(
      z.object({
        name: text.describe('What its metric is called.'),
        type: text.describe('Which scorer it is.'),
        hash: text.describe('Hash of all that decides its values.'),
        binary: z.boolean().describe('Whether its only values are 0 and 1.'),
        agreement: z
          .object(agreementShape)
          .nullable()
          .describe('How well a judge agrees with people; null where it was not measured.'),
      }),
    ).describe('How replies are scored.'),
    seed: count.describe('Every random number comes from it.'),
    pawl_version: text.describe('The version of this server.'),
  }),
);

const counts = describes<RunCounts>()(
  z.object({
    total: count.describe('Cases times epochs.'),
    done: count.describe('Finished with an outcome, reused ones included.'),
    reused: count.describe('Taken over from earlier runs.'),
    errors: count.describe('Cases and epochs whose sessions broke for good.'),
    usage: usage.describe('What this run itself has used; reused results are not counted.'),
    cost_usd: cost.describe('US dollars; null when the price of a model is not known.'),
    served_by: z.record(z.string(), count).describe('Who answered, as `provider/model`, and how often.'),
    scores: z
      .record(
        z.string(),
        z.object({
          sum: z.number().describe('Of the values.'),
          count: count.describe('How many values there are.'),
          unscored: count.describe('How often the scorer could not tell.'),
        }),
      )
      .describe('By scorer, to show a running mean.'),
  }),
);

const runShape = {
  id: text.describe('`erun_…`'),
  eval_id: text.describe('`eval_…`'),
  eval_name: text.describe('The name of the eval.'),
  eval_revision: count.describe('The revision that is run.'),
  agent_id: text.describe('`agent_…`'),
  agent_version: count.describe('The version that is run.'),
  dataset_revision_id: text.describe('`drev_…`'),
  endpoint: text.nullable().describe('The configured endpoint that sessions run at; null for this server.'),
  status: z.enum(jobStatuses).describe('Where it stands.'),
  epochs: count.describe('How often each case is asked.'),
  fresh: z.boolean().describe('Whether everything is asked anew.'),
  recorded: z
    .enum(recordings)
    .nullable()
    .describe('Whose answers were scored, instead of asking for new ones; null when the version was asked.'),
  plan: plan.nullable().describe('What was settled when it began; null before.'),
  counts: counts.describe('How far it has come, and what it took.'),
  error: text.nullable().describe('Why it failed; null when it did not.'),
  sees: share
    .nullable()
    .describe(
      'The smallest drop that so many cases would show in a comparison, at 80 % power and 5 % one-sided, if one case in ten flips for no reason; null when not even a total loss would be seen.',
    ),
  created_at: time.describe('When it was made.'),
  started_at: time.nullable().describe('When it first began; null before.'),
  ended_at: time.nullable().describe('When it was over; null before.'),
};

/** A run as comparisons and reports hold it. */
export const bareRun = describes<EvalRun>()(z.object(runShape)).meta({
  id: 'BareEvalRun',
  description: 'An eval run as a part of something else: all but its `type`.',
});

export const evalRun = describes<EvalRunResponse>()(
  z.object({ type: z.literal('eval_run'), ...runShape }),
).meta({ id: 'EvalRun', description: 'One version against one dataset revision with one set of scorers.' });

const outcome = describes<Outcome>()(
  z.object({
    session_id: text.describe('`sesn_…`'),
    reply: text.describe('All text of the agent after the last message, joined.'),
    tool_calls: listOf(
      z.object({ name: text.describe('The tool.'), input: json.describe('What it was to do.') }),
    ).describe('The tools that the agent asked for, in order.'),
    latency_ms: z.number().min(0).describe('From sending the last message to the end of the turn.'),
    usage: usage.describe('What it used.'),
    cost_usd: cost.describe('US dollars; null when the price of the model is not known.'),
    served_by: text.describe("Who answered, as `provider/model`, or the model's id when that is not known."),
  }),
);

const score = describes<StoredScore>()(
  z.object({
    value: share.nullable().describe('From 0, wrong, to 1, right; null is unscored, which is not zero.'),
    reason: text.nullable().describe('One sentence with the facts in it; null for a plain full score.'),
    cost_usd: cost.exactOptional().describe('US dollars that scoring took; absent when it took nothing.'),
    hash: text.describe('The hash of the scorer that gave it.'),
  }),
);

const reading = describes<Reading>()(
  z.union([
    z.object({ ok: z.literal(true), value: json.describe('What was read.') }),
    z.object({ ok: z.literal(false), reason: text.describe('Why nothing could be read.') }),
  ]),
);

const error = describes<CaseError>()(
  z.object({
    kind: z
      .enum(['timeout', 'endpoint', 'model', 'wrong_version', 'needs_action'])
      .describe('What was in the way.'),
    message: text.describe('What happened, for people.'),
    session_id: text.nullable().describe('The session that broke; null when there was none.'),
  }),
);

export const evalResult = describes<EvalResultResponse>()(
  z.object({
    type: z.literal('eval_result'),
    run_id: text.describe('`erun_…`'),
    case_id: text.describe('The id of the case.'),
    group: text.nullable().describe('The group of the case; null for one without.'),
    position: count.describe('Its place in the dataset, from 0.'),
    epoch: count.describe('Which repetition of the case it is.'),
    status: z.enum(['done', 'error']).describe('`error` when its session broke.'),
    scores: z.record(z.string(), score).describe('By scorer; empty when the session broke.'),
    outcome: outcome.nullable().describe('What the session gave; null when it broke.'),
    reading: reading.nullable().describe('What was read out of the reply; null when the session broke.'),
    clipped: z
      .boolean()
      .nullable()
      .describe('Whether the reply was longer than what is kept; null when the session broke.'),
    reused_from: text.nullable().describe('The run that paid for it; null when this one did.'),
    error: error.nullable().describe('Why there is no outcome; null when there is one.'),
  }),
).meta({ id: 'EvalResult', description: 'What one case came to in one epoch.' });
