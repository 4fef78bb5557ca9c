import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Deadline, withDeadline } from './deadline.ts';

const limits = { timeout_ms: 10_000, idle_timeout_ms: 1000 };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Starts work that never ends by itself, and hands out its deadline. */
function startEndless(signal: AbortSignal): { result: Promise<unknown>; deadline: Deadline } {
  let given: Deadline | undefined;
  const result = withDeadline({ provider: 'openai', limits, signal }, (deadline) => {
    given = deadline;
    return new Promise(() => {});
  });
  if (given === undefined) throw new Error('The work did not start.');
  // The tests look at the rejection later than it happens.
  result.catch(() => {});
  return { result, deadline: given };
}

describe('withDeadline', () => {
  test('passes on what the work gives or throws, and leaves no timer behind', async () => {
    const { signal } = new AbortController();
    const options = { provider: 'openai', limits, signal } as const;
    expect(await withDeadline(options, () => Promise.resolve(7))).toBe(7);
    const failing = withDeadline(options, () => Promise.reject(new Error('Inner.')));
    await expect(failing).rejects.toThrow('Inner.');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends a wait for the first chunk and aborts the request', async () => {
    const { result, deadline } = startEndless(new AbortController().signal);
    vi.advanceTimersByTime(limits.idle_timeout_ms);
    await expect(result).rejects.toMatchObject({
      type: 'model_request_failed_error',
      retryable: true,
      message: 'The openai provider sent nothing for 1000 ms.',
    });
    expect(deadline.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('lets chunks hold the idle clock off, but not the total one', async () => {
    const { result, deadline } = startEndless(new AbortController().signal);
    for (let ms = 900; ms < limits.timeout_ms; ms += 900) {
      vi.advanceTimersByTime(900);
      deadline.touch();
    }
    vi.advanceTimersByTime(900);
    await expect(result).rejects.toMatchObject({
      retryable: true,
      message: 'The openai provider did not finish its reply within 10000 ms.',
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('rejects with the reason of the signal at once, and later chunks stop the work', async () => {
    const controller = new AbortController();
    const { result, deadline } = startEndless(controller.signal);
    const reason = new Error('Interrupted.');
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(() => deadline.touch()).toThrow(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not start the work when the signal has already been aborted', async () => {
    const work = vi.fn(() => Promise.resolve());
    const reason = new Error('Too late.');
    const options = { provider: 'openai', limits, signal: AbortSignal.abort(reason) } as const;
    await expect(withDeadline(options, work)).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
  });
});
