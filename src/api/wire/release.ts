import { z } from 'zod';
import { maxInteger } from '../../core/page.ts';
import { promotionStatuses, reviewDecisions, runningModes } from '../../core/release.ts';
import { limit, lookup, newestFirst, page, search, text, time } from './fields.ts';

const version = z.int().min(1).max(maxInteger);
const reason = text(1, 2000).optional().describe('Why, for the history and the audit log.');

/** Which alias of which agent, in a path. */
export const aliasParams = z.strictObject({
  id: z.string(),
  alias: lookup.describe('The name of the alias, such as `production`.'),
});

export const aliasSet = z
  .strictObject({
    version: version.nullable().describe('What it is to stand for; null for nothing, which removes it.'),
    from: version
      .nullable()
      .describe(
        'What the caller saw it stand for; null for nothing. Should that have changed, nothing happens.',
      ),
    reason,
  })
  .meta({ id: 'AliasMove', description: 'Where an alias is to be moved.' });

export const aliasRollback = z
  .strictObject({
    to: version.optional().describe('The version to go back to; absent takes the one that was good before.'),
    from: version
      .optional()
      .describe('What the caller saw it stand for; should that have changed, nothing happens.'),
    running: z
      .enum(runningModes)
      .default('drain')
      .describe(
        'What becomes of sessions that run on the version taken away: drain lets them go on, stop_new_turns lets them end their turn and take no more messages, interrupt ends the turn as well.',
      ),
    force: z
      .boolean()
      .default(false)
      .describe(
        'Whether a version will do that the alias has never stood for; for a protected alias, only to admins.',
      ),
    reason,
  })
  .meta({ id: 'AliasRollback', description: 'How an alias is to be rolled back. Everything has a default.' });

export const aliasRelease = z
  .strictObject({ reason })
  .meta({ id: 'AliasRelease', description: 'Why an alias may move again.' });

export const aliasPolicy = z
  .strictObject({
    protected: z
      .boolean()
      .optional()
      .describe('Whether, once set, it moves by promotion and rollback alone.'),
    approvals: z
      .int()
      .min(0)
      .max(10)
      .optional()
      .describe('How many people other than the author have to approve a promotion.'),
    eval: text(1, 200)
      .nullable()
      .optional()
      .describe('The eval that has to pass, by id or name; null leaves the choice to whoever asks.'),
    reason,
  })
  .meta({
    id: 'AliasPolicyChange',
    description: 'What an alias is to ask of promotions; absent stays as it is.',
  });

export const releaseSettings = z
  .strictObject({
    default_alias: text(1, 63)
      .nullable()
      .describe(
        'The alias that decides for sessions that name the agent alone; null gives those the latest version.',
      ),
    reason,
  })
  .meta({ id: 'ReleaseSettings', description: 'What sessions get that name an agent without a version.' });

export const moveListQuery = z.strictObject({ limit: limit(20, 100), page });

export const promotionCreate = z
  .strictObject({
    agent_id: z.string().describe('The agent, `agent_…`.'),
    alias: text(1, 63).default('production').describe('What is to be moved.'),
    version: version.describe('The candidate.'),
    eval: text(1, 200)
      .optional()
      .describe("The eval that has to pass, by id or name; absent takes the alias's own."),
    comparison: text(1, 100)
      .optional()
      .describe(
        'A comparison, `cmp_…`, that is to be the evidence; absent finds one that fits, or begins one.',
      ),
    reason,
  })
  .meta({ id: 'NewPromotion', description: 'A promotion to ask for.' });

export const promotionEvaluate = z
  .strictObject({
    version: version.optional().describe('Another candidate; only its author can change it.'),
    eval: text(1, 200).optional().describe('Another eval; where the alias has its own, that one stays.'),
  })
  .meta({
    id: 'PromotionEvaluation',
    description: 'What is to be evaluated instead; absent stays as it is.',
  });

export const promotionReview = z
  .strictObject({
    decision: z
      .enum(reviewDecisions)
      .describe('override lets it pass against its evidence, and stays marked for ever.'),
    comment: text(1, 10_000).optional().describe('Asked for with all but an approval.'),
    basis_hash: text(1, 100)
      .optional()
      .describe('The `basis_hash` of what was looked at; should it have changed, nothing happens.'),
  })
  .refine(({ decision, comment = '' }) => decision === 'approve' || comment.trim() !== '', {
    path: ['comment'],
    message: 'must say why',
  })
  .meta({ id: 'NewReview', description: 'What somebody says about a promotion.' });

export const promotionEnd = z
  .strictObject({ reason })
  .meta({ id: 'PromotionEnd', description: 'Why a promotion is applied or withdrawn.' });

export const promotionListQuery = z
  .strictObject({
    limit: limit(20, 100),
    page,
    order: newestFirst,
    agent_id: lookup.optional().describe('Only promotions of one agent.'),
    alias: lookup.optional().describe('Only those of one alias; needs `agent_id`.'),
    status: z.enum(promotionStatuses).optional().describe('Only promotions that stand so.'),
    search: search("Only those with this in the agent's name or in the reason, or with this id."),
  })
  .refine(({ agent_id, alias }) => alias === undefined || agent_id !== undefined, {
    path: ['alias'],
    message: 'needs agent_id as well',
  });

export const auditListQuery = z.strictObject({
  limit: limit(50, 200),
  page,
  order: newestFirst,
  subject: lookup.optional().describe('Only entries about one thing, such as `agent_…@production`.'),
  action: lookup.optional().describe('Only entries of one action, such as `alias.moved`.'),
  actor: lookup.optional().describe('Only entries of one person or key, by name or by `apikey_…`.'),
  outcome: z.enum(['done', 'refused']).optional().describe('Only what was done, or only what was tried.'),
  'at[gte]': time.describe('Only entries of that time or later.'),
  'at[lt]': time.describe('Only entries before that time.'),
});
