import { setTimeout as waitFor } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { type Ask, type Endpoint, openEndpoint } from './endpoint.ts';
import { EndpointError } from './endpoint-error.ts';
import type { FromThread, ToThread } from './endpoint-messages.ts';

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
