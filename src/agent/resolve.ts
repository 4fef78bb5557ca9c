import type { ResolutionReason } from '../core/session.ts';

/** Which version a session gets, and how that was decided. */
export type Resolution = { readonly version: number; readonly reason: ResolutionReason };

/** A named number is taken as it is; without one, the latest version at this moment is. */
export function resolveVersion(named: number | undefined, agent: { latest_version: number }): Resolution {
  return named === undefined
    ? { version: agent.latest_version, reason: 'latest' }
    : { version: named, reason: 'pinned' };
}
