/** Nothing has come within the time that there was. */
export class SilentError extends Error {
  override name = 'SilentError';
  readonly waited_ms: number;

  constructor(waited_ms: number) {
    super(`Nothing came within ${waited_ms} ms`);
    this.waited_ms = waited_ms;
  }
}

/** When work ends: after a time in milliseconds, or before when `signal` says so. */
export type Bounds = { readonly ms: number; readonly signal: AbortSignal };

/**
 * Does work that ends when its signal says so.
 * @throws SilentError after `ms`, unless `signal` was aborted before
 */
export async function within<T>(
  { ms, signal }: Bounds,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(ms);
  const either = AbortSignal.any([signal, deadline]);
  try {
    return await orAborted(work(either), either);
  } catch (error) {
    if (deadline.aborted && !signal.aborted) throw new SilentError(ms);
    throw error;
  }
}

/** Waits for work that others may be waiting for as well; when `signal` is aborted, it stops waiting. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
