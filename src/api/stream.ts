import type { ServerResponse } from 'node:http';
import type { Keys } from '../access/keys.ts';
import type { Hub } from '../session/hub.ts';
import type { Sessions } from '../session/sessions.ts';
import { createEventStream, frame } from './event-stream.ts';
import type { App } from './http.ts';
import { requireId } from './route.ts';
import { eventStreamQuery } from './wire/events.ts';
import { idParams } from './wire/params.ts';

type Deps = {
  readonly sessions: Sessions;
  readonly hub: Hub;
  readonly keys: Keys;
  /** How often a stream without events shows that it is alive. */
  readonly ping_ms: number;
};

/**
 * Older SDKs know their event names by heart and drop the others; `message` is known to all of them, and the
 * type is in the data anyway. `session.usage` is the one of ours that they lack.
 */
const unnamed = 'session.usage';

/** The live events of a session: those from after the opening, and none from before. */
export function streamRoutes(app: App, { sessions, hub, keys, ping_ms }: Deps): void {
  const open = new Set<ServerResponse>();

  app.get(
    '/v1/sessions/:id/events/stream',
    { schema: { params: idParams, querystring: eventStreamQuery } },
    async ({ params, id: requestId, actor }, reply) => {
      const sessionId = requireId('session', params.id);
      const response = reply.raw;
      const stream = createEventStream({ response, actor, keys, ping_ms });
      const subscription = hub.subscribe(sessionId, {
        onEvents: (rows) => {
          stream.write(rows.map((row) => named(row.type, row.data)).join(''));
          if (rows.at(-1)?.type === 'session.status_terminated') stream.end();
        },
        onQueued: (data) => stream.write(named((JSON.parse(data) as { type: string }).type, data)),
        onDeleted: (data) => {
          stream.write(frame('session.deleted', data));
          stream.end();
        },
      });
      try {
        const { row } = await sessions.retrieve(sessionId);
        reply.hijack();
        if (response.destroyed || response.closed) {
          subscription.close();
          return;
        }
        open.add(response);
        response.once('close', () => {
          subscription.close();
          open.delete(response);
        });
        stream.start(requestId);
        subscription.startAfter(row.last_seq);
        if (row.status === 'terminated') stream.end();
      } catch (error) {
        subscription.close();
        throw error;
      }
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
