import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { now } from './fake-model.ts';

/** A server process under measurement. */
export type Subject = {
  readonly name: 'pawl' | 'floor';
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  /** From the start of the process to its first answer, in ms. */
  readonly start_ms: number;
  /** CPU that the process has used so far, in ms. */
  cpuMs(): number;
  /** Resident memory, in MB. */
  rssMb(): number;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops the process and removes its folder. */
  dispose(): Promise<void>;
};

export const benchKey = 'benchmark-key-0123456789';
const startTimeoutMs = 60_000;
/** What the first line of `pawl` asks of Node. */
const nodeFlags = ['--max-semi-space-size=8', '--v8-pool-size=1', '--heap-growing-percent=40', '--expose-gc'];

/** How a server differs from one that starts afresh. */
export type PawlOptions = {
  /** Where its data is; a folder of its own when left out. */
  readonly folder?: string;
  /** It reports errors alone; at `info` it logs as users have it, to `server.log` in its folder. */
  readonly logLevel?: 'error' | 'info';
  /** A PostgreSQL database in place of SQLite. */
  readonly databaseUrl?: string;
};

/** Starts the built server, with the fake model behind it; with null the model that it has built in. */
export async function startPawl(
  modelUrl: string | null,
  { folder, logLevel = 'error', databaseUrl }: PawlOptions = {},
): Promise<Subject> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'pawl-bench-')));
  const args = [...nodeFlags, 'dist/cli/pawl.js', 'serve', '--port', '0', '--data-dir', home];
  const env = {
    PAWL_API_KEY: benchKey,
    ...(modelUrl === null
      ? {}
      : { PAWL_ANTHROPIC_BASE_URL: modelUrl, PAWL_ANTHROPIC_API_KEY: 'none-needed' }),
    PAWL_LOG_LEVEL: logLevel,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  };
  if (logLevel === 'error') return start('pawl', home, args, env);
  const file = openSync(join(home, 'server.log'), 'a');
  return start('pawl', home, args, env, file).finally(() => closeSync(file));
}

/** Starts the durable floor. */
export async function startFloor(modelUrl: string, folder?: string): Promise<Subject> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'pawl-floor-')));
  return start('floor', home, ['benchmarks/floor-durable.ts', join(home, 'floor.db'), modelUrl], {});
}

/** Starts a floor that needs nothing but its arguments. */
export async function startScript(...args: readonly string[]): Promise<Subject> {
  return start('floor', await mkdtemp(join(tmpdir(), 'pawl-floor-')), args, {});
}

async function start(
  name: Subject['name'],
  folder: string,
  args: readonly string[],
  env: Record<string, string>,
  stderr: number | 'inherit' = 'inherit',
): Promise<Subject> {
  const began = now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', stderr],
  });
  // A scenario that fails leaves nothing behind.
  const end = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  const url = await firstUrl(child);
  await fetch(`${url}/v1/agents`, { headers: { 'x-api-key': benchKey } }).then((answer) => answer.text());
  const start_ms = now() - began;
  const pid = child.pid ?? 0;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    ...{ name, url, pid, folder, start_ms, kill },
    cpuMs: () => processorMs(pid),
    rssMb: () => rssMb(pid),
    async dispose() {
      await kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function firstUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error('The server did not start in time')), startTimeoutMs);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
    if (url !== undefined) resolve(url);
  });
  child.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${output}`)));
  return promise.finally(() => clearTimeout(timer));
}

const msPerTick = 10;

/** The processor time that a process has used so far, in ms. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** The same by its threads, to the nanosecond: for stretches that are too short for clock ticks. */
export function threadsMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return times.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

/** Runs a script to its end. Its processor time is looked at while it runs, so that the last 10 ms may be missing. */
export async function runNode(args: readonly string[]): Promise<{ stdout: string; cpu_ms: number }> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', PAWL_KEY: benchKey },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  let cpu = 0;
  const sampling = setInterval(() => {
    if (child.exitCode === null) cpu = processorMs(child.pid ?? 0);
  }, 10);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return { stdout, cpu_ms: cpu };
}

function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
