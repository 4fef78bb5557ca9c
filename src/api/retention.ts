import { Readable } from 'node:stream';
import { exportSessions } from '../session/retention/export.ts';
import type { AgentRetention, RetentionDefaults, RetentionRules } from '../session/retention/rules.ts';
import type { Store } from '../store/dialect.ts';
import type { App } from './http.ts';
import { lists, pageRequest, timeBounds } from './query.ts';
import { requireId } from './route.ts';
import { idParams } from './wire/params.ts';
import { retentionListQuery, retentionRule, sessionExportQuery } from './wire/retention.ts';

/** How long sessions of an agent are kept, as answers carry it. */
export type RetentionResponse = AgentRetention & { readonly type: 'retention' };

/** What applies to each agent, and what the server does by itself. */
export type RetentionListResponse = {
  readonly data: readonly RetentionResponse[];
  readonly next_page: string | null;
  readonly server: RetentionDefaults;
};

type Deps = { readonly store: Store; readonly retention: RetentionRules };

const path = '/pawl/v1/agents/:id/retention';

export function retentionRoutes(app: App, { store, retention }: Deps): void {
  const config = { role: 'admin' } as const;
  const answer = (found: AgentRetention): RetentionResponse => ({ type: 'retention', ...found });

  app.get(
    '/pawl/v1/retention',
    { schema: { querystring: retentionListQuery } },
    async ({ query }): Promise<RetentionListResponse> => {
      const page = await retention.list(pageRequest(query, lists.retention));
      return { ...page, data: page.data.map(answer), server: retention.defaults };
    },
  );

  app.get(path, { schema: { params: idParams } }, async ({ params }) =>
    answer(await retention.retrieve(requireId('agent', params.id))),
  );

  app.post(
    path,
    { schema: { params: idParams, body: retentionRule }, config },
    async ({ params, body: { reason = null, ...rule }, actor }) =>
      answer(await retention.set(requireId('agent', params.id), rule, { actor, reason })),
  );

  app.delete(path, { schema: { params: idParams }, config }, async ({ params, actor }) =>
    answer(await retention.clear(requireId('agent', params.id), { actor, reason: null })),
  );

  app.get(
    '/pawl/v1/sessions/export',
    { schema: { querystring: sessionExportQuery } },
    async ({ query }, reply) => {
      const agent_id = query.agent_id === undefined ? undefined : requireId('agent', query.agent_id);
      const lines = exportSessions(store, { agent_id, created_at: timeBounds(query) });
      reply.type('application/x-ndjson; charset=utf-8');
      // The next piece is read when the client has taken the one before.
      return reply.send(Readable.from(lines, { objectMode: false }));
    },
  );
}
