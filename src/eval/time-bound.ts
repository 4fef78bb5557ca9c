import { createContext, Script } from 'node:vm';

/** What came of work under a time bound. */
export type Bounded<T> = { readonly done: true; readonly value: T } | { readonly done: false };

/** Does synchronous work and stops it when its time is up. */
export type TimeBound = <T>(work: () => T) => Bounded<T>;

/**
 * Prepares for work that somebody else's pattern or schema may make endless, such as matching `(a+)+$`: it is stopped
 * after `limitMs` milliseconds. Nothing else in the process runs meanwhile, so the limit is to be short.
 */
export function createTimeBound(limitMs: number): TimeBound {
  // V8 ends whatever a script has called when the script's time is up, a regular expression included.
  const call = new Script('work()');
  // A context costs more than most of the work that is done in it, so that one serves for all.
  const sandbox: { work?: () => unknown } = {};
  const context = createContext(sandbox);
  return <T>(work: () => T): Bounded<T> => {
    sandbox.work = work;
    try {
      return { done: true, value: call.runInContext(context, { timeout: limitMs }) as T };
    } catch (error) {
      const isLate = (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      if (isLate) return { done: false };
      throw error;
    } finally {
      delete sandbox.work;
    }
  };
}
