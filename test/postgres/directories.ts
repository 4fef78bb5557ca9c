import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from './binaries.ts';

const prefix = 'pawl-test-postgres-';
const staleAfterMs = 60 * 60 * 1000;

/** Where a cluster lives: in memory where the system offers that, since nothing of it is to be kept. */
export function clusterBase(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** Makes a directory that says which process it belongs to. */
export function makeDirectory(base: string): string {
  const directory = mkdtempSync(join(base, prefix));
  writeFileSync(join(directory, 'owner'), `${process.pid}\n`);
  return directory;
}

/** Gives the directory, with all that is in it, to the account that the server runs as. */
export function giveTo(account: Account, directory: string): void {
  if (account === null) return;
  const done = spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, directory], { encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`Could not hand ${directory} to PostgreSQL's account: ${done.stderr}`);
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/**
 * Removes what a killed run left behind when even its keeper was killed. No process is ended here: a server
 * whose lock file has gone stops by itself within a minute. Young directories are left alone, because their
 * owner may live where its process id cannot be seen.
 */
export function removeStaleDirectories(base: string): void {
  for (const name of readdirSync(base)) {
    if (!name.startsWith(prefix)) continue;
    const directory = join(base, name);
    try {
      const owner = join(directory, 'owner');
      const old = Date.now() - statSync(owner).mtimeMs > staleAfterMs;
      if (old && !isAlive(Number(readFileSync(owner, 'utf8')))) removeDirectory(directory);
    } catch {
      // Another run is removing it, or it belongs to another user: either way it is not ours to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
