import { contentHash } from '../../core/canonical.ts';
import { RefusedError } from '../api-client.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import type { AgentsApi, ServerAgent } from './agents-api.ts';
import type { Lock, LockEntry } from './lock.ts';
import type { Step } from './make-plan.ts';

/** What became of a file. */
export type Outcome = {
  readonly path: string;
  /** `stayed` when the server found that an update changes nothing. */
  readonly action: 'created' | 'updated' | 'recorded' | 'unchanged' | 'stayed';
  readonly agent_id: string;
  readonly version: number;
};

type Deps = {
  readonly api: AgentsApi;
  readonly lock: Lock;
  /** Keeps the lock; called after each file, before the next is begun. */
  readonly save: (lock: Lock) => void;
  /** Why the versions are made; null says nothing. */
  readonly message: string | null;
  /** Ends the work before the next file. */
  readonly signal: AbortSignal;
};

/** Somebody has changed an agent since the plan was made. */
export class OvertakenError extends CommandError {}

/**
 * Carries out a plan that nothing blocks, file by file, and tells what became of each.
 * @throws OvertakenError, CommandError with the path of the file; what was done before is in the lock.
 */
export async function* applyPlan(steps: readonly Step[], deps: Deps): AsyncGenerator<Outcome> {
  let lock = deps.lock;
  for (const step of steps) {
    deps.signal.throwIfAborted();
    const { path } = step.file;
    const { action, agent } = await carryOut(step, deps);
    if (action !== 'unchanged') {
      lock = withEntry(lock, step, entryFor(step, agent));
      deps.save(lock);
    }
    yield { path, action, agent_id: agent.id, version: agent.version };
  }
}

/** The lock's entry for a file and the agent that says the same. */
export function entryFor({ file }: Pick<Step, 'file'>, { id, version, fields }: ServerAgent): LockEntry {
  return { id, version, file_hash: file.hash, server_hash: contentHash(fields) };
}

type Done = { readonly action: Outcome['action']; readonly agent: ServerAgent };

async function carryOut({ file, decision }: Step, { api, message }: Deps): Promise<Done> {
  switch (decision.kind) {
    case 'unchanged':
      return { action: 'unchanged', agent: decision.agent };
    case 'record':
      return { action: 'recorded', agent: decision.agent };
    case 'create':
      return { action: 'created', agent: await named(file.path, api.create(file.fields, message)) };
    case 'update': {
      const { agent } = decision;
      const next = await named(file.path, api.update(agent, file.fields, message));
      return { action: next.version === agent.version ? 'stayed' : 'updated', agent: next };
    }
    default:
      throw new Error(`${file.path} cannot be applied: ${decision.kind}`);
  }
}

/** Has complaints of the server begin with the file that they are about. */
async function named<T>(path: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const text = `${path}: ${sentenceOf(error)}`;
    if (!(error instanceof RefusedError && error.status === 409))
      throw new CommandError(text, { cause: error });
    throw new OvertakenError(`${text} Somebody was faster; look at \`pawl plan\` again`, { cause: error });
  }
}

function withEntry(lock: Lock, { file, moved_from }: Step, entry: LockEntry): Lock {
  const others = [...lock].filter(([path]) => path !== moved_from);
  return new Map([...others, [file.path, entry]]);
}
