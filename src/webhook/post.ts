import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type ConnectFailure, failureOf } from '../outbound/connect-failure.ts';
import { guardLookup, type Resolve } from '../outbound/guarded-lookup.ts';
import { judgeTarget } from '../outbound/target.ts';

/** What became of one request; `retry_after` is the header, null when there is none. */
export type PostResult =
  | { readonly kind: 'answered'; readonly status: number; readonly retry_after: string | null }
  | { readonly kind: 'failed'; readonly error: ConnectFailure };

type Request = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request; whatever was sent until then may have arrived. */
  readonly signal: AbortSignal;
};

type Options = {
  /** Whether requests may go to this machine, into private networks, and over plain HTTP. */
  readonly allow_private: boolean;
  /** Finds the addresses of a name; absent asks the system. */
  readonly resolve?: Resolve;
};

/** Of an answer that nobody reads, so much is taken in for politeness. */
const mostIgnored = 64 * 1024;

/**
 * Posts to addresses that somebody else has chosen. Each request has a connection of its own, and its address is
 * judged where it is connected to. No redirect is followed and nothing of an answer is kept but its status.
 */
export function createPost(options: Options) {
  const lookup = guardLookup(options);
  return async ({ url, headers, body, signal }: Request): Promise<PostResult> => {
    // An address instead of a name is not looked up.
    const target = judgeTarget(url, options);
    if (!target.ok) return { kind: 'failed', error: 'address_not_allowed' };
    const { promise, resolve: settle } = Promise.withResolvers<PostResult>();
    const send = target.url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(target.url, {
      ...{ method: 'POST', agent: false, lookup, signal },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    request.once('response', (message) => {
      const { statusCode: status = 0, headers: answered } = message;
      settle({ kind: 'answered', status, retry_after: answered['retry-after'] ?? null });
      ignore(message);
    });
    request.on('error', (error) => settle({ kind: 'failed', error: failureOf(error) }));
    request.once('close', () => settle({ kind: 'failed', error: 'connection_failed' }));
    request.end(body);
    return promise;
  };
}

export type Post = ReturnType<typeof createPost>;

function ignore(message: IncomingMessage): void {
  let size = 0;
  message.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > mostIgnored) message.destroy();
  });
  // The status has been told; what becomes of the rest does not matter.
  message.on('error', () => {});
}
