import { z } from 'zod';
import { runningModes } from '../../core/release.ts';
import { type LiveMetric, rolloutStatuses, sessionMetrics } from '../../core/rollout.ts';
import { scoreNamePattern } from '../../core/session-score.ts';
import { limit, lookup, newestFirst, page, search, text } from './fields.ts';

const reason = text(1, 2000).optional().describe('Why, for the history and the audit log.');
const longestSeconds = 30 * 86_400;

const metric = z
  .string()
  .max(100)
  .refine(isMetric, `must be one of ${sessionMetrics.join(', ')}, or score: with the name of a score`)
  .describe('What is watched: something that every session has, or `score:` with the name of a score.');

function isMetric(value: string): value is LiveMetric {
  if ((sessionMetrics as readonly string[]).includes(value)) return true;
  return value.startsWith('score:') && scoreNamePattern.test(value.slice('score:'.length));
}

const check = z.strictObject({
  metric,
  margin: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'How much worse the canary may be. For failures, refusals and scores a difference of means, at most 1, and 0.05 when absent; for cost, tokens and latency a share of the mean of the control, 0.25 when absent.',
    ),
});

const step = z.strictObject({
  weight: z
    .number()
    .describe('How much of the traffic gets the candidate, in percent with two decimals at most.'),
  min_seconds: z
    .int()
    .min(0)
    .max(longestSeconds)
    .optional()
    .describe('How long it lasts at least; an hour when absent.'),
  min_sessions: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('How many sessions of the canary have to have ended a turn in it; 50 when absent.'),
  approval: z.boolean().optional().describe('Whether somebody has to let it go on, after all else is there.'),
});

export const rolloutCreate = z
  .strictObject({
    promotion_id: z.string().describe('The promotion that is to be carried out, `promo_…`.'),
    steps: z
      .array(step)
      .max(20)
      .optional()
      .describe('Weights rise, and the last is 100. Absent: 5, 10, 25, 50 and 100.'),
    guardrails: z
      .array(check)
      .max(20)
      .optional()
      .describe('What takes the candidate back when the canary is worse. Absent: failures.'),
    signals: z
      .array(check)
      .max(20)
      .optional()
      .describe('What pauses the rollout when the canary is worse. Absent: refusals, latency and cost.'),
    scorers: z
      .array(z.unknown())
      .max(10)
      .optional()
      .describe('Scorers that score part of the sessions: each has `name`, `sample` and `scorer`.'),
    alpha: z
      .number()
      .min(0.0001)
      .max(0.2)
      .optional()
      .describe('The chance that any guardrail breaks by mistake, ever; 0.05 when absent.'),
    look_seconds: z
      .number()
      .min(0.1)
      .max(3600)
      .optional()
      .describe('How long it is from one look at the evidence to the next; 10 when absent.'),
    patience_seconds: z
      .int()
      .min(0)
      .max(longestSeconds)
      .optional()
      .describe(
        'How long the last step waits for evidence that the candidate is no worse, pauses left out, before a person has to decide; a day when absent.',
      ),
    on_rollback: z
      .enum(runningModes)
      .optional()
      .describe(
        "What becomes of the canary's open sessions when the server takes it back by itself; drain when absent.",
      ),
    reason,
  })
  .meta({ id: 'NewRollout', description: 'How a promotion is to be carried out.' });

export const rolloutSaid = z
  .strictObject({ reason })
  .meta({ id: 'RolloutSaid', description: 'Why something is done to a rollout.' });

export const rolloutAdvance = z
  .strictObject({
    step: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe('The step that the caller saw it at, from 1; should that have changed, nothing happens.'),
    reason,
  })
  .meta({ id: 'RolloutAdvance', description: 'Which step is to be left, and why.' });

export const rolloutEnd = z
  .strictObject({
    running: z
      .enum(runningModes)
      .default('drain')
      .describe(
        'What becomes of open sessions of the canary: drain lets them go on, stop_new_turns lets them end their turn and take no more messages, interrupt ends the turn as well.',
      ),
    reason,
  })
  .meta({ id: 'RolloutEnd', description: 'How a rollout is to be ended, and why.' });

export const rolloutListQuery = z
  .strictObject({
    limit: limit(20, 100),
    page,
    order: newestFirst,
    agent_id: lookup.optional().describe('Only rollouts of one agent.'),
    alias: lookup.optional().describe('Only those of one alias; needs `agent_id`.'),
    status: z.enum(rolloutStatuses).optional().describe('Only rollouts that stand so.'),
    search: search("Only those with this in the agent's name or in the reason, or with this id."),
  })
  .refine(({ agent_id, alias }) => alias === undefined || agent_id !== undefined, {
    path: ['alias'],
    message: 'needs agent_id as well',
  });

export const rolloutEventListQuery = z.strictObject({ limit: limit(20, 100), page });
