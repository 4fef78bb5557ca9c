import { parentPort } from 'node:worker_threads';
import { PawlError } from '../core/errors.ts';
import type { Calculation } from '../stats/calculation.ts';
import { catalog } from '../stats/catalog.ts';

/** A calculation that the thread is asked for. `number` tells its answer from others. */
export type Asked = { readonly number: number; readonly name: string; readonly input: unknown };

/** What came of it: `refused` is for the client to read, `failed` for the log. */
export type Answered = { readonly number: number } & (
  | { readonly status: 'done'; readonly result: ReturnType<Calculation['compute']> }
  | { readonly status: 'refused' | 'failed'; readonly message: string }
);

/*
 * This file is the whole of a thread. It calculates one thing after the other, while the server answers everybody
 * else in its own.
 */
parentPort?.on('message', (asked: Asked) => {
  const answered: Answered = { number: asked.number, ...answer(asked) };
  parentPort?.postMessage(answered);
});

function answer({ name, input }: Asked) {
  try {
    const calculation = catalog.find((one) => one.name === name);
    if (calculation === undefined) throw new Error(`There is no calculation ${name}`);
    return { status: 'done' as const, result: calculation.compute(input) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: error instanceof PawlError ? ('refused' as const) : ('failed' as const), message };
  }
}
