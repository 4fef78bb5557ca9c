import type { OpenServer } from '../open-server.ts';
import { isThere, readAgentFiles } from './agent-folder.ts';
import { type AgentsApi, openAgentsApi } from './agents-api.ts';
import { type Lock, readLock } from './lock.ts';
import { makePlan, type PlanInput, type Step } from './make-plan.ts';

/** What commands about agent files have in common. */
export type FileOptions = { readonly lock: string; readonly url?: string };

/** Reads the files and the lock, and nothing of a server yet. @throws CommandError */
export function readPlanInput(
  paths: readonly string[],
  { lock: lockPath, force = false }: FileOptions & { readonly force?: boolean },
): PlanInput {
  const lock = readLock(lockPath);
  return { files: readAgentFiles(paths, lockPath), lock, gone: goneFiles(lock, lockPath), force };
}

/** The paths of a lock whose files are not there. */
export function goneFiles(lock: Lock, lockPath: string): ReadonlySet<string> {
  return new Set([...lock.keys()].filter((path) => !isThere(path, lockPath)));
}

/** A plan, and who carries it out. */
export type OpenPlan = {
  readonly api: AgentsApi;
  readonly steps: readonly Step[];
  /** Files of the lock that are gone and were not found under another path: their agents stay as they are. */
  readonly left: readonly string[];
};

/** Makes a plan with a server. @throws CommandError */
export async function openPlan(server: OpenServer, input: PlanInput): Promise<OpenPlan> {
  const api = openAgentsApi(server);
  const steps = await makePlan(api, input);
  const left = [...input.gone].filter((path) => !steps.some(({ moved_from }) => moved_from === path));
  return { api, steps, left };
}

/** What to say about files that are gone. */
export function leftText(left: readonly string[]): string[] {
  return left.map(
    (path) =>
      `${path} is gone; its agent stays as it is, and so does its entry in the lock, until you remove them.`,
  );
}
