import { z } from 'zod';
import { arms } from '../../../core/rollout.ts';
import { resolutionReasons, sessionStatuses } from '../../../core/session.ts';
import type { SessionFailure } from '../../../session/session-rows.ts';
import type { ListedSessionResponse } from '../session-rows.ts';
import { count, describes, percent, text, time } from './fields.ts';

const failure = describes<SessionFailure>()(
  z.object({
    stop_reason: z
      .enum(['retries_exhausted', 'refusal', 'budget_reached'])
      .describe('Why the turn ended, as `session.status_idle` has it.'),
    error: z
      .object({
        type: text.describe('What kind of error it was, as `session.error` has it.'),
        message: text.describe('The same, for people.'),
      })
      .nullable()
      .describe('What went wrong; null where nothing did, as after a refusal.'),
  }),
);

export const listedSession = describes<ListedSessionResponse>()(
  z.object({
    type: z.literal('listed_session'),
    id: text.describe('`sesn_…`'),
    title: text.nullable().describe('Its title; null without one.'),
    agent: z
      .object({
        id: text.describe('`agent_…`'),
        name: text.describe('Its name when the session was made.'),
        version: count.describe('The version that the session has.'),
      })
      .describe('Whom it talks to.'),
    environment_id: text.describe('`env_…`'),
    reason: z.enum(resolutionReasons).describe('Why it has its version.'),
    alias: text.nullable().describe('The alias that gave it; null when none did.'),
    rollout: z
      .object({
        id: text.describe('`roll_…`'),
        arm: z.enum(arms).describe('Which arm it is in.'),
        weight: percent.describe("The canary's share of the traffic when it was made, in percent."),
      })
      .nullable()
      .describe('The rollout that it is in; null when it is in none.'),
    targeting_key: text.nullable().describe('Who is served; null when nobody said.'),
    status: z.enum(sessionStatuses).describe('Where it stands.'),
    overridden: z.boolean().describe('Whether something of its agent was replaced for it alone.'),
    stopped_at: time
      .nullable()
      .describe(
        'Since when it takes no more messages, because its version was rolled back; null while it does.',
      ),
    failure: failure
      .nullable()
      .describe('Why its last turn came to no answer; null when it did, and while one is under way.'),
    turns: count.describe('Turns that came to an end of their own.'),
    failed_turns: count.describe('Of which failed for good.'),
    tokens: count.describe('All that it has used, those of caches included.'),
    cost_usd: z
      .number()
      .min(0)
      .nullable()
      .describe('US dollars at list prices; null while none of its requests has a price.'),
    created_at: time.describe('When it was made.'),
    updated_at: time.describe('When it last changed.'),
    archived_at: time.nullable().describe('When it was archived; null while it is not.'),
  }),
).meta({ id: 'ListedSession', description: 'A session as a list shows it.' });
