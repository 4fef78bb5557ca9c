import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { errorBody, replyTo, type Said, streamFrames } from './model-replies.ts';
import { type ChatRequest, readChatRequest } from './model-requests.ts';
import { eventually } from './story.ts';

/** A request that waits for its answer. */
export type HeldRequest = ChatRequest & {
  readonly body: Readonly<Record<string, unknown>>;
  /** Sends the first half of an answer, and holds the rest back. */
  begin(said: string | Said): void;
  /** Sends a whole answer. */
  answer(said: string | Said): void;
  /** Answers that the request holds more than the model can read. */
  tooLong(): void;
  /** Whether the client has left, or has been answered. */
  readonly closed: () => boolean;
};

/** A model that answers when the test says so: a turn is under way for exactly as long as it should be. */
export type GatedModel = {
  readonly url: string;
  /** The next request that nobody has asked for yet, once it is there. */
  next(): Promise<HeldRequest>;
  close(): Promise<void>;
};

/** Speaks the Anthropic Messages API, streamed, on 127.0.0.1. */
export async function startGatedModel(): Promise<GatedModel> {
  const arrived: HeldRequest[] = [];
  const hold = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await json(incoming)) as Record<string, unknown>;
    const request = readChatRequest('anthropic', body);
    const framesOf = (said: string | Said) => streamFrames('anthropic', replyTo(request, said));
    const open = () => response.writeHead(200, { 'content-type': 'text/event-stream' });
    let closed = false;
    response.on('close', () => {
      closed = true;
    });
    arrived.push({
      ...request,
      body,
      begin(said) {
        const { opening, deltas } = framesOf(said);
        open().write([...opening, ...deltas.slice(0, 3)].join(''));
      },
      answer(said) {
        const { opening, deltas, closing } = framesOf(said);
        open().end([...opening, ...deltas, ...closing].join(''));
      },
      tooLong() {
        const error = { type: 'invalid_request_error', message: 'prompt is too long' };
        response.writeHead(400, { 'content-type': 'application/json' }).end(errorBody('anthropic', error));
      },
      closed: () => closed,
    });
  };
  const server = createServer((incoming, response) => {
    // A client that leaves while its body is read has nothing to wait for.
    hold(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: () => eventually('a request at the model', () => arrived.shift()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
