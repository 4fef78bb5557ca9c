import type { Agents } from '../agent/agents.ts';
import { readAgentOverviews } from '../release/agent-overviews.ts';
import { readVersionOverviews } from '../release/version-overviews.ts';
import { readSessionRows } from '../session/session-rows.ts';
import type { Store } from '../store/dialect.ts';
import type { App } from './http.ts';
import { lists, pageRequest, timeBounds } from './query.ts';
import { requireId } from './route.ts';
import {
  type AgentOverviewResponse,
  agentOverviewListQuery,
  type VersionOverviewResponse,
  versionOverviewListQuery,
} from './wire/overviews.ts';
import { idParams } from './wire/params.ts';
import { type ListedSessionResponse, listedSessionQuery, sessionFilter } from './wire/session-rows.ts';

type Deps = { readonly agents: Agents; readonly store: Store };

/** Lists for people to look through: a row has what one wants to see at a glance, and nothing that is long. */
export function overviewRoutes(app: App, { agents, store }: Deps): void {
  app.get('/pawl/v1/agents', { schema: { querystring: agentOverviewListQuery } }, async ({ query }) => {
    const { search, sort, include_archived } = query;
    const request = pageRequest(query, lists[`agents_by_${sort}`]);
    const page = await readAgentOverviews(store, { search, sort, include_archived }, request);
    const data = page.data.map((one): AgentOverviewResponse => ({ type: 'agent_overview', ...one }));
    return { ...page, data };
  });

  app.get(
    '/pawl/v1/agents/:id/versions',
    { schema: { params: idParams, querystring: versionOverviewListQuery } },
    async ({ params, query }) => {
      const { row } = await agents.retrieve({ id: requireId('agent', params.id), alias: null });
      const request = pageRequest(query, lists.version_overviews);
      const page = await readVersionOverviews(store, { agent_id: row.id, search: query.search }, request);
      const data = page.data.map((one): VersionOverviewResponse => ({ type: 'version_overview', ...one }));
      return { ...page, data };
    },
  );

  app.get('/pawl/v1/sessions', { schema: { querystring: listedSessionQuery } }, async ({ query }) => {
    const filter = { ...sessionFilter(query), created_at: timeBounds(query) };
    const page = await readSessionRows(store, filter, pageRequest(query, lists.session_rows));
    const data = page.data.map((one): ListedSessionResponse => ({ type: 'listed_session', ...one }));
    return { ...page, data };
  });
}
