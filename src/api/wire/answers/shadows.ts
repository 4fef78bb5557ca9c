import { z } from 'zod';
import { shadowStatuses } from '../../../core/evaluation.ts';
import type { SideSummary } from '../../../eval/shadow/shadow.ts';
import type { ShadowListed, ShadowResponse } from '../../shadows.ts';
import { count, describes, share, text, time } from './fields.ts';
import { actor } from './release.ts';

const mean = z.number().min(0).nullable();

const side = describes<SideSummary>()(
  z.object({
    turns: count.describe('Turns that both sides had.'),
    failed_turns: count.describe('Of which came to no answer.'),
    refused_turns: count.describe('Of which the model refused.'),
    mean_latency_ms: mean.describe('Of a turn that was answered; null without any.'),
    mean_input_tokens: mean.describe('The same, with those of caches.'),
    mean_output_tokens: mean.describe('The same.'),
  }),
);

const listedShape = {
  type: z.literal('shadow'),
  id: text.describe('`shdw_…`'),
  agent_id: text.describe('`agent_…`'),
  alias: text.describe('Whose sessions are copied.'),
  baseline_version: count.describe('What the alias stood for when it began; only its sessions are copied.'),
  candidate_version: count.describe('What answers the copies.'),
  sample: share.describe('The part of the sessions that is copied.'),
  max_sessions: count.describe('After how many copied sessions it stops by itself.'),
  eval_id: text.nullable().describe('What its comparisons score by; null when each has to say.'),
  status: z.enum(shadowStatuses).describe('Where it stands.'),
  ended_reason: text.nullable().describe('Why it is over; null while it is running.'),
  started_by: actor.describe('Who started it.'),
  created_at: time.describe('When it was started.'),
  updated_at: time.describe('When it last changed.'),
  ended_at: time.nullable().describe('When it was over; null before.'),
};

export const listedShadow = describes<ShadowListed>()(z.object(listedShape)).meta({
  id: 'ListedShadow',
  description: 'A shadow without what has come of it.',
});

export const shadow = describes<ShadowResponse>()(
  z.object({
    ...listedShape,
    sessions: z
      .object({
        sampled: count.describe('Sampled, whatever became of them.'),
        copied: count.describe('Of which the candidate has answered at least one turn.'),
        waiting: count.describe('Of which none has been answered yet.'),
        skipped: count.describe('That could not be copied, or no further.'),
        failed: count.describe('Whose copy failed.'),
        reasons: z.record(z.string(), count).describe('How many there are of each reason for the last two.'),
      })
      .describe('What became of the sessions of users.'),
    production: side.describe('What users were answered.'),
    candidate: side.describe('What the candidate answered to the same.'),
  }),
).meta({ id: 'Shadow', description: 'A candidate that answers copies of what users say.' });
