import type { History } from '../session/history.ts';
import type { Inbox } from '../session/inbox.ts';
import type { App } from './http.ts';
import { lists, pageRequest, timeBounds } from './query.ts';
import { requireId } from './route.ts';
import { eventListQuery, eventSend } from './wire/events.ts';
import { idParams } from './wire/params.ts';

type Deps = { readonly inbox: Inbox; readonly history: History };

export function eventRoutes(app: App, { inbox, history }: Deps): void {
  app.post(
    '/v1/sessions/:id/events',
    { schema: { params: idParams, body: eventSend } },
    async ({ params, body }, reply) => {
      const sent = await inbox.send(requireId('session', params.id), body.events);
      return reply.type('application/json; charset=utf-8').send(`{"data":[${sent.join(',')}]}`);
    },
  );

  // Events are kept as the text that goes over the wire, so that a list is put together without reading them.
  app.get(
    '/v1/sessions/:id/events',
    { schema: { params: idParams, querystring: eventListQuery } },
    async ({ params, query }, reply) => {
      const filter = { types: query.types, processed_at: timeBounds(query) };
      const request = pageRequest(query, lists.events);
      const page = await history.list(requireId('session', params.id), filter, request);
      const text = `{"data":[${page.data.join(',')}],"next_page":${JSON.stringify(page.next_page)}}`;
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
}
