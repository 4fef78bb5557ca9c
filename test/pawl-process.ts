import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { compiledFolder, programs } from './programs.ts';

/** What a process printed and how it ended. `code` is null when a signal ended it. */
export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  /** The whole environment besides what every program needs; nothing of the test machine's gets in. */
  readonly env?: Readonly<Record<string, string>>;
  /** An empty folder when left out. */
  readonly cwd?: string;
  /** What comes on its standard input; nothing when left out. */
  readonly input?: string;
};

/** A process that is running. It is ended at the end of its test. */
export type Running = {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves with the first match in standard output; rejects when the process ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  readonly stdout: () => string;
};

/** Runs the command line to its end, as a user would. */
export async function pawl(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return startPawlProcess(args, options).finished;
}

/** Starts the command line. */
export function startPawlProcess(args: readonly string[], options: RunOptions = {}): Running {
  return startNode([programs.pawl, ...args], options);
}

/** Starts Node with these arguments. */
export function startNode(args: readonly string[], options: RunOptions = {}): Running {
  return startProgram([process.execPath, ...args], options);
}

/** Starts a program with its arguments behind it. */
export function startProgram(
  [program = '', ...args]: readonly string[],
  { env = {}, cwd = freshFolder(), input = '' }: RunOptions = {},
): Running {
  const child = spawn(program, args, {
    cwd,
    env: {
      ...{ PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], NODE_COMPILE_CACHE: compiledFolder },
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Most programs end without reading it.
  child.stdin.on('error', () => {}).end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await finished;
  });
  return {
    child,
    finished,
    stdout: () => stdout,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout);
          if (match !== null) resolve(match);
        };
        look();
        child.stdout.on('data', look);
        child.once('close', () =>
          reject(new Error(`It ended without printing ${pattern}:\n${stdout}\n${stderr}`)),
        );
      }),
  };
}

/** An empty folder that is gone after the test. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
