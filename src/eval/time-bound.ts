import { createContext, Script } from 'node:vm';

/** What came of work under a time bound. */
export type Bounded<T> = { readonly done: true; readonly value: T } | { readonly done: false };

/** Does synchronous work and stops it when its time is up. */
export type TimeBound = <T>(work: () => T) => Bounded<T>;

/** How often work may run out of time before it is tried no more. */
const mostLate = 3;

/**
 * Prepares for work that somebody else's pattern or schema may make endless, such as matching `(a+)+$`: it is stopped
 * after `limitMs` milliseconds. Nothing else in the process runs meanwhile, so the limit is to be short, and after
 * three times that were too long nothing is tried any more.
 */
export function createTimeBound(limitMs: number): TimeBound {
  // V8 ends whatever a script has called when the script's time is up, a regular expression included.
  const call = new Script('work()');
  // A context costs more than most of the work that is done in it, so that one serves for all.
  const sandbox: { work?: () => unknown } = {};
  const context = createContext(sandbox);
  let late = 0;
  return <T>(work: () => T): Bounded<T> => {
    if (late === mostLate) return { done: false };
    sandbox.work = work;
    try {
      return { done: true, value: call.runInContext(context, { timeout: limitMs }) as T };
    } catch (error) {
      const isLate = (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      if (!isLate) throw error;
      late += 1;
      return { done: false };
    } finally {
      delete sandbox.work;
    }
  };
}
