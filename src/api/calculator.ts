import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PawlError } from '../core/errors.ts';
import type { Calculation } from '../stats/calculation.ts';
import type { Answered, Asked } from './calculator-thread.ts';

type Result = ReturnType<Calculation['compute']>;
type Waiting = { readonly resolve: (result: Result) => void; readonly reject: (error: Error) => void };

/** So many calculations of the longest kind are done well before the first of them is late. */
const mostWaiting = 16;
const lateAfterMs = 60_000;
const memory = { maxYoungGenerationSizeMb: 32, maxOldGenerationSizeMb: 512 };

/**
 * Calculates statistics in a thread of its own, one after the other: the longest take more than a second. The thread
 * is started when it is first needed.
 */
export function createCalculator() {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | null = null;
  let last = 0;

  function start(): Worker {
    // The sources run as they are, and so does what is built of them.
    const file = new URL(`./calculator-thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { env: {}, execArgv: [], resourceLimits: memory });
    worker.unref();
    worker.on('message', (answered: Answered) => {
      const asked = waiting.get(answered.number);
      if (answered.status === 'done') asked?.resolve(answered.result);
      else if (answered.status === 'refused')
        asked?.reject(new PawlError('invalid_request', answered.message));
      else asked?.reject(new Error(answered.message));
    });
    const lost = (cause: unknown): void => {
      if (thread === worker) drop(new Error('The thread of the calculator has ended', { cause }));
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    return worker;
  }

  /** Gives everything up that is under way; the next calculation begins with a new thread. */
  function drop(error: Error): void {
    const ended = thread;
    thread = null;
    void ended?.terminate();
    for (const { reject } of waiting.values()) reject(error);
  }

  return {
    /**
     * Calculates one entry of the catalog.
     * @throws PawlError `invalid_request` when the input does not fit, `overloaded` when too many are waiting.
     */
    async calculate(name: string, input: unknown): Promise<Result> {
      if (waiting.size >= mostWaiting) {
        throw new PawlError('overloaded', `${mostWaiting} calculations are waiting already; try again`);
      }
      thread ??= start();
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const number = ++last;
      waiting.set(number, { resolve, reject });
      const late = setTimeout(
        () => drop(new Error(`${name} took longer than ${lateAfterMs} ms`)),
        lateAfterMs,
      );
      const asked: Asked = { number, name, input };
      thread.postMessage(asked);
      try {
        return await promise;
      } finally {
        clearTimeout(late);
        waiting.delete(number);
      }
    },

    /** Ends the thread and whatever it is doing. */
    close(): void {
      drop(new PawlError('overloaded', 'The server stops; try again'));
    },
  };
}
