import { latestAlias } from '../core/agent-reference.ts';
import { armOf, placeOf } from '../core/assignment.ts';
import type { RolloutPlace } from '../core/rollout.ts';
import type { ResolutionReason } from '../core/session.ts';

/** Which version a session gets, and how that was decided. */
export type Resolution = {
  readonly version: number;
  readonly reason: ResolutionReason;
  /** The alias that stood for it; null unless the reason is `alias` or `canary`. */
  readonly alias: string | null;
  /** Where it stands in the rollout that is under way; null when none is. */
  readonly rollout: RolloutPlace | null;
};

/** A rollout that is under way, as an alias has it. */
export type RunningRollout = {
  readonly id: string;
  readonly salt: string;
  readonly version: number;
  /** The canary's share of the traffic, in parts of 10,000. */
  readonly weight: number;
};

/** What is asked for, and what there is. */
type Question = {
  /** The number that was named; undefined when none was. */
  readonly number: number | undefined;
  /** The alias that was named, or else the agent's own; null when there is neither. */
  readonly alias: string | null;
  /** The version that this alias stands for; null when it stands for none. */
  readonly aliased: number | null;
  readonly latest: number;
  readonly rollout: RunningRollout | null;
  /** Who is served: all sessions with one key get the same version. Null takes no part in a rollout. */
  readonly key: string | null;
};

/**
 * A number is taken as it is, then an alias decides, then the latest. While the alias has a rollout, part of the keys get
 * the candidate. Null when the alias stands for no version.
 */
export function resolveVersion(question: Question): Resolution | null {
  const { number, alias, aliased, latest, rollout, key } = question;
  if (number !== undefined) return { version: number, reason: 'pinned', alias: null, rollout: null };
  if (alias === null || alias === latestAlias) {
    return { version: latest, reason: 'latest', alias: null, rollout: null };
  }
  if (aliased === null) return null;
  if (rollout === null || key === null) return { version: aliased, reason: 'alias', alias, rollout: null };
  const { id, salt, version, weight } = rollout;
  const at = placeOf(salt, key);
  const arm = armOf(at, weight);
  const place = { id, arm, weight, unit: at.unit };
  return arm === 'canary'
    ? { version, reason: 'canary', alias, rollout: place }
    : { version: aliased, reason: 'alias', alias, rollout: place };
}
