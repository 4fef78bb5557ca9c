import { InterruptedError } from '../command-error.ts';
import { awaitInterruption } from '../open-server.ts';

/**
 * Does work that gives up by itself, and puts in order what it has begun, when its signal is aborted: the user has stopped
 * it. @throws InterruptedError then, and whatever the work throws otherwise.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, end } = awaitInterruption();
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted) throw new InterruptedError();
    throw error;
  } finally {
    end();
  }
}
