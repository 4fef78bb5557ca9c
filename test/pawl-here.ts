import { Readable } from 'node:stream';
import { type Finished, freshFolder, type RunOptions } from './pawl-process.ts';

const streams = ['stdout', 'stderr'] as const;
/** Each run loads the file anew, as a process would; what it imports is loaded once. */
let runs = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the command line to its end in the process of the test, with an environment, a folder and output of its own: for
 * tests of what a command does, which would spend most of their time starting processes. What is about the process
 * itself (signals, how it starts and ends) takes `pawl` of `pawl-process.ts`. Commands run one after another,
 * because a process has only one folder.
 */
export function pawlHere(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { env = {}, cwd = freshFolder(), input = '' } = options;
  const run = last.then(() => runHere(args, { env, cwd, input }));
  last = run.catch(() => {});
  return run;
}

async function runHere(
  args: readonly string[],
  { env, cwd, input }: Required<RunOptions>,
): Promise<Finished> {
  const before = { env: process.env, cwd: process.cwd(), argv: process.argv, exitCode: process.exitCode };
  const caught = { stdout: catchOutput(process.stdout), stderr: catchOutput(process.stderr) };
  const given = Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false });
  const interrupted = process.listeners('SIGINT');
  const kept = Object.entries(before.env).filter(([name]) => name === 'PATH' || name === 'TMPDIR');
  process.env = { ...Object.fromEntries(kept), ...env };
  process.argv = [process.execPath, 'pawl', ...args];
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};
  Object.defineProperty(process, 'stdin', { ...stdin, get: () => given });
  process.exitCode = undefined;
  process.chdir(cwd);
  try {
    await import(/* @vite-ignore */ `../src/cli/pawl.ts?run=${++runs}`);
    const { exitCode } = process as { exitCode?: unknown };
    return { code: Number(exitCode ?? 0), stdout: caught.stdout.text(), stderr: caught.stderr.text() };
  } finally {
    for (const name of streams) caught[name].release();
    for (const listener of process.listeners('SIGINT')) {
      if (!interrupted.includes(listener)) process.off('SIGINT', listener);
    }
    Object.defineProperty(process, 'stdin', stdin);
    process.chdir(before.cwd);
    process.env = before.env;
    process.argv = before.argv;
    process.exitCode = before.exitCode;
  }
}

/** Keeps what is written to a stream, until it is released. */
function catchOutput(stream: NodeJS.WriteStream): { text: () => string; release: () => void } {
  const { write } = stream;
  const listeners = stream.listeners('error');
  const pieces: Buffer[] = [];
  stream.write = (piece: string | Uint8Array, ...rest: unknown[]): boolean => {
    pieces.push(Buffer.from(piece));
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  return {
    text: () => Buffer.concat(pieces).toString('utf8'),
    release() {
      stream.write = write;
      for (const listener of stream.listeners('error')) {
        if (!listeners.includes(listener)) stream.off('error', listener as () => void);
      }
    },
  };
}
