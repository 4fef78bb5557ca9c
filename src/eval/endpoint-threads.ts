import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Log } from '../core/log.ts';
import type { Price } from '../model/price-table.ts';
import { priceOf } from './case-price.ts';
import type { Answer, Ask, Endpoint, EndpointAddress } from './endpoint.ts';
import { EndpointError } from './endpoint-error.ts';
import type { EndpointMethod, FromThread, ToThread } from './endpoint-thread.ts';

type Options = {
  readonly address: EndpointAddress;
  readonly prices: readonly Price[];
  /** Told when the endpoint reports in mid-turn that its model is asked too much. */
  readonly onThrottled: () => void;
};

/** An endpoint in use; it has to be closed. */
export type OpenEndpoint = Endpoint & {
  readonly base_url: string;
  /** Whether the price of what this model, or `provider/model`, answers is known. */
  knowsPriceOf(servedBy: string): boolean;
  close(): void;
};

type Pending = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

type Thread = {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly onThrottled: Map<number, () => void>;
};

/** How long the thread is kept after its last endpoint was closed: starting it takes a few tenths of a second. */
const keptForMs = 60_000;
const limits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 512 };

/**
 * Endpoints whose requests are made in a thread of their own, so that a run of thousands of cases does not keep the
 * server from answering. The thread is started when it is first needed, and another one when it was lost.
 */
export function createEndpointThreads({ log }: { readonly log: Log }) {
  let thread: Thread | null = null;
  let retiring: NodeJS.Timeout | undefined;
  let closed = false;
  let lastEndpoint = 0;
  let lastCall = 0;

  function start(): Thread {
    // The sources run as they are, and so does what is built of them.
    const file = new URL(`./endpoint-thread${extname(import.meta.url)}`, import.meta.url);
    // Without the environment: what is meant for other clients of the SDK must not change what is sent here.
    const worker = new Worker(file, { env: {}, execArgv: [], resourceLimits: limits });
    const made: Thread = { worker, pending: new Map(), onThrottled: new Map() };
    worker.unref();
    worker.on('message', (message: FromThread) => hear(made, message));
    const lost = (cause: unknown): void => {
      // Those who are not told why would look for it at the endpoint.
      if (thread === made) log.error({ err: cause }, 'The thread that asks endpoints has ended by itself');
      if (thread === made) thread = null;
      for (const { reject } of made.pending.values()) reject(threadLost(cause));
      made.pending.clear();
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    return made;
  }

  async function stop(): Promise<void> {
    const { worker } = thread ?? {};
    thread = null;
    await worker?.terminate();
  }

  return {
    /** Opens an endpoint. Nothing is asked of it yet. */
    open({ address, prices, onThrottled }: Options): OpenEndpoint {
      const endpoint = ++lastEndpoint;
      let at: Thread | null = null;

      /** The thread, which has heard of this endpoint. */
      function attach(): Thread {
        if (closed) throw new EndpointError('the server stops', { status: null, cause: undefined });
        clearTimeout(retiring);
        thread ??= start();
        if (at === thread) return at;
        at = thread;
        at.onThrottled.set(endpoint, onThrottled);
        tell(at, { type: 'open', endpoint, address, prices });
        return at;
      }

      async function call<T>(
        method: EndpointMethod,
        args: readonly unknown[],
        signal?: AbortSignal,
      ): Promise<T> {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        const number = ++lastCall;
        const here = attach();
        const stopCall = (): void => tell(here, { type: 'abort', call: number });
        here.pending.set(number, { resolve, reject });
        signal?.addEventListener('abort', stopCall, { once: true });
        tell(here, { type: 'call', endpoint, call: number, method, args });
        try {
          return (await promise) as T;
        } finally {
          here.pending.delete(number);
          signal?.removeEventListener('abort', stopCall);
        }
      }

      return {
        async ask(ask: Ask, signal: AbortSignal): Promise<Answer> {
          signal.throwIfAborted();
          try {
            return await call<Answer>('ask', [ask], signal);
          } catch (error) {
            signal.throwIfAborted();
            if (!(error instanceof EndpointError)) throw error;
            const { message } = error;
            const failure = { kind: 'endpoint', message, session_id: null } as const;
            return { ok: false, error: failure, throttled: null, final: null };
          }
        },
        agentVersion: (...args) => call('agentVersion', args),
        createEnvironment: (...args) => call('createEnvironment', args),
        hasEnvironment: (...args) => call('hasEnvironment', args),
        createAgent: (...args) => call('createAgent', args),
        updateAgent: (...args) => call('updateAgent', args),
        settle: () => call('settle', []),
        base_url: address.base_url,
        knowsPriceOf: (servedBy) => priceOf(prices, servedBy, nothing) !== null,
        close(): void {
          if (at === null || at !== thread) return;
          at.onThrottled.delete(endpoint);
          tell(at, { type: 'close', endpoint });
          if (at.onThrottled.size > 0) return;
          clearTimeout(retiring);
          retiring = setTimeout(() => void stop(), keptForMs).unref();
        },
      };
    },

    /** Ends the thread. */
    async close(): Promise<void> {
      closed = true;
      clearTimeout(retiring);
      await stop();
    },
  };
}

const nothing = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };

function threadLost(cause: unknown): EndpointError {
  return new EndpointError('the thread that asks the endpoint has ended', { status: null, cause });
}

function tell({ worker }: Thread, message: ToThread): void {
  worker.postMessage(message);
}

function hear({ pending, onThrottled }: Thread, message: FromThread): void {
  if (message.type === 'throttled') {
    onThrottled.get(message.endpoint)?.();
    return;
  }
  const waiting = pending.get(message.call);
  if (message.type === 'done') waiting?.resolve(message.value);
  else if (message.status === undefined) waiting?.reject(new Error(message.message));
  else {
    const { message: text, status } = message;
    waiting?.reject(new EndpointError(text, { status, cause: undefined }));
  }
}
