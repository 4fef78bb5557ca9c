import type { AliasResponse } from '../../api/aliases.ts';

/** The rollout that an alias has; empty when it has none. */
export function rolloutText({ rollout }: AliasResponse): string {
  return rollout === null ? '' : `${rollout.weight} % get version ${rollout.version} (${rollout.id})`;
}
