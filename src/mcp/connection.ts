import type { Client, Transport } from '@modelcontextprotocol/client';
import { createGuardedFetch, type GuardedFetchOptions } from '../outbound/guarded-fetch.ts';
import { LimitError } from './limit-error.ts';

/** How to get to a server: `authorization` is the whole header, null to send none. */
export type Address = { readonly url: string; readonly authorization: string | null };

/** An MCP server that has been greeted. */
export type Connection = {
  readonly client: Client;
  /** Says goodbye for a moment at most, and ends everything that is under way. */
  close(): Promise<void>;
};

type Options = Address &
  Pick<GuardedFetchOptions, 'allow_private' | 'resolve'> & {
    readonly pawl_version: string;
    /** The server says that its tools are others now. */
    readonly onToolsChanged: () => void;
    /** The connection ended by itself. */
    readonly onLost: () => void;
    readonly signal: AbortSignal;
  };

/**
 * An answer with a status that ends the matter: the server wants other credentials, sends us elsewhere,
 * or has forgotten its session with us.
 */
export class RefusedError extends Error {
  override name = 'RefusedError';
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** In the place of an answer that will not come, because its stream has ended. */
export const lostData = { lost: true };

/** One answer, or all that comes on one stream. */
const mostBytes = 16 * 1024 * 1024;
/** Time-outs are ours; this keeps the library from its own. The longest that a timer takes. */
export const never = 2_147_483_647;
const goodbyeMs = 2000;
/** A server of before March 2025 answers so where it is greeted in today's way. */
const perhapsOld = [400, 404, 405];

/** Takes 0.3 s, which a server whose agents use no MCP is spared. */
export const loadLibrary = (): Promise<typeof import('@modelcontextprotocol/client')> =>
  import('@modelcontextprotocol/client');

/**
 * Connects by Streamable HTTP, in the newest way that the server knows, or else by the older HTTP with SSE. It rejects
 * with what the library or the network says.
 */
export async function connect(options: Options): Promise<Connection> {
  const { StreamableHTTPClientTransport, SSEClientTransport, SdkHttpError } = await loadLibrary();
  options.signal.throwIfAborted();
  const http = createGuardedFetch({ ...options, max_bytes: mostBytes });
  const fetch = withCredentials(http.fetch, options);
  const url = new URL(options.url);
  try {
    const transport = new StreamableHTTPClientTransport(url, { fetch });
    failWhenStreamEnds(transport);
    return await greet({ transport, close: http.close, isOld: false }, options).catch((error: unknown) => {
      const tryOld = error instanceof SdkHttpError && perhapsOld.includes(error.status);
      if (!tryOld || options.signal.aborted) throw error;
      const old = new SSEClientTransport(url, { fetch });
      return greet({ transport: old, close: http.close, isOld: true }, options).catch((second: unknown) => {
        // What is no server of either kind is told by how it answered first.
        throw second instanceof RefusedError ? second : error;
      });
    });
  } catch (error) {
    http.close();
    throw error;
  }
}

type Line = { readonly transport: Transport; readonly close: () => void; readonly isOld: boolean };

async function greet({ transport, close, isOld }: Line, options: Options): Promise<Connection> {
  const { Client } = await loadLibrary();
  const { signal, onToolsChanged, onLost } = options;
  const client = new Client(
    { name: 'pawl', version: options.pawl_version },
    {
      ...(isOld ? {} : { versionNegotiation: { mode: 'auto' } as const }),
      inputRequired: { autoFulfill: false },
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: onToolsChanged } },
    },
  );
  // Its stream is all that an old connection has, and would be opened anew for a session that is gone.
  if (isOld) client.onerror = () => void client.close().catch(() => {});
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => {
    aborted.reject(signal.reason);
    transport.close().catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([client.connect(transport, { signal, timeout: never }), aborted.promise]);
  } catch (error) {
    await client.close().catch(() => {});
    await transport.close().catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  client.onclose = onLost;
  return {
    client,
    async close(): Promise<void> {
      client.onclose = () => {};
      if ('terminateSession' in transport) await sayGoodbye(transport as Farewell);
      await client.close().catch(() => {});
      close();
    },
  };
}

type Farewell = { readonly terminateSession: () => Promise<void> };

async function sayGoodbye(transport: Farewell): Promise<void> {
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, goodbyeMs);
  await Promise.race([transport.terminateSession().catch(() => {}), patience.promise]);
  clearTimeout(timer);
}

/** Adds the credentials to what goes to the server, and to nothing else. */
function withCredentials(
  fetch: typeof globalThis.fetch,
  { url, authorization }: Address,
): typeof globalThis.fetch {
  const { origin } = new URL(url);
  if (authorization !== null && !/^[\t\x20-\x7e\x80-\xff]*$/.test(authorization)) {
    throw new LimitError('cannot be used: its credentials have characters that no header can carry');
  }
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const target = new URL(input instanceof Request ? input.url : String(input));
    if (authorization !== null && target.origin === origin) headers.set('authorization', authorization);
    const response = await fetch(input, { ...init, headers });
    const { status } = response;
    // Without a session there is none that could have been forgotten, and 404 says no more than other failures.
    const isForgotten = status === 404 && headers.has('mcp-session-id');
    if (!isForgotten && status !== 401 && status !== 403 && (status < 300 || status > 399)) return response;
    await response.body?.cancel();
    throw new RefusedError(status);
  };
}

/** The library leaves a request waiting whose stream has ended without an answer; it is answered with an error here. */
function failWhenStreamEnds(transport: Transport): void {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (!('method' in message && 'id' in message) || options?.onRequestStreamEnd !== undefined) {
      return send(message, options);
    }
    const { id } = message;
    const onRequestStreamEnd = (): void =>
      transport.onmessage?.({
        jsonrpc: '2.0',
        id,
        error: { code: -32_000, message: 'lost', data: lostData },
      });
    return send(message, { ...options, onRequestStreamEnd });
  };
}
