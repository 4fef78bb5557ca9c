import { setTimeout as wait } from 'node:timers/promises';

/** Lets work end by itself for as long as `graceMs`, then has it broken off, and waits until all of it is over. */
export async function letEnd(
  work: Iterable<Promise<unknown>>,
  graceMs: number,
  breakOff: () => void,
): Promise<void> {
  const all = Promise.all(work);
  const patience = new AbortController();
  await Promise.race([all, wait(graceMs, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  breakOff();
  await all;
}
