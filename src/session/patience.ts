/** Longer than any read takes that is answered at all, and less than anybody waits for news. */
export const readPatienceMs = 10_000;

/**
 * What a read gives, as long as that comes in time. One that is never answered must hold up nobody: whoever reads in the
 * background does it again.
 * @throws Error when it takes longer than `readPatienceMs`
 */
export async function inTime<T>(reading: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('The database does not answer')), readPatienceMs);
  timer.unref();
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
