import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Score } from '../score.ts';
import { firstLine } from '../score-values.ts';
import type { HostMessage, HostRequest } from './module-host.ts';

/** A thread in which a user's module has been loaded. */
export type ModuleThread = {
  readonly post: (request: HostRequest) => void;
  /** Ends the thread, whatever it is doing. Nothing is told of it. */
  readonly stop: () => Promise<void>;
};

/** What a thread tells. The ids may be ones that it was not asked for: a module can send messages of its own. */
export type ThreadEvents = {
  readonly started: (id: number) => void;
  readonly answered: (id: number, score: Score) => void;
  /** The thread has ended by itself. Nothing is told after this. */
  readonly ended: (reason: string) => void;
};

const loadLimitMs = 10_000;
const memoryLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };
const hostFile = import.meta.url.endsWith('.ts') ? './module-host.ts' : './module-host.js';

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function fileHash(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/**
 * Starts a thread with no environment, no input and 256 MiB of heap, and loads a module in it. This keeps a faulty
 * module from taking the server along; it does not keep a hostile one in, since threads share the rights of a process.
 * Rejects with an Error that says why a module cannot be loaded, which may also be that its bytes do not have the
 * given hash, so that what runs is always what was hashed.
 */
export async function startModule(
  { file, hash }: { readonly file: string; readonly hash: string },
  events: ThreadEvents,
): Promise<ModuleThread> {
  const load = Promise.withResolvers<void>();
  const state = { over: null as string | null, usable: false };
  const worker = new Worker(new URL(hostFile, import.meta.url), {
    workerData: pathToFileURL(file).href,
    ...{ env: {}, execArgv: [], stdout: true, stderr: true, resourceLimits: memoryLimits },
  });
  const end = (reason: string): void => {
    if (state.over !== null) return;
    state.over = reason;
    void worker.terminate();
    if (state.usable) events.ended(reason);
    else load.reject(new Error(reason));
  };
  worker.on('message', (message: HostMessage | null | undefined) => {
    if (state.over !== null) return;
    if (message?.kind === 'loaded' && !state.usable) load.resolve();
    else if (message?.kind === 'refused') end(message.reason);
    else if (message?.kind === 'started') events.started(message.id);
    else if (message?.kind === 'answered') events.answered(message.id, message.score);
    else end('the module sends messages of its own');
  });
  worker.on('error', (error) => end(`the module failed: ${firstLine(error)}`));
  worker.on('exit', (code) => end(`the module ended its thread with code ${code}`));
  const late = setTimeout(() => end(`it took longer than ${loadLimitMs} ms to load`), loadLimitMs);
  try {
    await load.promise;
    if ((await fileHash(file)) !== hash) end('the file has changed since it was read');
  } finally {
    clearTimeout(late);
  }
  if (state.over !== null) throw new Error(state.over);
  state.usable = true;
  return {
    post: (request) => worker.postMessage(request),
    stop: async () => {
      state.over ??= 'stopped';
      await worker.terminate();
    },
  };
}
