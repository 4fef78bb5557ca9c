import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answer, type Fault } from './model-faults.ts';
import {
  type ChatRequest,
  errorBody,
  keywordVerdict,
  type Protocol,
  readChatRequest,
  replyTo,
} from './model-replies.ts';

/** A request as it arrived. */
export type RecordedRequest = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON body. */
  readonly body: unknown;
};

/** A running fake of both model APIs, over real HTTP on 127.0.0.1. */
export type ModelServer = {
  /** Base URL without a path: the Anthropic SDK takes it as it is, the OpenAI SDK with `/v1` behind it. */
  readonly url: string;
  /** The newest requests, oldest first; no more than a few hundred are kept. */
  readonly requests: readonly RecordedRequest[];
  /** Counted since the start: sockets opened, and requests whose client left before the whole answer. */
  readonly counters: { readonly connections: number; readonly aborted: number };
  /** Queues faults; each of the next requests takes one. Null lets a request through. */
  script(faults: readonly (Fault | null)[]): void;
  /** Gives every request that the predicate accepts this fault, unless a scripted one is waiting. */
  when(predicate: (request: ChatRequest) => boolean, fault: Fault): void;
  /** Lets running answers finish for a second, then closes every connection. */
  close(): Promise<void>;
};

const keptRequests = 500;
const closeWithinMs = 1000;

const protocols: Readonly<Record<string, Protocol>> = {
  '/v1/messages': 'anthropic',
  '/v1/chat/completions': 'openai',
};

/** Starts a fake model server. Without `port` the system chooses one; without `reply` it answers
 *  with {@link keywordVerdict}. A path prefix `/l/<ms>` delays the first byte of that answer. */
export async function startModelServer(
  options: { readonly port?: number; readonly reply?: (request: ChatRequest) => string } = {},
): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  const counters = { connections: 0, aborted: 0 };
  const queue: (Fault | null)[] = [];
  const rules: { readonly predicate: (request: ChatRequest) => boolean; readonly fault: Fault }[] = [];
  const makeReply = options.reply ?? keywordVerdict;

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('close', () => {
      if (!response.writableFinished) counters.aborted += 1;
    });
    const path = incoming.url ?? '/';
    const [, delay, route] = /^(?:\/l\/(\d+))?(\/[^?]*)/.exec(path) ?? [];
    const protocol = protocols[route ?? ''];
    const body = await readJson(incoming);
    if (incoming.method !== 'POST' || protocol === undefined || body === undefined) {
      const error = { type: 'not_found_error', message: `No JSON endpoint at ${incoming.method} ${path}.` };
      response.writeHead(404, { 'content-type': 'application/json' }).end(errorBody('anthropic', error));
      return;
    }
    requests.push({ path, headers: incoming.headers, body });
    if (requests.length > keptRequests) requests.shift();
    const request = readChatRequest(protocol, body);
    const scripted = queue.shift();
    const rule = scripted === undefined ? rules.find(({ predicate }) => predicate(request)) : undefined;
    const fault = scripted ?? rule?.fault ?? null;
    const given = typeof fault === 'object' && fault !== null && 'text' in fault ? fault.text : null;
    const refused = fault === 'refusal';
    const text = refused ? 'The fake model declines to answer.' : (given ?? makeReply(request));
    if (delay !== undefined && delay !== '0') await sleep(Number(delay), undefined, { ref: false });
    await answer(response, { request, reply: replyTo(request, text, refused), fault });
  };

  const server = createServer((incoming, response) => {
    // A client that leaves while its body is read is the point of some tests, not a failure.
    handle(incoming, response).catch(() => response.destroy());
  });
  server.on('connection', () => {
    counters.connections += 1;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    counters,
    script: (faults) => void queue.push(...faults),
    when: (predicate, fault) => void rules.push({ predicate, fault }),
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), closeWithinMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** The parsed body; undefined when it is not JSON. */
async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const server = await startModelServer({ port: Number(values.port) });
  process.stdout.write(`${server.url}\n`);
  process.once('SIGINT', () => void server.close());
  process.once('SIGTERM', () => void server.close());
}
