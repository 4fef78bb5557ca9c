import { ModelError, type Provider } from './model.ts';
import type { ProviderLoaders } from './router.ts';

type Limits = {
  /** How many requests a provider is sent side by side. */
  readonly max: number;
  /** The longest that a request waits for its place. */
  readonly timeout_ms: number;
};

/** How many requests may wait for one provider. Each belongs to a turn, and turns are bounded earlier. */
const mostWaiting = 100_000;

/** Providers that are sent only so many requests side by side, each of them by itself. */
export function withSlots(loaders: ProviderLoaders, limits: Limits): ProviderLoaders {
  const limited = (load: () => Promise<Provider>) => async () => limitProvider(await load(), limits);
  const { anthropic, openai, offline } = loaders;
  return {
    ...(anthropic === undefined ? {} : { anthropic: limited(anthropic) }),
    ...(openai === undefined ? {} : { openai: limited(openai) }),
    offline: limited(offline),
  };
}

/**
 * The same provider, for whose requests there are only so many places. Those that wait are served agent by agent in
 * turn, and in order of arrival for one agent, so that a flood for one holds up nobody else. A request that has waited
 * too long fails as one that the provider was too busy for.
 */
export function limitProvider(provider: Provider, limits: Limits): Provider {
  const slots = createSlots(limits, () => tooBusy(provider.name));
  return {
    ...provider,
    async send(request, options) {
      options.signal.throwIfAborted();
      await slots.enter(options.agent_id ?? '', options.signal);
      try {
        return await provider.send(request, options);
      } finally {
        slots.leave();
      }
    },
  };
}

/** Somebody who waits for a place; `admit` gives it. */
type Waiter = { readonly admit: () => void };

function createSlots({ max, timeout_ms }: Limits, tooLate: () => Error) {
  let taken = 0;
  let waiting = 0;
  /** The waiters of each agent, the agent whose turn it is first. None of the sets is empty. */
  const queues = new Map<string, Set<Waiter>>();

  function remove(agent_id: string, waiter: Waiter): void {
    const queue = queues.get(agent_id);
    if (queue?.delete(waiter) !== true) return;
    waiting--;
    if (queue.size === 0) queues.delete(agent_id);
  }

  function wait(agent_id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        remove(agent_id, waiter);
      };
      const fail = (error: unknown): void => {
        end();
        reject(error);
      };
      const onAbort = (): void => fail(signal.reason);
      const timer = setTimeout(() => fail(tooLate()), timeout_ms);
      const waiter: Waiter = {
        admit: () => {
          end();
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const queue = queues.get(agent_id) ?? new Set();
      queues.set(agent_id, queue.add(waiter));
      waiting++;
    });
  }

  return {
    /** Resolves once there is a place, which is then taken. */
    async enter(agent_id: string, signal: AbortSignal): Promise<void> {
      if (taken < max) {
        taken++;
        return;
      }
      if (waiting >= mostWaiting) throw tooLate();
      await wait(agent_id, signal);
    },

    /** Gives a place back, or on to whoever is next. */
    leave(): void {
      const [[agent_id, queue] = []] = queues;
      const [next] = queue ?? [];
      if (agent_id === undefined || queue === undefined || next === undefined) {
        taken--;
        return;
      }
      // Behind the others, for the next time.
      queues.delete(agent_id);
      queues.set(agent_id, queue);
      next.admit();
    },
  };
}

function tooBusy(name: string): ModelError {
  return new ModelError({
    type: 'model_overloaded_error',
    message: `Too many requests to ${name} were under way for too long`,
    retryable: true,
  });
}
