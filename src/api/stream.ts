import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Hub } from '../session/hub.ts';
import type { Previews } from '../session/previews.ts';
import type { Sessions } from '../session/sessions.ts';
import { createEventStream, frame } from './event-stream.ts';
import type { App } from './http.ts';
import { requireId } from './route.ts';
import { sessionOf } from './threads.ts';
import { idParams } from './wire/params.ts';
import { eventStreamQuery } from './wire/streams.ts';
import { threadParams } from './wire/threads.ts';

type Deps = {
  readonly sessions: Sessions;
  readonly hub: Hub;
  readonly previews: Previews;
  /** How often a stream without events shows that it is alive. */
  readonly ping_ms: number;
};

/** What a connection is to carry. */
type Wanted = { readonly sessionId: string; readonly deltas: readonly string[] | undefined };

/**
 * Older SDKs know their event names by heart and drop the others; `message` is known to all of them, and the
 * type is in the data anyway. `session.usage` is the one of ours that they lack.
 */
const unnamed = 'session.usage';

/** The live events of a session: those from after the opening, and none from before. */
export function streamRoutes(app: App, { sessions, hub, previews, ping_ms }: Deps): void {
  const open = new Set<ServerResponse>();

  async function serve(
    { sessionId, deltas }: Wanted,
    { id: requestId, entry }: Pick<FastifyRequest, 'id' | 'entry'>,
    reply: Pick<FastifyReply, 'raw' | 'hijack'>,
  ): Promise<void> {
    const response = reply.raw;
    const stream = createEventStream({ response, entry, ping_ms });
    const preview = !deltas?.includes('agent.message')
      ? null
      : previews.follow(sessionId, {
          isReady: stream.isReady,
          onPreview: (events) =>
            stream.write(events.map((event) => frame(event.type, JSON.stringify(event))).join('')),
        });
    const subscription = hub.subscribe(sessionId, {
      onEvents: (rows) => {
        stream.write(rows.map((row) => named(row.type, row.data)).join(''));
        preview?.passed(rows);
        if (rows.at(-1)?.type === 'session.status_terminated') stream.end();
      },
      onQueued: (data) => stream.write(named((JSON.parse(data) as { type: string }).type, data)),
      onDeleted: (data) => {
        stream.write(frame('session.deleted', data));
        stream.end();
      },
    });
    const leave = (): void => {
      subscription.close();
      preview?.close();
    };
    try {
      // Whoever sends a message once the stream is open sees all of the reply.
      await preview?.known;
      const { row } = await sessions.retrieve(sessionId);
      reply.hijack();
      if (response.destroyed || response.closed) {
        leave();
        return;
      }
      open.add(response);
      response.once('close', () => {
        leave();
        open.delete(response);
      });
      stream.start(requestId);
      subscription.startAfter(row.last_seq);
      if (row.status === 'terminated') stream.end();
    } catch (error) {
      leave();
      throw error;
    }
  }

  app.get(
    '/v1/sessions/:id/events/stream',
    { schema: { params: idParams, querystring: eventStreamQuery }, config: { stream: true } },
    async ({ params, query, id, entry }, reply) => {
      const sessionId = requireId('session', params.id);
      await serve({ sessionId, deltas: query.event_deltas }, { id, entry }, reply);
    },
  );

  // The only thread of a session is all of it.
  app.get(
    '/v1/sessions/:id/threads/:thread_id/stream',
    { schema: { params: threadParams, querystring: eventStreamQuery }, config: { stream: true } },
    async ({ params, query, id, entry }, reply) => {
      await serve({ sessionId: sessionOf(params), deltas: query.event_deltas }, { id, entry }, reply);
    },
  );

  app.addHook('preClose', async () => {
    for (const response of open) response.end();
  });
}

/** An event under the name that every SDK knows for it. */
function named(type: string, data: string): string {
  return frame(type === unnamed ? 'message' : type, data);
}
