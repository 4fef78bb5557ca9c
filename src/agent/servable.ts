import { PawlError } from '../core/errors.ts';
import { type AgentRow, findVersion } from '../store/agents.ts';
import type { Handle } from '../store/dialect.ts';

/** @throws PawlError `version_not_found` */
export async function requireVersion(db: Handle, agent: AgentRow, version: number): Promise<void> {
  if (version <= agent.latest_version && (await findVersion(db, agent.id, version)) !== null) return;
  throw new PawlError('version_not_found', `agent ${agent.id} has no version ${version}`);
}

/** An agent that sessions can still be started of. @throws PawlError `agent_archived` */
export function requireStarting(agent: AgentRow): void {
  if (agent.archived_at === null) return;
  throw new PawlError('agent_archived', `agent ${agent.id} is archived and starts no sessions`);
}

/** A version that sessions can get from now on. @throws PawlError `version_not_found`, `agent_archived` */
export async function requireServable(db: Handle, agent: AgentRow, version: number): Promise<void> {
  requireStarting(agent);
  await requireVersion(db, agent, version);
}
