import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request that a webhook's receiver got, whole. */
export type Received = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What a receiver does with a request that it has read. */
export type Reaction = (response: ServerResponse, request: IncomingMessage) => void;

/** A receiver of webhooks on loopback. */
export type Receiver = {
  /** Without a path, and without a slash at the end. */
  readonly url: string;
  /** In order of arrival. */
  readonly received: Received[];
  /** How it reacts from now on. */
  react(reaction: Reaction): void;
  /** Waits until so many requests have arrived since it was started. */
  until(count: number): Promise<void>;
  close(): Promise<void>;
};

/** A reaction: this status, at once. */
export function answer(status: number, headers: Record<string, string> = {}): Reaction {
  return (response) => response.writeHead(status, headers).end();
}

/** Starts a receiver that answers 200 until it is told to do something else. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  let reaction = answer(200);
  const server = createServer((request, response) => {
    response.on('error', () => {});
    const take = async (): Promise<void> => {
      const body = await text(request);
      const headers = request.headers as Record<string, string>;
      received.push({ url: request.url ?? '', headers, body });
      reaction(response, request);
      for (const look of waiting) look();
    };
    // Whoever breaks off in the middle has sent nothing.
    take().catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    react(next) {
      reaction = next;
    },
    until: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
