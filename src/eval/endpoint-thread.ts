import { setTimeout as waitFor } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { Price } from '../model/price-table.ts';
import { type Ask, type Endpoint, type EndpointAddress, openEndpoint } from './endpoint.ts';
import { EndpointError } from './endpoint-error.ts';

/** What can be asked of an endpoint in its thread; settling and asking are calls like the others. */
export type EndpointMethod = keyof Endpoint;

/** What the thread of the endpoints is told. `endpoint` numbers the open ones, `call` the calls. */
export type ToThread =
  | {
      readonly type: 'open';
      readonly endpoint: number;
      readonly address: EndpointAddress;
      readonly prices: readonly Price[];
    }
  | {
      readonly type: 'call';
      readonly endpoint: number;
      readonly call: number;
      readonly method: EndpointMethod;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'abort'; readonly call: number }
  | { readonly type: 'close'; readonly endpoint: number };

/** What it says. */
export type FromThread =
  | { readonly type: 'done'; readonly call: number; readonly value: unknown }
  | {
      readonly type: 'failed';
      readonly call: number;
      readonly message: string;
      /** Of an EndpointError; undefined for any other error. */
      readonly status: number | null | undefined;
    }
  | { readonly type: 'throttled'; readonly endpoint: number };

/**
 * The thread in which the SDK works for evaluation. Thousands of requests go through it while the server answers
 * everybody else in its own.
 */
const endpoints = new Map<number, Endpoint>();
const stops = new Map<number, AbortController>();

parentPort?.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'open': {
      const { endpoint, address, prices } = message;
      endpoints.set(
        endpoint,
        openEndpoint({
          ...{ address, prices },
          now: () => performance.now(),
          wait: async (ms, signal): Promise<void> => waitFor(ms, undefined, { signal }),
          onThrottled: () => say({ type: 'throttled', endpoint }),
        }),
      );
      break;
    }
    case 'call':
      void answer(message);
      break;
    case 'abort':
      stops.get(message.call)?.abort(new Error('Stopped'));
      break;
    case 'close':
      endpoints.delete(message.endpoint);
      break;
  }
});

async function answer({ endpoint: number, call, method, args }: ToThread & { type: 'call' }): Promise<void> {
  try {
    const endpoint = endpoints.get(number);
    if (endpoint === undefined) throw new Error(`Endpoint ${number} is closed`);
    say({ type: 'done', call, value: await perform(endpoint, { call, method, args }) });
  } catch (error) {
    const status = error instanceof EndpointError ? error.status : undefined;
    say({ type: 'failed', call, message: error instanceof Error ? error.message : String(error), status });
  }
}

async function perform(
  endpoint: Endpoint,
  { call, method, args }: Pick<ToThread & { type: 'call' }, 'call' | 'method' | 'args'>,
): Promise<unknown> {
  if (method !== 'ask') {
    return (endpoint[method] as (...all: readonly unknown[]) => Promise<unknown>)(...args);
  }
  const stop = new AbortController();
  stops.set(call, stop);
  try {
    return await endpoint.ask(args[0] as Ask, stop.signal);
  } finally {
    stops.delete(call);
  }
}

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}
