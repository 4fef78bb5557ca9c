import { contentHash } from '../../core/canonical.ts';
import { holds } from './agent-fields.ts';
import type { AgentFile } from './agent-folder.ts';
import type { ServerAgent } from './agents-api.ts';
import type { LockEntry } from './lock.ts';

/** What becomes of a file; each with the agent at its latest version, where there is one. */
export type Decision =
  /** An agent is made of it. */
  | { readonly kind: 'create' }
  /** The agent gets a version after this one. */
  | { readonly kind: 'update'; readonly agent: ServerAgent }
  /** The server says what the file says already, and only the lock does not know it yet. */
  | { readonly kind: 'record'; readonly agent: ServerAgent }
  | { readonly kind: 'unchanged'; readonly agent: ServerAgent }
  /** Somebody else has changed the agent since the lock was written. */
  | { readonly kind: 'drift'; readonly agent: ServerAgent; readonly locked: LockEntry }
  /** The lock does not know the file, and the server has another agent of its name. */
  | { readonly kind: 'taken'; readonly agent: ServerAgent }
  /** The same, and there are several, so that nobody can tell which one is meant. */
  | { readonly kind: 'ambiguous'; readonly agents: readonly ServerAgent[] }
  /** The agent takes no more versions. */
  | { readonly kind: 'archived'; readonly agent: ServerAgent }
  /** The server does not have the agent that the lock names. */
  | { readonly kind: 'missing'; readonly id: string };

/** Decides about a file whose agent is known; `agent` is null when the server does not have it. */
export function decideKnown(file: AgentFile, locked: LockEntry, agent: ServerAgent | null): Decision {
  if (agent === null) return { kind: 'missing', id: locked.id };
  if (agent.archived_at !== null) return { kind: 'archived', agent };
  const fileChanged = file.hash !== locked.file_hash;
  const holdsAsLocked = contentHash(agent.fields) === locked.server_hash;
  if (holdsAsLocked && agent.version === locked.version) {
    return { kind: fileChanged ? 'update' : 'unchanged', agent };
  }
  // Either an earlier command was ended before it wrote the lock, or somebody has brought the same from elsewhere.
  const agrees = fileChanged ? holds(agent.fields, file.fields) : holdsAsLocked;
  return agrees ? { kind: 'record', agent } : { kind: 'drift', agent, locked };
}

/**
 * Decides about a file that the lock does not know. Until it does, the file stands for the agent of its name: so
 * nothing is made twice when a command was ended before it wrote the lock, or when the lock is lost.
 * `namesakes` are the server's agents of that name that are no other file's.
 */
export function decideNew(file: AgentFile, namesakes: readonly ServerAgent[]): Decision {
  const equals = namesakes.filter((agent) => holds(agent.fields, file.fields));
  const [agent] = equals.length === 1 ? equals : namesakes;
  if (agent === undefined) return { kind: 'create' };
  if (equals.length === 1) return { kind: 'record', agent };
  return namesakes.length === 1 ? { kind: 'taken', agent } : { kind: 'ambiguous', agents: namesakes };
}

/** The same decision where the file is to win over what others have done. */
export function forced(decision: Decision): Decision {
  const isLoser = decision.kind === 'drift' || decision.kind === 'taken';
  return isLoser ? { kind: 'update', agent: decision.agent } : decision;
}

/** Whether this keeps the whole plan from being applied. */
export function isBlocked({ kind }: Decision): boolean {
  return kind !== 'unchanged' && !isWork(kind);
}

/** Whether there is something to do. */
export function isWork(kind: Decision['kind']): kind is 'create' | 'update' | 'record' {
  return kind === 'create' || kind === 'update' || kind === 'record';
}
