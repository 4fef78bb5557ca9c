import { z } from 'zod';
import { isId } from '../../core/ids.ts';
import { arms } from '../../core/rollout.ts';
import { sessionStatuses } from '../../core/session.ts';
import type { ListedSession } from '../../session/session-rows.ts';
import type { SessionRowFilter } from '../../store/session-rows.ts';
import { flag, limit, list, lookup, newestFirst, page, search, time, versionNumber } from './fields.ts';

export const listedSessionQuery = z
  .strictObject({
    limit: limit(20, 100),
    page,
    order: newestFirst,
    include_archived: flag('Whether archived ones are listed as well.'),
    agent_id: lookup.optional().describe('Only sessions of one agent.'),
    agent_version: versionNumber.optional().describe('Only those of one version; needs `agent_id`.'),
    statuses: list(z.enum(sessionStatuses)).describe('Only those that stand so; may be given several times.'),
    alias: lookup.optional().describe('Only those to which this alias gave their version.'),
    rollout_id: lookup.optional().describe('Only those of one rollout.'),
    arm: z.enum(arms).optional().describe('Only those that are in this arm of a rollout.'),
    failed: z
      .enum(['true', 'false'], 'must be true or false')
      .transform((value) => value === 'true')
      .optional()
      .meta({
        ...{ type: 'boolean', enum: [true, false] },
        description: 'true gives sessions in which a turn has failed for good, false all others.',
      }),
    targeting_key: lookup.optional().describe('Only those of exactly this targeting key.'),
    search: search('The id of a session, or a part of a title.'),
    'created_at[gt]': time.describe('Only those that were made after this time.'),
    'created_at[gte]': time.describe('Only those that were made then or later.'),
    'created_at[lt]': time.describe('Only those that were made before this time.'),
    'created_at[lte]': time.describe('Only those that were made then or earlier.'),
  })
  .refine(({ agent_id, agent_version }) => agent_version === undefined || agent_id !== undefined, {
    path: ['agent_version'],
    message: 'needs agent_id as well',
  });

/** A session as a list shows it. */
export type ListedSessionResponse = ListedSession & { readonly type: 'listed_session' };

/** What a query asks for, but for its times. What is searched for is an id where it can be one, and else a part of a title. */
export function sessionFilter({
  search: words,
  ...query
}: z.output<typeof listedSessionQuery>): Omit<SessionRowFilter, 'created_at'> {
  const { include_archived, agent_id, agent_version, statuses } = query;
  const { alias, rollout_id, arm, failed, targeting_key } = query;
  const id = words !== undefined && isId('session', words) ? words : undefined;
  return {
    ...{ include_archived, agent_id, agent_version, statuses },
    ...{ alias, rollout_id, arm, failed, targeting_key },
    ...{ id, title: id === undefined ? words : undefined },
  };
}
