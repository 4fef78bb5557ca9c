import { type AgentAndAlias, type RolloutColumns, runningRollout } from './agents.ts';
import type { Handle } from './dialect.ts';

/** An alias that stands for a version, with what decides who gets which. */
export type FlagRow = {
  readonly agent_id: string;
  readonly alias: string;
  readonly version: number;
  readonly rollout: AgentAndAlias['rollout'];
  /** The hash of what the version does. */
  readonly hash: string;
  /** The same of the version that part of the traffic gets; null when no rollout is under way. */
  readonly canary_hash: string | null;
};

/**
 * The aliases that stand for a version, of the newest agents that are not archived, or of one of these: newest agents
 * first, then by name. No more than `limit` agents are looked at, and no more than `limit` aliases given.
 */
export async function listFlags(
  db: Handle,
  { agent_id, limit }: { readonly agent_id: string | undefined; readonly limit: number },
): Promise<FlagRow[]> {
  let live = db.selectFrom('agents').select(['id', 'created_at']).where('archived_at', 'is', null);
  if (agent_id !== undefined) live = live.where('id', '=', agent_id);
  const newest = live.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit);
  const rows = await db
    .selectFrom(newest.as('live'))
    .innerJoin('aliases', 'aliases.agent_id', 'live.id')
    .innerJoin('agent_versions as stable', (join) =>
      join.onRef('stable.agent_id', '=', 'aliases.agent_id').onRef('stable.version', '=', 'aliases.version'),
    )
    .leftJoin('agent_versions as canary', (join) =>
      join
        .onRef('canary.agent_id', '=', 'aliases.agent_id')
        .onRef('canary.version', '=', 'aliases.canary_version'),
    )
    .select(['aliases.agent_id', 'aliases.name as alias', 'stable.version', 'aliases.rollout_id'])
    .select(['aliases.canary_salt', 'aliases.canary_version', 'aliases.canary_weight'])
    .select(['stable.effective_hash as hash', 'canary.effective_hash as canary_hash'])
    .orderBy('live.created_at', 'desc')
    .orderBy('live.id', 'desc')
    .orderBy('aliases.name')
    .limit(limit)
    .execute();
  return rows.map(({ rollout_id, canary_salt, canary_version, canary_weight, ...row }) => {
    const columns: RolloutColumns = { rollout_id, canary_salt, canary_version, canary_weight };
    return { ...row, rollout: runningRollout(columns) };
  });
}
