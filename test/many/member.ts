import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import type Anthropic from '@anthropic-ai/sdk';
import { settings as allSettings, type SettingName } from '../../src/settings.ts';
import { sdk, testKey } from '../pawl.ts';
import { compiledFolder, programs } from '../programs.ts';

/** One of the processes that share a database; it can be killed, stopped and told to end. */
export type Member = {
  readonly url: string;
  readonly pid: number;
  /** A client of this process alone, which asks once. */
  readonly client: Anthropic;
  alive(): boolean;
  /** What it has complained of so far. */
  complaints(): string;
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void;
  /** Ends it as `kill -9` does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Tells it to end, and waits until it has. Gives its exit code; null when it had to be killed. */
  end(): Promise<number | null>;
};

export type MemberOptions = {
  readonly settings: Partial<Readonly<Record<SettingName, string>>>;
  /** What Node is told before the program, such as a module to load first. */
  readonly nodeFlags?: readonly string[];
  /** Called when its process is there, before it listens. */
  readonly onSpawn?: (child: ChildProcess) => void;
};

const startTimeoutMs = 60_000;
const endTimeoutMs = 60_000;

/** Starts `pawl serve` in a process of its own, and resolves once it listens. */
export async function startMember({ settings, nodeFlags = [], onSpawn }: MemberOptions): Promise<Member> {
  const usual = { port: '0', api_key: testKey, anthropic_api_key: 'upstream-key', log_level: 'warn' };
  const given = Object.entries({ ...usual, ...settings }) as [SettingName, string][];
  const child = spawn(process.execPath, [...nodeFlags, programs.pawl, 'serve'], {
    cwd: tmpdir(),
    env: {
      ...{ PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], NODE_COMPILE_CACHE: compiledFolder },
      ...Object.fromEntries(given.map(([name, value]) => [allSettings[name].env, value])),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onSpawn?.(child);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    complaints = (complaints + piece).slice(-1_000_000);
  });
  const exited = once(child, 'exit');
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const url = await firstUrl(child).catch(async (error: unknown) => {
    await kill();
    throw new Error(`A server did not start: ${String(error)}\n${complaints}`);
  });
  return {
    ...{ url, pid: child.pid ?? 0, client: sdk(url, testKey, { maxRetries: 0 }), alive, kill },
    complaints: () => complaints,
    signal: (name) => void child.kill(name),
    async end() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
      await exited;
      clearTimeout(timer);
      return child.exitCode;
    },
  };
}

async function firstUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error('it took too long')), startTimeoutMs);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    output += piece;
    const url = /listens on (http\S+)\n/.exec(output)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once('exit', (code, signal) => reject(new Error(`it ended with ${code ?? signal}`)));
  return promise.finally(() => clearTimeout(timer));
}
