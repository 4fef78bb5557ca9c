import { describe, expect, test } from 'vitest';
import { ModelError } from './model.ts';
import { defaultRetryLimits as limits, nextRetry } from './retry.ts';

function failure(fields: { retryable?: boolean; retry_after_ms?: number } = {}): ModelError {
  return new ModelError({
    type: 'model_overloaded_error',
    message: 'Overloaded.',
    retryable: fields.retryable ?? true,
    retry_after_ms: fields.retry_after_ms ?? null,
  });
}

describe('nextRetry', () => {
  test('doubles the wait from the base up to the cap', () => {
    const patient = { ...limits, max_retries: 7 };
    const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) =>
      nextRetry({ attempt, error: failure(), limits: patient, jitter: 0 }),
    );
    expect(waits).toEqual(
      [500, 1000, 2000, 4000, 8000, 8000, 8000].map((delay_ms) => ({ type: 'retry', delay_ms })),
    );
  });

  test('takes up to a quarter off for jitter', () => {
    const wait = (jitter: number) => nextRetry({ attempt: 2, error: failure(), limits, jitter });
    expect(wait(0.5)).toEqual({ type: 'retry', delay_ms: 875 });
    expect(wait(0.9999)).toEqual({ type: 'retry', delay_ms: 750 });
  });

  test('waits as long as the provider asks when that is longer, without jitter', () => {
    const decide = (retry_after_ms: number) =>
      nextRetry({ attempt: 1, error: failure({ retry_after_ms }), limits, jitter: 0.99 });
    expect(decide(7001)).toEqual({ type: 'retry', delay_ms: 7001 });
    expect(decide(10)).toEqual({ type: 'retry', delay_ms: 376 });
    expect(decide(60_000)).toEqual({ type: 'retry', delay_ms: 60_000 });
  });

  test('gives up when the provider asks for longer than the cap', () => {
    const decision = nextRetry({ attempt: 1, error: failure({ retry_after_ms: 60_001 }), limits, jitter: 0 });
    expect(decision).toEqual({ type: 'give_up', reason: 'retry_after_too_long' });
  });

  test('gives up after four retries, and at once when there are to be none', () => {
    expect(nextRetry({ attempt: 4, error: failure(), limits, jitter: 0 }).type).toBe('retry');
    const exhausted = { type: 'give_up', reason: 'retries_exhausted' };
    expect(nextRetry({ attempt: 5, error: failure(), limits, jitter: 0 })).toEqual(exhausted);
    const none = { ...limits, max_retries: 0 };
    expect(nextRetry({ attempt: 1, error: failure(), limits: none, jitter: 0 })).toEqual(exhausted);
  });

  test('never repeats a request that would fail again', () => {
    const decision = nextRetry({ attempt: 1, error: failure({ retryable: false }), limits, jitter: 0 });
    expect(decision).toEqual({ type: 'give_up', reason: 'not_retryable' });
  });
});
