import type { RolloutPlace } from '../core/rollout.ts';
import type { Store } from '../store/dialect.ts';
import { type FlagRow, listFlags } from '../store/flags.ts';
import { resolveVersion } from './resolve.ts';

/** What an alias gives, now, to whoever it was asked for. */
export type Flag = {
  readonly agent_id: string;
  /** Null when no alias decided. */
  readonly alias: string | null;
  readonly version: number;
  /** The hash of what that version does. */
  readonly config_hash: string;
  /** Where whoever it was asked for stands in the rollout that is under way; null when none is. */
  readonly rollout: RolloutPlace | null;
};

/** How many flags, of how many agents, are told at once at most. */
const maxFlags = 1000;

/**
 * What the aliases give that stand for a version: of one agent, or of all, which here are the 1,000 newest. There are
 * 1,000 at most, newest agents first, then by name; none of agents that are archived. `key` says who is served.
 */
export async function allFlags(
  store: Store,
  { agent_id, key }: { readonly agent_id: string | undefined; readonly key: string },
): Promise<Flag[]> {
  const rows = await listFlags(store.db, { agent_id, limit: maxFlags });
  return rows.flatMap((row) => decide(row, key));
}

function decide({ agent_id, alias, version, rollout, ...hashes }: FlagRow, key: string): Flag[] {
  const asked = { number: undefined, alias, aliased: version, latest: version, rollout, key };
  const resolution = resolveVersion(asked);
  const hash = resolution?.reason === 'canary' ? hashes.canary_hash : hashes.hash;
  if (resolution === null || hash === null) return [];
  return [{ agent_id, alias, version: resolution.version, config_hash: hash, rollout: resolution.rollout }];
}
