import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { contentHash } from '../../core/canonical.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import type { AgentFields } from './agent-fields.ts';
import { parseAgentFile } from './agent-file.ts';
import { readIfThere } from './disk.ts';

/** Where agents are kept when nobody has said. */
export const usualFolder = 'agents';

const maxBytes = 1024 * 1024;

/** The file of an agent, read. */
export type AgentFile = {
  /** As the lock calls it: from the folder of the lock, with slashes. */
  readonly path: string;
  readonly fields: AgentFields;
  /** Of the fields, so that comments and the order of fields do not count. */
  readonly hash: string;
};

/**
 * Finds and reads the agent files that were named, by path. A folder stands for every .md file in it and below, but
 * for those called README.md; links in it are not followed.
 * @throws CommandError also when two files have the same name in them.
 */
export function readAgentFiles(named: readonly string[], lockPath: string): AgentFile[] {
  const found = (named.length === 0 ? [usualFolder] : named).flatMap((one) => filesAt(one, lockPath));
  const paths = [...new Set(found)].toSorted();
  const files = paths.map((path) => {
    const file = readAgentFile(path, lockPath);
    if (file === null) throw new CommandError(`${path} is not there any more`);
    return file;
  });
  const byName = new Map<string, string>();
  for (const { path, fields } of files) {
    const other = byName.get(fields.name);
    if (other !== undefined) {
      throw new CommandError(
        `${other} and ${path} are both called ${fields.name}; each agent needs its own name`,
      );
    }
    byName.set(fields.name, path);
  }
  return files;
}

/** Reads one file by the path that the lock has; null when it is not there. @throws CommandError */
export function readAgentFile(path: string, lockPath: string): AgentFile | null {
  const text = readAgentText(path, lockPath);
  if (text === null) return null;
  const fields = parseAgentFile(text, path);
  return { path, fields, hash: contentHash(fields) };
}

/** The text of a file without its byte order mark; null when it is not there. @throws CommandError */
export function readAgentText(path: string, lockPath: string): string | null {
  const bytes = readIfThere(placeOf(path, lockPath));
  if (bytes === null) return null;
  if (bytes.length > maxBytes) throw new CommandError(`${path} is larger than 1 MiB, which no agent needs`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CommandError(`${path} is not UTF-8; save it as that`, { cause: error });
  }
}

/** How the lock calls a file that the user names. @throws CommandError when it is outside of the lock's folder. */
export function lockedPath(named: string, lockPath: string): string {
  const path = relative(dirname(resolve(lockPath)), resolve(named))
    .split(sep)
    .join('/');
  // On another drive, the path stays whole.
  const isOutside = path === '..' || path.startsWith('../') || resolve(path) === path;
  if (!isOutside) return path;
  throw new CommandError(
    `${named} is outside of the folder of ${lockPath}; agents are kept beside the lock or below`,
  );
}

/** Where a file of the lock lies. */
export function placeOf(path: string, lockPath: string): string {
  return join(dirname(lockPath), path);
}

/** Whether a file of the lock is there. */
export function isThere(path: string, lockPath: string): boolean {
  return existsSync(placeOf(path, lockPath));
}

/** The paths of files as the lock calls them. */
function filesAt(named: string, lockPath: string): string[] {
  const path = lockedPath(named, lockPath);
  try {
    if (!statSync(named).isDirectory()) return [path];
    const entries = readdirSync(named, { recursive: true, withFileTypes: true });
    const files = entries.filter(
      (one) => one.isFile() && /\.md$/i.test(one.name) && !/^readme\.md$/i.test(one.name),
    );
    if (files.length > 0) return files.map((one) => lockedPath(join(one.parentPath, one.name), lockPath));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'no file or folder is there' : sentenceOf(error);
    throw new CommandError(`${named}: ${what}`, { cause: error });
  }
  throw new CommandError(`${named} holds no .md files`);
}
