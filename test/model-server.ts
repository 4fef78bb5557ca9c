/**
 * A fake of both model APIs, over real HTTP. `startModelServer()` starts one; its `url` is the base URL that a provider
 * is given. Left alone, it answers each request with a triage verdict that depends on the words of the last message.
 * A `reply` function says something else, for every request:
 *
 *     startModelServer({ reply: ({ messages }) => (messages.at(-1)?.results.length ? 'Done.' : { calls: [...] }) })
 *
 * A script says what happens to the next requests, one entry each; `null` lets a request through:
 *
 *     server.script([
 *       529, // an HTTP status
 *       { text: 'Let me see.', calls: [{ name: 'lookup', input: { id: 7 } }, { name: 'clock', input: {} }] },
 *       { calls: [{ name: 'lookup', raw: '{"id":' }] }, // an input that is no JSON
 *       { calls: [{ name: 'lookup', input: { id: 7 } }], cut: true }, // the output limit cuts the call off
 *       { calls: [{ name: 'lookup', input: { id: 7 } }], breaks: 'reset_midway' }, // the connection goes, in mid-call
 *       { text: 'Yes.', usage: { input_tokens: 1_000_000, cache_read_input_tokens: 5 } },
 *       'refusal', 'truncated', 'hang', // and the other words of `Fault`
 *     ]);
 *
 * `when` does the same for each request that a predicate accepts. With `most_input_tokens` longer requests are told that
 * they are too long. `requests` holds what has arrived: path, headers and body, and `read`, the same for both protocols,
 * with the size of the input.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answer, type Fault } from './model-faults.ts';
import { errorBody, keywordVerdict, replyTo, type Said } from './model-replies.ts';
import { type ChatRequest, type Protocol, readChatRequest } from './model-requests.ts';

/** A request as it arrived. */
export type RecordedRequest = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON body. */
  readonly body: unknown;
  /** What the body says, in the words of neither protocol. */
  readonly read: ChatRequest;
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
  options: {
    readonly port?: number;
    readonly reply?: (request: ChatRequest) => string | Said;
    readonly most_input_tokens?: number;
  } = {},
): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  const counters = { connections: 0, aborted: 0 };
  const queue: (Fault | null)[] = [];
  const rules: { readonly predicate: (request: ChatRequest) => boolean; readonly fault: Fault }[] = [];
  const { reply: makeReply = keywordVerdict, most_input_tokens: most = Number.POSITIVE_INFINITY } = options;

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
    const request = readChatRequest(protocol, body);
    requests.push({ path, headers: incoming.headers, body, read: request });
    if (requests.length > keptRequests) requests.shift();
    const scripted = queue.shift();
    const rule = scripted === undefined ? rules.find(({ predicate }) => predicate(request)) : undefined;
    const tooLong = request.input_tokens > most ? tooLongFault(request, most) : null;
    const fault = scripted ?? rule?.fault ?? tooLong;
    const given = typeof fault === 'object' && fault !== null && saysSomething(fault) ? fault : null;
    const refused = fault === 'refusal';
    const said = refused ? 'The fake model declines to answer.' : (given ?? makeReply(request));
    if (delay !== undefined && delay !== '0') await sleep(Number(delay), undefined, { ref: false });
    await answer(response, { request, reply: replyTo(request, said, refused), fault });
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

function saysSomething(fault: Exclude<Fault, string | number>): fault is Said {
  return 'text' in fault || 'calls' in fault;
}

/** How the official servers say that a request is too long. */
function tooLongFault({ protocol, input_tokens }: ChatRequest, most: number): Fault {
  return protocol === 'anthropic'
    ? { status: 400, message: `prompt is too long: ${input_tokens} tokens > ${most} maximum` }
    : {
        status: 400,
        code: 'context_length_exceeded',
        message: `This model reads ${most} tokens at most, and the messages have ${input_tokens}.`,
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
