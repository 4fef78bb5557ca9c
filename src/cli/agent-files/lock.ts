import { z } from 'zod';
import { plain } from '../../core/plain-text.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { lockedPath, placeOf } from './agent-folder.ts';
import { readIfThere, replaceFile } from './disk.ts';

const entry = z.strictObject({
  id: z.string().min(1),
  version: z.int().min(1),
  file_hash: z.string(),
  server_hash: z.string(),
});
const lockFile = z.strictObject({ lock_version: z.literal(1), agents: z.record(z.string(), entry) });

/**
 * Which agent a file stands for, and how both were when that was last put in order: the version that was the agent's
 * latest, and hashes of what the file said and of what the server held.
 */
export type LockEntry = Readonly<z.infer<typeof entry>>;

/** Entries by the paths of their files, as seen from the folder of the lock, with slashes. */
export type Lock = ReadonlyMap<string, LockEntry>;

/** Reads a lock; one that is not there is empty. @throws CommandError that says what is wrong with it. */
export function readLock(path: string): Lock {
  const text = readIfThere(path)?.toString('utf8') ?? null;
  if (text === null) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const hint = 'after a merge, keep the entries of both sides';
    throw new CommandError(`${path} is not JSON (${sentenceOf(error)}); ${hint}`, { cause: error });
  }
  const parsed = lockFile.safeParse(value);
  if (parsed.success) return checked(new Map(Object.entries(parsed.data.agents)), path);
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(' > ') ?? '';
  throw new CommandError(
    `${path} is not a lock that this version of pawl can read: ${place}: ${issue?.message}`,
  );
}

/** Writes a lock in one go, with its entries by path, so that merges stay small. @throws CommandError */
export function writeLock(path: string, lock: Lock): void {
  const agents = Object.fromEntries([...lock].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  replaceFile(path, `${JSON.stringify({ lock_version: 1, agents }, null, 2)}\n`);
}

/**
 * A lock whose files lie where the commands would have put them: others may have written it, and what it names is
 * written over.
 */
function checked(lock: Lock, lockPath: string): Lock {
  const stray = [...lock.keys()].find((path) => !liesBelow(path, lockPath));
  if (stray === undefined) return lock;
  throw new CommandError(
    `${lockPath}: agents > ${plain(stray)}: must be the path of a file in the folder of the lock or below, without . and ..`,
  );
}

function liesBelow(path: string, lockPath: string): boolean {
  try {
    return path !== '' && lockedPath(placeOf(path, lockPath), lockPath) === path;
  } catch {
    return false;
  }
}
