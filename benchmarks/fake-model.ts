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
 * byte. The ticket is the one that was named last. The verdict on ticket n is right unless n % 10 is 7, so that a
 * correct runner scores exactly 90 %. Whoever offers tools is asked for the first one before each verdict.
 */
export async function startFakeModel(): Promise<FakeModel> {
  const finished = new Map<number, number>();
  const server: Server = createServer((request, response) => {
    const latencyMs = Number(/^\/l\/(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const ticket = ticketIn(body);
      const tool = toolWanted(body);
      const answer = () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        if (tool !== null) response.end(callStream(tool));
        else response.end(replyStream(ticket), () => finished.set(ticket, now()));
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

const marker = 'ticket ';

function ticketIn(body: string): number {
  return Number(/^\d+/.exec(body.slice(body.lastIndexOf(marker) + marker.length))?.[0] ?? 0);
}

/** The tool that has to be called before the last ticket can be answered; null when there is none, or it was called. */
function toolWanted(body: string): string | null {
  if (body.lastIndexOf('"tool_result"') > body.lastIndexOf(marker)) return null;
  return /"tools":\[\{"name":"([^"]+)"/.exec(body)?.[1] ?? null;
}

const usage = { input_tokens: 100, output_tokens: 12 };
let calls = 0;

function replyStream(ticket: number): string {
  const text = `{"team": "${verdict(ticket).said}", "priority": "P2"}`;
  const size = Math.ceil(text.length / 6);
  const pieces: object[] = [];
  for (let at = 0; at < text.length; at += size) {
    pieces.push({ type: 'text_delta', text: text.slice(at, at + size) });
  }
  return streamOf({ type: 'text', text: '' }, pieces, 'end_turn');
}

function callStream(name: string): string {
  const block = { type: 'tool_use', id: `toolu_${++calls}`, name, input: {} };
  return streamOf(block, [{ type: 'input_json_delta', partial_json: '{}' }], 'tool_use');
}

/** A reply of one block, as a stream. */
function streamOf(content_block: object, pieces: readonly object[], stop_reason: string): string {
  const message = {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'fake', content: [] },
    ...{ stop_reason: null, stop_sequence: null, usage },
  };
  const events: { type: string; [key: string]: unknown }[] = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block },
    ...pieces.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}
