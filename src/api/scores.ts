import type { Scores, SessionScore } from '../session/scores.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams } from './wire/params.ts';
import { scoreCreate, scoreListQuery } from './wire/scores.ts';

/** A score of a session as answers carry it. */
export type SessionScoreResponse = SessionScore & { readonly type: 'session_score' };

const path = '/pawl/v1/sessions/:id/scores';

export function scoreRoutes(app: App, { scores }: { readonly scores: Scores }): void {
  const answer = (score: SessionScore): SessionScoreResponse => ({ type: 'session_score', ...score });

  app.post(path, { schema: { params: idParams, body: scoreCreate } }, async ({ params, body, actor }) => {
    const { name, value, comment = null, agent_id } = body;
    const session = { session_id: requireId('session', params.id), agent_id };
    return answer(await scores.add(session, { name, value, comment, source: 'api', actor }));
  });

  app.get(path, { schema: { params: idParams, querystring: scoreListQuery } }, async ({ params, query }) => {
    const page = await scores.list(requireId('session', params.id), pageRequest(query, lists.session_scores));
    return { ...page, data: page.data.map(answer) };
  });
}
