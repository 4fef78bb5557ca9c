import { timeoutFailure } from './failure.ts';
import type { ProviderName } from './model.ts';

/** How long a provider may take. Both clocks start with the request. */
export type DeadlineLimits = {
  /** For the whole reply, connecting included. */
  readonly timeout_ms: number;
  /** For each wait: until the first byte, and between two chunks. */
  readonly idle_timeout_ms: number;
};

/** What the work under a deadline is given. */
export type Deadline = {
  /** Aborted when the caller gives up or time is up; the request must listen to it, so that its connection closes. */
  readonly signal: AbortSignal;
  /** To be called for every chunk; starts the idle clock again. Throws once the deadline has passed. */
  readonly touch: () => void;
};

/**
 * Runs one model request under both clocks and the caller's signal. Rejects at once with the signal's reason
 * when the caller aborts, and with a retryable `ModelError` when time is up, however long the work itself takes
 * to notice. Holds no timer and no listener afterwards.
 */
export function withDeadline<T>(
  options: { readonly provider: ProviderName; readonly limits: DeadlineLimits; readonly signal: AbortSignal },
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const { provider, limits, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const own = new AbortController();
    const release = (): void => {
      clearTimeout(total);
      clearTimeout(idle);
      signal.removeEventListener('abort', onAbort);
    };
    const stop = (reason: unknown): void => {
      release();
      reject(reason);
      own.abort(reason);
    };
    const onAbort = (): void => stop(signal.reason);
    const total = setTimeout(
      () => stop(timeoutFailure(provider, { clock: 'total', ms: limits.timeout_ms })),
      limits.timeout_ms,
    );
    const idle = setTimeout(
      () => stop(timeoutFailure(provider, { clock: 'idle', ms: limits.idle_timeout_ms })),
      limits.idle_timeout_ms,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    const touch = (): void => {
      own.signal.throwIfAborted();
      idle.refresh();
    };
    work({ signal: own.signal, touch }).finally(release).then(resolve, reject);
  });
}
