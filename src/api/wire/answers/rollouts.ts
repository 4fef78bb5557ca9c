import { z } from 'zod';
import { runningModes } from '../../../core/release.ts';
import {
  type LiveCheck,
  type LiveMetric,
  type OnlineScorer,
  pauseCauses,
  type RolloutPause,
  type RolloutSettings,
  type RolloutStep,
  rolloutEventTypes,
  rolloutStatuses,
  sessionMetrics,
} from '../../../core/rollout.ts';
import type { CheckResult } from '../../../release/rollout/checks.ts';
import type { LookDecision } from '../../../release/rollout/decision.ts';
import type { ArmCounts } from '../../../release/rollout/evidence.ts';
import type { CheckBounds, CheckPoint, EvidencePoint } from '../../../release/rollout/evidence-series.ts';
import type { EvidenceSummary } from '../../../release/rollout/rollout.ts';
import type { ScoringCounts } from '../../../store/online-scorings.ts';
import type {
  EvidenceSeriesResponse,
  RolloutEventResponse,
  RolloutListed,
  RolloutResponse,
} from '../../rollouts.ts';
import { count, describes, json, listOf, percent, share, text, time } from './fields.ts';
import { actor } from './release.ts';

const seconds = z.number().min(0);
const reason = text.describe('Why, for people.');

const metric = describes<LiveMetric>()(
  z.union([z.enum(sessionMetrics), z.templateLiteral(['score:', z.string()])]),
);

const checkShape = {
  metric: metric.describe('What is watched.'),
  margin: z
    .number()
    .min(0)
    .describe(
      'How much worse the canary may be: for failures, refusals and scores a difference of means, for cost, tokens and latency a share of the mean of the control.',
    ),
};
const check = describes<LiveCheck>()(z.object(checkShape));

const step = describes<RolloutStep>()(
  z.object({
    weight: percent.describe('How much of the traffic gets the candidate, in percent.'),
    min_seconds: seconds.describe('How long it lasts at least.'),
    min_sessions: count.describe('How many sessions of the canary have to have ended a turn in it.'),
    approval: z.boolean().describe('Whether somebody has to let it go on, after all else is there.'),
  }),
);

const scorer = describes<OnlineScorer>()(
  z.object({
    name: text.describe('What its scores are called; they are watched as `score:` and this.'),
    sample: share.describe('The part of the sessions that is scored, of both arms alike.'),
    scorer: json.describe('Its settings, as evals have them.'),
  }),
);

const settings = describes<RolloutSettings>()(
  z.object({
    steps: listOf(step).describe('Weights rise; the last is 100, where the alias moves.'),
    guardrails: listOf(check).describe('What takes the candidate back when the canary is worse.'),
    signals: listOf(check).describe('What pauses the rollout when the canary is worse.'),
    scorers: listOf(scorer).describe('What scores part of the sessions as soon as they have ended a turn.'),
    alpha: share.describe(
      'The chance that any guardrail breaks by mistake, ever; the same again for the signals.',
    ),
    look_seconds: seconds.describe('How long it is from one look to the next.'),
    on_rollback: z
      .enum(runningModes)
      .describe("What becomes of the canary's open sessions when the server takes it back by itself."),
    patience_seconds: seconds.describe(
      'How long the last step waits for evidence that the candidate is no worse, before it asks a person.',
    ),
  }),
).meta({ id: 'RolloutSettings', description: 'How a rollout goes about it. Fixed when it begins.' });

const pause = describes<RolloutPause>()(
  z.object({
    cause: z.enum(pauseCauses).describe('Why it waits for a person, for programs.'),
    reason: text.describe('The same, for people.'),
    by: text.describe('Who paused it; `pawl` is the server.'),
    since: time.describe('When it was paused.'),
  }),
);

const decision = describes<LookDecision>()(
  z.discriminatedUnion('type', [
    z
      .object({
        type: z.literal('roll_back'),
        metric: metric.describe('The guardrail that is broken.'),
        reason,
      })
      .meta({ title: 'RollBack' }),
    z
      .object({
        type: z.literal('pause'),
        cause: z.enum(pauseCauses).describe('Why a person is needed.'),
        metric: metric.nullable().describe('The signal that is broken; null when it is not that.'),
        reason,
      })
      .meta({ title: 'Pause' }),
    z.object({ type: z.literal('advance'), reason }).meta({ title: 'Advance' }),
    z
      .object({
        type: z.literal('wait'),
        waits_for: z.enum(['time', 'sessions', 'evidence', 'person']).describe('What it waits for.'),
        reason,
      })
      .meta({ title: 'Wait' }),
  ]),
).meta({ id: 'RolloutDecision', description: 'What a look led to, and why.' });

const armShape = {
  control: count.describe('Of the version that the alias stands for.'),
  canary: count.describe('Of the candidate.'),
};
const armCounts = describes<ArmCounts>()(z.object(armShape));

const limit = z.number().nullable();
const p = share.describe('Always-valid p-value.');

const arm = describes<CheckResult['control']>()(
  z.object({
    units: count.describe('Targeting keys, or sessions without one, that have a value.'),
    mean: z.number().nullable().describe('Of all their values; null without any.'),
  }),
);

const boundsShape = {
  ...checkShape,
  kind: z.enum(['guardrail', 'signal']).describe('What becomes of it when the canary is worse.'),
  alpha: share.describe(
    'The chance that it breaks by mistake: failures and refusals break where `p` is at most this, others where `harm.low` is above the margin.',
  ),
};
const foundShape = {
  status: z
    .enum(['broken', 'safe', 'open'])
    .describe('`broken`: the canary is worse; `safe`: not by the margin; `open`: neither is known.'),
  p: p
    .nullable()
    .describe(
      'Always-valid p-value against "no worse than allowed"; null when it is too early, or all values are alike.',
    ),
};
const harmShape = {
  estimate: limit.describe('The best guess; null when it is too early for one.'),
  low: limit.describe('What it is at least, at all looks together; null when it is too early.'),
  high: limit.describe('What it is at most, at all looks together; null when it is too early.'),
};

const checkResult = describes<CheckResult>()(
  z.object({
    ...{ ...boundsShape, ...foundShape },
    harm: z
      .object(harmShape)
      .describe('How much worse the canary is, in the terms of the margin; below 0, it is better.'),
    control: arm.describe('What the version shows that the alias stands for.'),
    canary: arm.describe('What the candidate shows.'),
  }),
).meta({ id: 'RolloutCheck', description: 'What is known of one thing that is watched.' });

const evidence = describes<EvidenceSummary>()(
  z.object({
    sessions: listOf(
      z.object({
        weight: percent.describe('The share of the canary when they began, in percent.'),
        ...armShape,
      }),
    ).describe('Sessions that have ended a turn.'),
    units: armCounts.describe('Targeting keys, or sessions without one, as they were first assigned.'),
    excluded: armCounts.describe(
      'Sessions with overrides, or whose configuration was changed: they count nowhere else.',
    ),
    sample_ratio: z
      .object({ p })
      .describe('Whether the units have the configured weights; below 0.001 nothing can be concluded.'),
    checks: listOf(checkResult).describe('What is watched, guardrails first.'),
  }),
).meta({ id: 'RolloutEvidence', description: 'What is known of the traffic of a rollout.' });

const listedShape = {
  type: z.literal('rollout'),
  id: text.describe('`roll_…`'),
  agent_id: text.describe('`agent_…`'),
  alias: text.describe('The name of the alias.'),
  promotion_id: text.describe('The promotion that it carries out, `promo_…`.'),
  baseline_version: count.describe('What the alias stood for when it began; control gets it.'),
  candidate_version: count.describe('What is to take its place; the canary gets it.'),
  retry_of: text.nullable().describe('The rollout that it tries again; null for a first try.'),
  status: z.enum(rolloutStatuses).describe('Where it stands; the last three are for good.'),
  settings: settings.describe('How it goes about it.'),
  step: count.describe('Which step it is at, from 1.'),
  step_since: time.describe('When that began.'),
  weight: percent.describe('How much of the traffic gets the candidate now by this rollout, in percent.'),
  pause: pause.nullable().describe('Why it waits for a person; null while it does not.'),
  started_by: actor.describe('Who started it.'),
  reason: text.nullable().describe('Why; null when nobody said.'),
  decision: decision.nullable().describe('What the last look led to; null before the first.'),
  looks: count.describe('How many looks there were.'),
  last_look_at: time.nullable().describe('When the last one was; null before the first.'),
  next_look_at: time.nullable().describe('When the next one is due; null when it is over.'),
  created_at: time.describe('When it was started.'),
  updated_at: time.describe('When something last happened to it; a look alone is nothing.'),
  ended_at: time.nullable().describe('When it was over; null before.'),
  ended_by: actor.nullable().describe('Who ended it, which may be the server; null before.'),
  end_reason: text.nullable().describe('Why it was ended; null before, and when nobody said.'),
};

export const listedRollout = describes<RolloutListed>()(z.object(listedShape)).meta({
  id: 'ListedRollout',
  description: 'A rollout without its evidence.',
});

const scoringCounts = describes<ScoringCounts>()(
  z.object({
    name: text.describe('The scorer.'),
    waiting: count.describe('Sessions that it is still to score, or to be asked about again.'),
    given_up: count.describe('Sessions with an answer that it could not score.'),
    cost_usd: z
      .number()
      .nullable()
      .describe('What it has cost in US dollars; null when the price of something is not known.'),
  }),
);

export const rollout = describes<RolloutResponse>()(
  z.object({
    ...listedShape,
    evidence: evidence.describe('What is known of its traffic.'),
    scoring: listOf(scoringCounts).describe('How its scorers get on, in the order of the settings.'),
  }),
).meta({ id: 'Rollout', description: 'A promotion that is carried out in steps, and watched.' });

export const rolloutEvent = describes<RolloutEventResponse>()(
  z.object({
    type: z.literal('rollout_event'),
    seq: count.describe('Numbered from 1, without gaps.'),
    event: z.enum(rolloutEventTypes).describe('What happened.'),
    actor: actor.describe('Who did it; `pawl` is the server.'),
    reason: text.nullable().describe('Why; null when nobody said.'),
    data: json.describe(
      'What the event has to tell. Where a decision was made, the evidence that it was made on, and of a look its number.',
    ),
    at: time.describe('When it happened.'),
  }),
).meta({ id: 'RolloutEvent', description: 'Something that happened to a rollout. It never changes.' });

const checkBounds = describes<CheckBounds>()(z.object(boundsShape));

const checkPoint = describes<CheckPoint>()(
  z.object({ metric: checkShape.metric, ...foundShape, ...harmShape }),
);

const evidencePoint = describes<EvidencePoint>()(
  z.object({
    look: count.describe('The number of the look.'),
    at: time.describe('When it was.'),
    weight: percent.describe('How much of the traffic the candidate got, in percent.'),
    step: count.describe('Which step it was at, from 1.'),
    sessions: armCounts.describe('Sessions that had ended a turn.'),
    units: armCounts.describe('Targeting keys, or sessions without one.'),
    sample_ratio: z.object({ p }).describe('Whether the units had the configured weights.'),
    checks: listOf(checkPoint).describe('What was watched, guardrails first.'),
  }),
);

export const evidenceSeries = describes<EvidenceSeriesResponse>()(
  z.object({
    type: z.literal('rollout_evidence'),
    rollout_id: text.describe('`roll_…`'),
    checks: listOf(checkBounds).describe('What is watched, and what its points are to be read by.'),
    points: listOf(evidencePoint).describe('In the order of time; the last is as it is now.'),
  }),
).meta({ id: 'RolloutEvidenceSeries', description: 'How the evidence of a rollout came about.' });
