import type { Score } from '../score.ts';
import { firstLine, scoreFrom, unscored } from '../score-values.ts';
import { type ModuleThread, startModule } from './module-thread.ts';

/** A user's module, ready to be called. */
export type ModuleCalls = {
  /** Never rejects: whatever goes wrong is unscored. Aborting a call ends the thread that it hangs in. */
  readonly call: (input: unknown, signal: AbortSignal) => Promise<Score>;
  readonly close: () => Promise<void>;
};

/** Which file to call, what the hash of its bytes must be, and how long one call may take. */
export type ModuleSource = { readonly file: string; readonly hash: string; readonly timeout_ms: number };

const maxWaiting = 256;

type Call = { readonly input: unknown; readonly settle: (score: Score) => void };

/** One thread; the next one has its own. */
type Generation = {
  /** Null until the module is loaded. */
  thread: ModuleThread | null;
  /** Calls that the module is busy with, in the order in which it began them. */
  readonly underway: Set<number>;
  answered: number;
};

/**
 * Loads a module in a thread and calls it, several calls side by side. A call that hangs or ends the thread is
 * unscored; the next thread is asked again what that one still owed.
 * Rejects with an Error that says why the module cannot be loaded.
 */
export async function openModule(source: ModuleSource): Promise<ModuleCalls> {
  const calls = new Map<number, Call>();
  let current: Generation | null = null;
  let lastId = 0;
  let closed = false;

  function settle(id: number, score: Score): void {
    calls.get(id)?.settle(score);
    calls.delete(id);
  }

  function settleAll(reason: string): void {
    for (const id of [...calls.keys()]) settle(id, unscored(reason));
  }

  async function begin(): Promise<void> {
    const generation: Generation = { thread: null, underway: new Set(), answered: 0 };
    current = generation;
    const known = (id: number): boolean => {
      if (!calls.has(id)) lose(generation, 'the module sends messages of its own');
      return calls.has(id);
    };
    const thread = await startModule(source, {
      started(id) {
        if (known(id)) generation.underway.add(id);
      },
      answered(id, score) {
        if (!known(id)) return;
        generation.underway.delete(id);
        generation.answered++;
        // What comes out of the thread is whatever the module makes of it.
        settle(id, scoreFrom(score));
      },
      ended: (reason) => lose(generation, reason),
    });
    generation.thread = thread;
    if (closed) await thread.stop();
    for (const [id, { input }] of calls) thread.post({ id, input });
  }

  /** Begins with a new thread where calls are waiting; what keeps it from loading is what they are told. */
  function replace(): void {
    current = null;
    if (calls.size === 0 || closed) return;
    begin().catch((error: unknown) => {
      current = null;
      settleAll(`the module cannot be loaded again: ${firstLine(error)}`);
    });
  }

  /** A thread is lost by its own fault: the call that it began last is to blame. */
  function lose({ thread, underway, answered }: Generation, reason: string): void {
    void thread?.stop();
    const blamed = [...underway].at(-1);
    if (blamed !== undefined) settle(blamed, unscored(reason));
    // Without anybody to blame and without any use so far, the next thread would do no better.
    else if (answered === 0) settleAll(reason);
    replace();
  }

  function expire(id: number): void {
    if (!calls.has(id)) return;
    settle(id, unscored(`the scorer did not answer within ${source.timeout_ms} ms`));
    if (current === null || current.thread === null) return;
    void current.thread.stop();
    replace();
  }

  await begin();
  return {
    call(input, signal) {
      if (closed || signal.aborted) return Promise.resolve(unscored('the scorer was stopped'));
      if (calls.size >= maxWaiting) {
        return Promise.resolve(unscored(`more than ${maxWaiting} cases are waiting for the scorer`));
      }
      return new Promise((resolve) => {
        const id = ++lastId;
        const giveUp = (): void => expire(id);
        const late = setTimeout(giveUp, source.timeout_ms);
        signal.addEventListener('abort', giveUp, { once: true });
        const settle = (score: Score): void => {
          clearTimeout(late);
          signal.removeEventListener('abort', giveUp);
          resolve(score);
        };
        calls.set(id, { input, settle });
        if (current === null) replace();
        else current.thread?.post({ id, input });
      });
    },
    async close() {
      closed = true;
      settleAll('the scorer was closed');
      await current?.thread?.stop();
    },
  };
}
