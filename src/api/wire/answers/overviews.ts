import { z } from 'zod';
import { arms, rolloutStatuses } from '../../../core/rollout.ts';
import type { AliasOverview, VerdictOverview } from '../../../release/agent-overviews.ts';
import type { VersionPlace } from '../../../release/version-overviews.ts';
import type { AgentOverviewResponse, VersionOverviewResponse } from '../overviews.ts';
import { count, describes, listOf, percent, text, time } from './fields.ts';
import { verdict } from './gate-rows.ts';

const aliasOverview = describes<AliasOverview>()(
  z.object({
    name: text.describe('Its name.'),
    version: count.nullable().describe('What it stands for; null for nothing.'),
    held: z.boolean().describe('Whether it was rolled back and does not move before it is released.'),
    rollout: z
      .object({
        id: text.describe('`roll_…`'),
        status: z.enum(rolloutStatuses).describe('Where it stands.'),
        weight: percent.describe('How much of the traffic gets the candidate, in percent.'),
        candidate_version: count.describe('The candidate.'),
      })
      .nullable()
      .describe('The rollout that it has; null when it has none.'),
  }),
);

const lastVerdict = describes<VerdictOverview>()(
  z.object({
    verdict: verdict.describe("The gate's answer."),
    comparison_id: text.describe('`cmp_…`'),
    baseline: count.describe('The version that was compared with.'),
    candidate: count.describe('The version that was judged.'),
    created_at: time.describe('When the gate said it.'),
  }),
);

export const agentOverview = describes<AgentOverviewResponse>()(
  z.object({
    type: z.literal('agent_overview'),
    id: text.describe('`agent_…`'),
    name: text.describe('As the latest version has it.'),
    description: text.nullable().describe('As the latest version has it; null without one.'),
    model: text.describe('The model of the latest version.'),
    latest_version: z
      .object({
        version: count.describe('Its number.'),
        created_at: time.describe('When it was made.'),
        author: text.nullable().describe('Who made it; null when nobody knows.'),
        message: text.nullable().describe('What they said about it; null for nothing.'),
      })
      .describe('The latest version.'),
    default_alias: text
      .nullable()
      .describe(
        'The alias that decides for sessions that name the agent alone; null for the latest version.',
      ),
    aliases: listOf(aliasOverview).describe('All of its aliases, by name.'),
    last_verdict: lastVerdict
      .nullable()
      .describe('The newest verdict on one of its versions; null before there is one.'),
    open_promotions: count.describe('How many promotions are in review, or approved and not applied.'),
    created_at: time.describe('When it was made.'),
    updated_at: time.describe('When it last changed.'),
    archived_at: time.nullable().describe('When it was archived; null while it is not.'),
  }),
).meta({ id: 'AgentOverview', description: 'An agent as a list shows it.' });

const place = describes<VersionPlace>()(
  z.object({
    alias: text.describe('The name of the alias.'),
    arm: z
      .enum(arms)
      .describe('`canary` where a rollout gives it out, `control` where the alias stands for it.'),
    weight: percent.describe("How much of the alias's traffic it gets, in percent."),
  }),
);

export const versionOverview = describes<VersionOverviewResponse>()(
  z.object({
    type: z.literal('version_overview'),
    agent_id: text.describe('`agent_…`'),
    version: count.describe('Its number, from 1.'),
    config_hash: text.describe('The same for versions that behave alike.'),
    author: text.nullable().describe('Who made it; null when nobody knows.'),
    message: text.nullable().describe('What they said about it; null for nothing.'),
    live: listOf(place).describe('Where it is live, by alias.'),
    created_at: time.describe('When it was made.'),
  }),
).meta({ id: 'VersionOverview', description: 'A version without its configuration.' });
