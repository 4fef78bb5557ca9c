import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Score } from '../score.ts';
import { firstLine, scoreFrom, unscored } from '../score-values.ts';

/** What a module's worker tells the server. */
export type HostMessage =
  | { readonly kind: 'loaded' }
  /** The module cannot be used, and why. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'started'; readonly id: number }
  | { readonly kind: 'answered'; readonly id: number; readonly score: Score };

/** What the server asks of a module's worker. */
export type HostRequest = { readonly id: number; readonly input: unknown };

type ScoreFunction = (input: unknown) => unknown;

/*
 * This file is the whole of a worker: it loads the one module that it is given and calls it as often as it is asked.
 */

/** Loads the module, and from then on answers requests. */
async function serve(port: MessagePort, url: string): Promise<void> {
  const tell = (message: HostMessage): void => port.postMessage(message);
  const score = await load(url).catch((error: unknown) => {
    tell({ kind: 'refused', reason: firstLine(error) });
    return null;
  });
  if (score === null) return;
  port.on('message', ({ id, input }: HostRequest) => {
    tell({ kind: 'started', id });
    void answer(score, input).then((given) => tell({ kind: 'answered', id, score: given }));
  });
  tell({ kind: 'loaded' });
}

async function load(url: string): Promise<ScoreFunction> {
  const { default: score } = (await import(url)) as { default?: unknown };
  if (typeof score === 'function') return score as ScoreFunction;
  throw new Error('its default export is not a function');
}

async function answer(score: ScoreFunction, input: unknown): Promise<Score> {
  try {
    return scoreFrom(await score(input));
  } catch (error) {
    return unscored(`the scorer threw: ${firstLine(error)}`);
  }
}

if (parentPort !== null) {
  // What a module prints would pile up in the server's memory: nobody reads it.
  process.stdout.write = () => true;
  process.stderr.write = () => true;
  await serve(parentPort, workerData as string);
}
