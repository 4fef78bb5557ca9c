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

type Call = {
  readonly input: unknown;
  readonly settle: (score: Score) => void;
  /** Runs from when the module begins the call. */
  clock: NodeJS.Timeout | null;
};

/** One thread; the next one has its own. */
type Generation = {
  /** Null until the module is loaded. */
  thread: ModuleThread | null;
  /** Calls that were sent and are not answered. */
  readonly posted: Set<number>;
  /** Those that the module is busy with, in the order in which it began them. */
  readonly underway: Set<number>;
  /** The suspect that is tried; null when calls go side by side. */
  alone: number | null;
  answered: number;
};

/**
 * Loads a module in a thread and calls it, several calls side by side. A call that hangs or ends the thread is
 * unscored; the next thread is asked again what that one still owed. Where several were under way when time was up,
 * any of them may have held up the others, so that each is tried again alone.
 * Rejects with an Error that says why the module cannot be loaded.
 */
export async function openModule(source: ModuleSource): Promise<ModuleCalls> {
  const calls = new Map<number, Call>();
  let suspects: number[] = [];
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

  /** Sends what is waiting: the next suspect, or else all calls. */
  function feed({ thread, posted, alone }: Generation): void {
    if (thread === null || alone !== null) return;
    suspects = suspects.filter((id) => calls.has(id));
    const [suspect] = suspects;
    const next = suspect === undefined ? [...calls.keys()] : [suspect];
    if (suspect !== undefined && current !== null) current.alone = suspect;
    for (const id of next) {
      if (posted.has(id)) continue;
      posted.add(id);
      thread.post({ id, input: calls.get(id)?.input });
    }
  }

  async function begin(): Promise<void> {
    const generation: Generation = {
      ...{ thread: null, alone: null, answered: 0 },
      ...{ posted: new Set(), underway: new Set() },
    };
    current = generation;
    const known = (id: number): boolean => {
      if (!calls.has(id)) lose(generation, 'the module sends messages of its own');
      return calls.has(id);
    };
    const thread = await startModule(source, {
      started(id) {
        if (!known(id)) return;
        generation.underway.add(id);
        const call = calls.get(id);
        if (call !== undefined) call.clock ??= setTimeout(() => expire(id), source.timeout_ms);
      },
      answered(id, score) {
        if (!known(id)) return;
        generation.posted.delete(id);
        generation.underway.delete(id);
        generation.answered++;
        if (generation.alone === id) {
          generation.alone = null;
          suspects = suspects.filter((suspect) => suspect !== id);
        }
        // What comes out of the thread is whatever the module makes of it.
        settle(id, scoreFrom(score));
        feed(generation);
      },
      ended: (reason) => lose(generation, reason),
    });
    generation.thread = thread;
    if (closed) await thread.stop();
    else feed(generation);
  }

  /** Begins with a new thread where calls are waiting; what keeps it from loading is what they are told. */
  function replace(): void {
    current = null;
    for (const call of calls.values()) {
      if (call.clock !== null) clearTimeout(call.clock);
      call.clock = null;
    }
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

  /** Time is up for a call: it is to blame where it was alone, and one of the suspects where it was not. */
  function expire(id: number): void {
    if (current === null || !calls.has(id)) return;
    const { thread, underway, alone } = current;
    if (alone === null && underway.size > 1) suspects = [...underway];
    else settle(id, unscored(`the scorer did not answer within ${source.timeout_ms} ms`));
    void thread?.stop();
    replace();
  }

  /** Nobody waits for a call any more; the thread that it may hang in is given up. */
  function abandon(id: number): void {
    if (!calls.has(id)) return;
    settle(id, unscored('the scorer was stopped'));
    if (current === null || !current.posted.has(id)) return;
    void current.thread?.stop();
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
        const giveUp = (): void => abandon(id);
        signal.addEventListener('abort', giveUp, { once: true });
        const call: Call = {
          input,
          clock: null,
          settle(score) {
            if (call.clock !== null) clearTimeout(call.clock);
            signal.removeEventListener('abort', giveUp);
            resolve(score);
          },
        };
        calls.set(id, call);
        if (current === null) replace();
        else feed(current);
      });
    },
    async close() {
      closed = true;
      settleAll('the scorer was closed');
      await current?.thread?.stop();
    },
  };
}
