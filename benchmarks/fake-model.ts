import { createServer, type Server } from 'node:http';

/** A model that costs next to nothing and remembers when it sent the last byte of each reply. */
export type FakeModel = {
  readonly url: string;
  /** Milliseconds since 1970 with fractions, by the ticket number in the request. */
  readonly finished: Map<number, number>;
  close(): void;
};

/**
 * Speaks the Messages API as a stream of six pieces of text. `/l/<ms>` in front of the path delays the first
 * byte. The verdict on ticket n is right unless n % 10 is 7, so that a correct runner scores exactly 90 %.
 */
export async function startFakeModel(): Promise<FakeModel> {
  const finished = new Map<number, number>();
  const server: Server = createServer((request, response) => {
    const latencyMs = Number(/^\/l\/(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const ticket = Number(/ticket (\d+)/.exec(Buffer.concat(chunks).toString())?.[1] ?? 0);
      const answer = () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(replyStream(ticket), () => finished.set(ticket, now()));
      };
      if (latencyMs === 0) answer();
      else setTimeout(answer, latencyMs);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    finished,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The wall clock with fractions of a millisecond, comparable between processes of one machine. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** What the model says of a ticket, and what is right. */
export function verdict(ticket: number): { said: string; right: string } {
  const right = ['billing', 'auth', 'dashboard', 'api-platform'][ticket % 4] ?? 'billing';
  return { said: ticket % 10 === 7 ? 'none' : right, right };
}

function replyStream(ticket: number): string {
  const text = `{"team": "${verdict(ticket).said}", "priority": "P2"}`;
  const size = Math.ceil(text.length / 6);
  const usage = { input_tokens: 100, output_tokens: 12 };
  const events: { type: string; [key: string]: unknown }[] = [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'fake',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage,
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ];
  for (let at = 0; at < text.length; at += size) {
    const delta = { type: 'text_delta', text: text.slice(at, at + size) };
    events.push({ type: 'content_block_delta', index: 0, delta });
  }
  events.push(
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
    { type: 'message_stop' },
  );
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}
