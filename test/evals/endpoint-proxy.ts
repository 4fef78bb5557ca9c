import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** A request on its way to the server. */
export type Passing = { readonly method: string; readonly path: string; readonly body: string };

/** What goes wrong with one request. */
export type Interference =
  /** The proxy answers in the server's place. `retry_after` is in seconds. */
  | { readonly status: number; readonly retry_after?: number }
  /** The request does not arrive, and the connection is gone. */
  | 'cut'
  /** The request does not arrive, and nothing comes back. */
  | 'hang'
  /** Nothing comes after this text, and the connection is gone; `neatly` ends the answer as if it were whole. */
  | { readonly cut_at: string; readonly neatly?: true }
  /** The answer is another one. */
  | { readonly rewrite: (text: string) => string };

/** A proxy before a server that does to its requests what a test says. */
export type EndpointProxy = {
  readonly url: string;
  /** All requests so far, oldest first. */
  readonly requests: readonly Passing[];
  /** Asks `meddle` from now on what goes wrong with each request; null lets it through. */
  interfere(meddle: (request: Passing) => Interference | null): void;
  /** Breaks every connection and takes no more. */
  die(): Promise<void>;
  /** Takes connections again, at the same address. */
  revive(): Promise<void>;
};

/** Starts a proxy on 127.0.0.1 before the server at `target`. Whoever starts it calls `die` at the end. */
export async function startEndpointProxy(target: string): Promise<EndpointProxy> {
  const requests: Passing[] = [];
  let meddle: (request: Passing) => Interference | null = () => null;
  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    const passing = { method, path, body: await readAll(incoming) };
    requests.push(passing);
    const trouble = meddle(passing);
    if (trouble === 'hang') return;
    if (trouble === 'cut') return void response.destroy();
    if (trouble !== null && 'status' in trouble) return refuse(response, trouble);
    const answer = await forward(new URL(path, target), { method, headers }, passing.body, response);
    const kept = { ...answer.headers };
    if (trouble !== null && 'rewrite' in trouble) {
      const text = trouble.rewrite(await readAll(answer));
      delete kept['content-length'];
      response.writeHead(answer.statusCode ?? 500, kept).end(text);
      return;
    }
    response.writeHead(answer.statusCode ?? 500, kept);
    response.flushHeaders();
    if (trouble === null) return pipeline(answer, response);
    await passUntil(answer, trouble.cut_at, response);
    answer.destroy();
    if (trouble.neatly === true) response.end();
    // An empty write calls back once those before it have left for the socket.
    else response.write('', () => response.destroy());
  }

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    interfere(next) {
      meddle = next;
    },
    async die() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    async revive() {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    },
  };
}

/** Passes an answer on up to the end of a text, or all of it where the text does not come. */
async function passUntil(answer: IncomingMessage, end: string, response: ServerResponse): Promise<void> {
  let seen = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    const before = seen.length;
    seen += chunk;
    const found = seen.indexOf(end);
    response.write(found === -1 ? chunk : seen.slice(before, found + end.length));
    if (found !== -1) return;
  }
}

async function forward(
  url: URL,
  options: RequestOptions,
  body: string,
  response: ServerResponse,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = send(url, options, resolve).on('error', reject);
  response.on('close', () => outgoing.destroy());
  outgoing.end(body);
  return promise;
}

function refuse(
  response: ServerResponse,
  { status, retry_after }: { readonly status: number; readonly retry_after?: number },
): void {
  const headers = retry_after === undefined ? {} : { 'retry-after': String(retry_after) };
  const error = { type: 'api_error', message: `The proxy says ${status}.` };
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ type: 'error', error }));
}
