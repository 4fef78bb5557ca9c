import type { AgentFields } from './agent-fields.ts';
import type { AgentFile } from './agent-folder.ts';
import type { AgentsApi, ServerAgent } from './agents-api.ts';
import { type Decision, decideKnown, decideNew, forced } from './decide.ts';
import type { Lock, LockEntry } from './lock.ts';

/** One file of a plan. */
export type Step = {
  readonly file: AgentFile;
  readonly decision: Decision;
  /** The path that the lock has so far, when the file was renamed. */
  readonly moved_from: string | null;
  /** Where others have changed the agent, what the version held that the lock knows; null where nobody can tell. */
  readonly locked_fields: AgentFields | null;
};

/** What a plan is made of. */
export type PlanInput = {
  readonly files: readonly AgentFile[];
  readonly lock: Lock;
  /** The paths of the lock whose files are not there any more. */
  readonly gone: ReadonlySet<string>;
  /** Whether the files win over what others have changed. */
  readonly force: boolean;
};

/** Asks the server about every file and decides what becomes of it. @throws CommandError */
export async function makePlan(api: AgentsApi, input: PlanInput): Promise<readonly Step[]> {
  const { files, lock, force } = input;
  const isNew = files.some(({ path }) => !lock.has(path));
  // Only new files are looked for by their names.
  const listed = isNew ? await api.list() : [];
  const steps: Step[] = [];
  for (const file of files) {
    const known = lock.get(file.path);
    const found =
      known === undefined
        ? findByName(file, listed, input)
        : { moved_from: null, decision: decideKnown(file, known, await api.retrieve(known.id, null)) };
    const locked_fields = await lockedFields(api, found.decision);
    steps.push({ file, locked_fields, ...found, decision: force ? forced(found.decision) : found.decision });
  }
  return steps;
}

/** Whom a file stands for by its name: an agent, or the agent of a file that is gone and so was renamed. */
function findByName(
  file: AgentFile,
  listed: readonly ServerAgent[],
  { lock, gone }: PlanInput,
): Pick<Step, 'decision' | 'moved_from'> {
  const namesakes = namesakesOf(file, listed, { lock, gone });
  for (const agent of namesakes) {
    const before = [...lock].find(([, { id }]) => id === agent.id);
    if (before === undefined) continue;
    // The file of that entry is gone, or the agent would be its own.
    const [moved_from, locked] = before;
    const decision = decideKnown(file, locked, agent);
    // The lock has to learn the new path.
    return { moved_from, decision: decision.kind === 'unchanged' ? { kind: 'record', agent } : decision };
  }
  return { moved_from: null, decision: decideNew(file, namesakes) };
}

/** The agents of a file's name that are not the agents of other files. */
export function namesakesOf(
  { fields }: AgentFile,
  listed: readonly ServerAgent[],
  { lock, gone }: Pick<PlanInput, 'lock' | 'gone'>,
): ServerAgent[] {
  const owned = new Set(
    [...lock].filter(([path]) => !gone.has(path)).map(([, { id }]: [string, LockEntry]) => id),
  );
  return listed.filter((agent) => agent.fields.name === fields.name && !owned.has(agent.id));
}

async function lockedFields(api: AgentsApi, decision: Decision): Promise<AgentFields | null> {
  if (decision.kind !== 'drift') return null;
  const { id, version } = decision.locked;
  return (await api.retrieve(id, version))?.fields ?? null;
}
