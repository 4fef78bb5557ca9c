import type { ServerResponse } from 'node:http';
import type { Keys } from '../access/keys.ts';
import type { Hub } from '../session/hub.ts';
import type { Sessions } from '../session/sessions.ts';
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

/** A reader that is this far behind is cut off; it can list what it missed. */
const maxBufferedBytes = 8 * 1024 * 1024;

/** The live events of a session: those from after the opening, and none from before. */
export function streamRoutes(app: App, { sessions, hub, keys, ping_ms }: Deps): void {
  const open = new Set<ServerResponse>();

  app.get(
    '/v1/sessions/:id/events/stream',
    { schema: { params: idParams, querystring: eventStreamQuery } },
    async ({ params, id: requestId, actor }, reply) => {
      const sessionId = requireId('session', params.id);
      const response = reply.raw;
      const stream = createStream(response);
      const subscription = hub.subscribe(sessionId, {
        onEvents: (rows) => {
          stream.write(rows.map((row) => frame(row.type, row.data)).join(''));
          if (rows.at(-1)?.type === 'session.status_terminated') stream.end();
        },
        onQueued: (data) => stream.write(frame((JSON.parse(data) as { type: string }).type, data)),
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
        const ping = async (): Promise<void> => {
          // A database that does not answer is no reason to hang up.
          const welcome = await keys.isWelcome(actor).catch(() => true);
          if (welcome) stream.write(frame('ping', '{"type":"ping"}'));
          else stream.end();
        };
        const pings = setInterval(() => void ping(), ping_ms);
        response.once('close', () => {
          clearInterval(pings);
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

/** The data is JSON, so that it holds no line break and nothing can be slipped into the frame. */
function frame(type: string, data: string): string {
  return `event: ${type === unnamed ? 'message' : type}\ndata: ${data}\n\n`;
}

function createStream(response: ServerResponse) {
  /** The largest of the frames that a reader may still be busy with. */
  let largest = 0;
  return {
    start(requestId: string): void {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'request-id': requestId,
      });
      response.flushHeaders();
    },
    write(frames: string): void {
      if (response.writableEnded || response.destroyed) return;
      if (response.writableLength === 0) largest = 0;
      // One event alone may be larger than what a slow reader may owe, and the next one comes right behind it.
      if (response.writableLength > maxBufferedBytes + largest) {
        response.destroy();
        return;
      }
      largest = Math.max(largest, Buffer.byteLength(frames));
      response.write(frames);
    },
    end: (): void => void response.end(),
  };
}
