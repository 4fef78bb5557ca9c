import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { type Account, canRun, copyInstallation, type Installation, serverAccount } from './binaries.ts';
import { giveTo, makeDirectory, removeDirectory } from './directories.ts';

/** A running throw-away server. */
export type Cluster = {
  /** Leads to the maintenance database, as an account that may create others. */
  readonly url: string;
  /** What the server says that it is, such as `15.18`. */
  readonly version: string;
  /** Ends it as a power cut would, but for what the system has not yet written to disk. */
  crash(): Promise<void>;
  /** Starts it again after that. */
  resume(): Promise<void>;
  stop(): Promise<void>;
};

const startTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;
const environment = { LC_ALL: 'C', PATH: process.env['PATH'] ?? '', TZ: 'UTC' };

/** Nothing here has to survive a crash, so nothing is flushed. */
const settings = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_connections=150',
  'jit=off',
  'shared_buffers=32MB',
  'listen_addresses=127.0.0.1',
];

/**
 * Waits for the tests' process. A word on the pipe means that all is tidy; the end of the pipe means that the
 * process is gone, however it went, and that the server and its directories must go too. SIGINT is
 * PostgreSQL's fast shutdown.
 */
const keeperScript = `
read -r word && exit 0
server=$1; shift
kill -INT "$server" 2>/dev/null
for wait in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 "$server" 2>/dev/null || break
  sleep 1
done
kill -0 "$server" 2>/dev/null && kill -KILL "$server"
rm -rf "$@"
`;

/** Makes what is committed outlive a crash of the server. */
export const crashSettings = ['synchronous_commit=on', 'full_page_writes=on'];

/** Makes and starts a cluster in `directory`, which it removes when it stops. */
export async function startCluster(
  installation: Installation,
  directory: string,
  ownSettings: readonly string[] = [],
): Promise<Cluster> {
  const account = serverAccount();
  const directories = [directory];
  let bin = installation.bin;
  if (!canRun(bin, account)) {
    // Not under /dev/shm, from which many systems refuse to run programs.
    const copy = makeDirectory(tmpdir());
    directories.push(copy);
    bin = copyInstallation(bin, join(copy, 'postgres'));
    giveTo(account, copy);
  }
  giveTo(account, directory);
  try {
    initialise(bin, directory, account);
    return await start({ bin, directories, account, ownSettings });
  } catch (error) {
    directories.forEach(removeDirectory);
    throw error;
  }
}

function initialise(bin: string, directory: string, account: Account): void {
  const flags = ['--no-sync', '--auth=trust', '--username=pawl', '--encoding=UTF8', '--locale=C'];
  const done = spawnSync(join(bin, 'initdb'), [...flags, '-D', join(directory, 'data')], {
    cwd: directory,
    env: environment,
    encoding: 'utf8',
    ...account,
  });
  if (done.status !== 0) throw new Error(`initdb failed: ${done.error?.message ?? done.stderr}`);
}

type Plan = {
  readonly bin: string;
  readonly directories: readonly string[];
  readonly account: Account;
  readonly ownSettings: readonly string[];
};

async function start(plan: Plan): Promise<Cluster> {
  const { directories } = plan;
  const directory = directories[0] as string;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    let [server, keeper] = launchKept(plan, port);
    const url = `postgresql://pawl@127.0.0.1:${port}/postgres`;
    const stop = async () => {
      await stopServer(server);
      keeper.stdin?.end('done\n');
      directories.forEach(removeDirectory);
    };
    const crash = async () => {
      await stopServer(server, ['SIGQUIT', 'SIGKILL']);
      keeper.stdin?.end('done\n');
    };
    const resume = async () => {
      [server, keeper] = launchKept(plan, port);
      await untilReady(url, server);
    };
    const version = await untilReady(url, server);
    if (version !== null) return { url, version, crash, resume, stop };
    const log = readFileSync(join(directory, 'log'), 'utf8');
    // Somebody else may have taken the port since it was found free.
    if (attempt < 3 && log.includes('Address already in use')) {
      keeper.stdin?.end('done\n');
      continue;
    }
    await stop();
    throw new Error(`PostgreSQL did not start. Its log ends:\n${log.slice(-2000)}`);
  }
}

/** The server, and what sees to it that it goes when this process does. */
function launchKept(plan: Plan, port: number): [ChildProcess, ChildProcess] {
  const server = launch(plan, port);
  return [server, launchKeeper(server, plan.directories, plan.account)];
}

function launch({ bin, directories, account, ownSettings }: Plan, port: number): ChildProcess {
  const directory = directories[0] as string;
  const all = [...settings, ...ownSettings];
  const log = openSync(join(directory, 'log'), 'a');
  const flags = ['-D', join(directory, 'data'), '-p', String(port), '-k', directory];
  const server = spawn(join(bin, 'postgres'), [...flags, ...all.flatMap((setting) => ['-c', setting])], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', log, log],
    // Its own process group, so that an interrupt from the keyboard does not reach it before the tests end.
    detached: true,
    ...account,
  });
  closeSync(log);
  server.unref();
  return server;
}

function launchKeeper(server: ChildProcess, directories: readonly string[], account: Account): ChildProcess {
  const keeper = spawn('sh', ['-c', keeperScript, 'keeper', String(server.pid), ...directories], {
    cwd: '/',
    env: environment,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    ...account,
  });
  // A keeper that went first must not bring the tests down; the next run's sweep does its work.
  keeper.stdin.on('error', () => undefined);
  keeper.unref();
  return keeper;
}

/** Gives the server's version once it answers, and null when it ended or stayed silent for too long. */
async function untilReady(url: string, server: ChildProcess): Promise<string | null> {
  const deadline = Date.now() + startTimeoutMs;
  while (server.exitCode === null && Date.now() < deadline) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      const answer = await client.query<{ server_version: string }>('show server_version');
      return answer.rows[0]?.server_version.split(' ')[0] ?? null;
    } catch {
      await pause(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return null;
}

async function stopServer(
  server: ChildProcess,
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGKILL'],
): Promise<void> {
  // Counted again as a reason to keep the tests' process alive, or it would be gone before the server is.
  server.ref();
  for (const signal of signals) {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const patience = AbortSignal.timeout(stopTimeoutMs);
    const ended = once(server, 'exit', { signal: patience }).catch(() => undefined);
    server.kill(signal);
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
