import { contentHash } from '../../core/canonical.ts';
import { onlyAgent } from '../alias/agent-id.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson } from '../output.ts';
import { fieldsToPull } from './agent-fields.ts';
import { writeAgentFile } from './agent-file.ts';
import {
  type AgentFile,
  lockedPath,
  placeOf,
  readAgentFile,
  readAgentText,
  usualFolder,
} from './agent-folder.ts';
import { type AgentsApi, openAgentsApi, type ServerAgent } from './agents-api.ts';
import { entryFor } from './apply-plan.ts';
import { replaceFile } from './disk.ts';
import { type Lock, readLock, writeLock } from './lock.ts';
import { namesakesOf } from './make-plan.ts';
import { type FileOptions, goneFiles } from './open-plan.ts';

export type PullOptions = FileOptions & {
  /** The file of the one agent that is named by its id, where the lock does not know it. */
  readonly as?: string;
  readonly force?: true;
  readonly output: Format;
};

/** What became of a file that was pulled. */
type Pulled = {
  readonly path: string;
  readonly action: 'written' | 'unchanged';
  readonly agent_id: string;
  readonly version: number;
};

/**
 * Writes what the server has into files, and into the lock. `targets` are files or ids of agents; none of them stands
 * for all that the lock knows.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function runPull(targets: readonly string[], options: PullOptions): Promise<void> {
  const { lock: lockPath, url } = options;
  let lock = readLock(lockPath);
  if (targets.length === 0 && lock.size === 0) {
    throw new CommandError(`${lockPath} knows no agents; name files, or the ids of agents`);
  }
  if (options.as !== undefined && targets.length !== 1) {
    throw new CommandError('--as is about one agent; name its id and nothing else');
  }
  const wanted = targets.length === 0 ? [...lock.keys()].map((path) => placeOf(path, lockPath)) : targets;
  const all: Pulled[] = [];
  await withServer(url === undefined ? {} : { url }, async (server) => {
    const api = openAgentsApi(server);
    for (const target of wanted) {
      server.signal.throwIfAborted();
      const { agent, path } = await find(target, { api, lock, lockPath, as: options.as });
      const { file, action } = bring(agent, { path, lock, options });
      // A file that was renamed leaves an entry behind.
      const others = [...lock].filter(([, { id }]) => id !== agent.id);
      lock = new Map([...others, [path, entryFor({ file }, agent)]]);
      writeLock(lockPath, lock);
      const pulled: Pulled = { path, action, agent_id: agent.id, version: agent.version };
      all.push(pulled);
      if (options.output === 'table') print(pulledText(pulled));
    }
  });
  if (options.output === 'json') printJson({ files: all });
}

type Place = {
  readonly api: AgentsApi;
  readonly lock: Lock;
  readonly lockPath: string;
  readonly as: string | undefined;
};
type Found = { readonly agent: ServerAgent; readonly path: string };

/** The agent that a target means, and the file that is to say what it says. */
async function find(target: string, place: Place): Promise<Found> {
  const { api, lock, lockPath, as } = place;
  const isId = /^agent_\w+$/.test(target);
  const known = [...lock].find(([path, { id }]) =>
    isId ? id === target : path === lockedPath(target, lockPath),
  );
  if (as !== undefined && (!isId || known !== undefined)) {
    const why = isId ? `${target} is in ${known?.[0]}; rename that file` : `${target} is a file already`;
    throw new CommandError(`--as names the file of an agent that the lock does not know, and ${why}`);
  }
  const id = isId ? target : known?.[1].id;
  if (id !== undefined) {
    const agent = await api.retrieve(id, null);
    if (agent === null) throw new CommandError(`${id} is not at ${api.url}`);
    return { agent, path: known?.[0] ?? newPath(agent, place) };
  }
  const path = lockedPath(target, lockPath);
  const file = readAgentFile(path, lockPath);
  if (file === null)
    throw new CommandError(`${path} is neither there nor in ${lockPath}; name the id of an agent`);
  const namesakes = namesakesOf(file, await api.list(), { lock, gone: goneFiles(lock, lockPath) });
  return { agent: onlyAgent(namesakes, file.fields.name), path };
}

/** The file of an agent that the lock does not know. @throws CommandError when it is another agent's. */
function newPath({ id, fields }: ServerAgent, { lock, lockPath, as }: Place): string {
  const words = fields.name.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  const path = lockedPath(as ?? `${usualFolder}/${words?.join('-') ?? id}.md`, lockPath);
  const other = lock.get(path);
  if (other === undefined) return path;
  // Nothing would lead from that agent to a file any more.
  throw new CommandError(
    `${path} is the file of ${other.id}; \`pawl pull ${id} --as FILE\` writes ${id} into another one`,
  );
}

/** Writes a file, unless that would lose what nobody has applied. */
function bring(
  agent: ServerAgent,
  { path, lock, options }: { readonly path: string; readonly lock: Lock; readonly options: PullOptions },
): { readonly file: AgentFile; readonly action: Pulled['action'] } {
  const before = readLocal(path, options);
  const fields = fieldsToPull(agent.fields, before?.fields ?? null);
  if (before?.hash === contentHash(fields)) return { file: before, action: 'unchanged' };
  const isEdited = before !== null && before.hash !== lock.get(path)?.file_hash;
  if (isEdited && options.force !== true) {
    throw new CommandError(`${path} says what was never applied, and --force writes over it`);
  }
  const over = before === null ? null : readAgentText(path, options.lock);
  replaceFile(placeOf(path, options.lock), writeAgentFile(fields, over));
  const file = readAgentFile(path, options.lock);
  if (file === null) throw new CommandError(`${path} was removed while it was written`);
  return { file, action: 'written' };
}

/** What a file says so far. One that cannot be read is written over when the user insists. */
function readLocal(path: string, { lock, force }: PullOptions): AgentFile | null {
  try {
    return readAgentFile(path, lock);
  } catch (error) {
    if (force === true) return null;
    throw new CommandError(`${sentenceOf(error)} --force writes over it`, { cause: error });
  }
}

function pulledText({ path, action, agent_id, version }: Pulled): string {
  const state = action === 'written' ? 'says now' : 'says already';
  return `${path} ${state} what ${agent_id} says at version ${version}.`;
}
