import type { Clock } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { primaryThreadId } from '../core/ids.ts';
import type { History } from '../session/history.ts';
import type { Session } from '../session/opening.ts';
import type { Sessions } from '../session/sessions.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams, noBody } from './wire/params.ts';
import {
  type ThreadResponse,
  threadEventListQuery,
  threadListQuery,
  threadParams,
  threadResponse,
} from './wire/threads.ts';

type Deps = { readonly sessions: Sessions; readonly history: History; readonly clock: Clock };

/** The threads of sessions. Each session has one, its primary one, which is there from the beginning. */
export function threadRoutes(app: App, { sessions, history, clock }: Deps): void {
  const answer = (session: Session): ThreadResponse => threadResponse(session, clock.now());

  app.get(
    '/v1/sessions/:id/threads',
    { schema: { params: idParams, querystring: threadListQuery } },
    async ({ params, query }) => {
      const thread = answer(await sessions.retrieve(requireId('session', params.id)));
      if (query.page !== undefined) throw new PawlError('invalid_page', 'page: this list has one page');
      const isAsked = query.statuses?.includes(thread.status) ?? true;
      return { data: isAsked ? [thread] : [], next_page: null };
    },
  );

  app.get(
    '/v1/sessions/:id/threads/:thread_id',
    { schema: { params: threadParams } },
    async ({ params }): Promise<ThreadResponse> => answer(await sessions.retrieve(sessionOf(params))),
  );

  app.post(
    '/v1/sessions/:id/threads/:thread_id/archive',
    { schema: { params: threadParams, body: noBody } },
    async ({ params }): Promise<ThreadResponse> => {
      const session = await sessions.retrieve(sessionOf(params));
      if (session.row.archived_at !== null) return answer(session);
      const message = `thread ${params.thread_id} is the primary thread of its session: archive session ${session.row.id}`;
      throw new PawlError('thread_is_primary', message);
    },
  );

  // Whatever happens in a session happens in its only thread.
  app.get(
    '/v1/sessions/:id/threads/:thread_id/events',
    { schema: { params: threadParams, querystring: threadEventListQuery } },
    async ({ params, query }, reply) => {
      const request = pageRequest({ ...query, order: 'asc' }, lists.thread_events);
      const page = await history.list(sessionOf(params), {}, request);
      const text = `{"data":[${page.data.join(',')}],"next_page":${JSON.stringify(page.next_page)}}`;
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
}

/**
 * The session of a thread.
 * @throws PawlError `session_not_found`, `thread_not_found`; whether there is such a session is not looked up.
 */
export function sessionOf({ id, thread_id }: { id: string; thread_id: string }): string {
  const sessionId = requireId('session', id);
  if (thread_id === primaryThreadId(sessionId)) return sessionId;
  throw new PawlError('thread_not_found', `session ${id} has no thread ${thread_id.slice(0, 100)}`);
}
