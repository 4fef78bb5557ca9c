import type { ModelError } from './model.ts';

/** How often and how patiently a failed model request is tried again. */
export type RetryLimits = {
  /** Requests after the first one. */
  readonly max_retries: number;
  /** The wait before the first retry; each further one doubles it. */
  readonly base_ms: number;
  /** The longest wait of our own making. */
  readonly cap_ms: number;
  /** The longest wait that a provider may ask for; a longer one is not worth holding a session for. */
  readonly retry_after_cap_ms: number;
};

export const defaultRetryLimits: RetryLimits = {
  max_retries: 4,
  base_ms: 500,
  cap_ms: 8000,
  retry_after_cap_ms: 60_000,
};

export type RetryDecision =
  | { readonly type: 'retry'; readonly delay_ms: number }
  | {
      readonly type: 'give_up';
      readonly reason: 'not_retryable' | 'retries_exhausted' | 'retry_after_too_long';
    };

/**
 * What to do after a failed model request. `attempt` counts the requests so far, this one included, so it is 1 after
 * the first. `jitter` is a random number in [0, 1) that takes up to a quarter off our own wait, so that sessions which
 * failed together do not come back together. A provider's longer wait is kept to the millisecond.
 */
export function nextRetry(options: {
  readonly attempt: number;
  readonly error: ModelError;
  readonly limits: RetryLimits;
  readonly jitter: number;
}): RetryDecision {
  const { attempt, error, limits, jitter } = options;
  if (!error.retryable) return { type: 'give_up', reason: 'not_retryable' };
  if (attempt > limits.max_retries) return { type: 'give_up', reason: 'retries_exhausted' };
  const asked = error.retry_after_ms ?? 0;
  if (asked > limits.retry_after_cap_ms) return { type: 'give_up', reason: 'retry_after_too_long' };
  const full = Math.min(limits.cap_ms, limits.base_ms * 2 ** (attempt - 1));
  return { type: 'retry', delay_ms: Math.max(asked, Math.round(full * (1 - jitter / 4))) };
}
