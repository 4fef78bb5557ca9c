import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { type ConnectFailure, failureOf } from './connect-failure.ts';
import { guardLookup, type Resolve } from './guarded-lookup.ts';
import { judgeTarget } from './target.ts';

/** A request that got no answer. The message names no address, header or body. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError';
  readonly reason: ConnectFailure;
  /** Whether a part of the request may have arrived. */
  readonly may_have_arrived: boolean;

  constructor(options: { reason: ConnectFailure; may_have_arrived: boolean; cause?: unknown }) {
    super(`The request got no answer: ${options.reason}`, { cause: options.cause });
    this.reason = options.reason;
    this.may_have_arrived = options.may_have_arrived;
  }
}

/** An answer with more bytes than are taken. */
export class AnswerTooLongError extends Error {
  override name = 'AnswerTooLongError';
}

/** What a guarded `fetch` may do. */
export type GuardedFetchOptions = {
  /** Whether requests may go to this machine, into private networks, and over plain HTTP. */
  readonly allow_private: boolean;
  /** The most bytes of one answer; its body fails beyond them. */
  readonly max_bytes: number;
  /** Finds the addresses of a name; absent asks the system. */
  readonly resolve?: Resolve;
};

/** Shorter than servers keep idle connections, so that a request seldom meets one that is being closed. */
const idleSocketMs = 4000;
/** Statuses whose answers have no body, and for which `Response` takes none. */
const bodiless = [204, 205, 304];

/**
 * A `fetch` to URLs that somebody else has chosen: each is judged as the URL of a webhook is, and its address where it
 * is connected to. Bodies of requests are text. Redirects are answers, not followed: they could lead a credential to
 * another host. It rejects with a {@link NoAnswerError}. `close` ends what is under way.
 */
export function createGuardedFetch(options: GuardedFetchOptions): { fetch: typeof fetch; close: () => void } {
  const lookup = guardLookup(options);
  const plain = new HttpAgent({ keepAlive: true, timeout: idleSocketMs });
  const secure = new HttpsAgent({ keepAlive: true, timeout: idleSocketMs });

  const guarded: typeof fetch = (input, init) => {
    const target = judgeTarget(input instanceof Request ? input.url : String(input), options);
    if (!target.ok) {
      return Promise.reject(new NoAnswerError({ reason: 'address_not_allowed', may_have_arrived: false }));
    }
    const { method = 'GET', body = null, signal } = init ?? {};
    if (body !== null && typeof body !== 'string') throw new TypeError('The body of a request is text');
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const isSecure = target.url.startsWith('https:');
    const headers = Object.fromEntries(new Headers(init?.headers));
    const request = (isSecure ? httpsRequest : httpRequest)(target.url, {
      ...{ method, lookup, agent: isSecure ? secure : plain },
      ...(signal instanceof AbortSignal ? { signal } : {}),
      headers: body === null ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    let connected = false;
    request.once('socket', (socket: Socket) => {
      if (request.reusedSocket) connected = true;
      else {
        socket.once(isSecure ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
      }
    });
    request.once('response', (message) => resolve(toResponse(message, options.max_bytes)));
    request.on('error', (cause) =>
      reject(new NoAnswerError({ reason: failureOf(cause), may_have_arrived: connected, cause })),
    );
    // An answer that changes the protocol is dropped without a word, and no signal ends a request that is over.
    request.once('close', () =>
      reject(new NoAnswerError({ reason: 'connection_failed', may_have_arrived: connected })),
    );
    request.end(body ?? undefined);
    return promise;
  };

  return {
    fetch: guarded,
    close(): void {
      plain.destroy();
      secure.destroy();
    },
  };
}

function toResponse(message: IncomingMessage, maxBytes: number): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = message.statusCode ?? 0;
  // Others are no final answers, and `Response` would not take them.
  if (status < 200 || status > 599) {
    message.destroy();
    return Response.error();
  }
  if (bodiless.includes(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  return new Response(bodyOf(message, maxBytes), { status, headers });
}

/** Not by `Readable.toWeb`, which throws out of nowhere where data comes after a reader has left. */
function bodyOf(message: IncomingMessage, maxBytes: number): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Buffer> = message[Symbol.asyncIterator]();
  let size = 0;
  // An error is told to whoever reads; there may be nobody.
  message.on('error', () => {});
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const { value, done } = await chunks.next();
      if (done === true) return controller.close();
      size += value.length;
      if (size > maxBytes) {
        message.destroy();
        throw new AnswerTooLongError(`The answer is longer than ${maxBytes} bytes`);
      }
      controller.enqueue(value);
    },
    cancel(): void {
      message.destroy();
    },
  });
}
