import { z } from 'zod';
import type { AgentOverview } from '../../release/agent-overviews.ts';
import type { VersionOverview } from '../../release/version-overviews.ts';
import { agentSorts } from '../../store/agent-overviews.ts';
import { flag, limit, order, page, search } from './fields.ts';

export const agentOverviewListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  sort: z.enum(agentSorts).default('created_at').describe('What they are sorted by.'),
  order: order('desc gives the newest first, or the last name.'),
  search: search('Only agents with this in the name of their latest version, or with this id.'),
  include_archived: flag('Whether archived ones are listed as well.'),
});

export const versionOverviewListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: order('desc gives the newest first.'),
  search: search("Only versions with this in their message or in their author's name."),
});

/** An agent as a list shows it. */
export type AgentOverviewResponse = AgentOverview & { readonly type: 'agent_overview' };

/** A version as a timeline shows it. */
export type VersionOverviewResponse = VersionOverview & { readonly type: 'version_overview' };
