import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';

type Taken = {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: unknown;
  readonly newServer: () => Server;
  /** The stream that the answer is due on is cut once the request has been taken. */
  readonly dies: boolean;
};

/**
 * HTTP with SSE as it was before March 2025, which the official package no longer serves: a GET opens the stream that
 * all answers come on, and its first event says where requests are to be posted.
 */
export function oldTransport() {
  const lines = new Map<string, { server: Server; transport: Transport; stream: ServerResponse }>();

  async function open(response: ServerResponse, server: Server): Promise<void> {
    const id = randomUUID();
    const say = (event: string, data: string): void =>
      void response.write(`event: ${event}\ndata: ${data}\n\n`);
    const transport: Transport = {
      start: async () => {},
      send: async (message) => say('message', JSON.stringify(message)),
      close: async () => void response.end(),
    };
    await server.connect(transport);
    lines.set(id, { server, transport, stream: response });
    response.on('close', () => {
      lines.delete(id);
      transport.onclose?.();
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    say('endpoint', `/messages?line=${id}`);
  }

  return {
    servers: (): Server[] => [...lines.values()].map((line) => line.server),

    async take({ incoming, response, body, newServer, dies }: Taken): Promise<void> {
      const line = lines.get(new URL(incoming.url ?? '', 'http://localhost').searchParams.get('line') ?? '');
      if (incoming.method === 'GET') await open(response, newServer());
      else if (line === undefined) response.writeHead(405).end();
      else {
        response.writeHead(202).end();
        line.transport.onmessage?.(body as JSONRPCMessage);
        if (dies) line.stream.destroy();
      }
    },
  };
}
