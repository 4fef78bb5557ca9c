import { latestAlias } from '../core/agent-reference.ts';
import type { ResolutionReason } from '../core/session.ts';

/** Which version a session gets, and how that was decided. */
export type Resolution = {
  readonly version: number;
  readonly reason: ResolutionReason;
  /** The alias that stood for it; null unless the reason is `alias`. */
  readonly alias: string | null;
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
};

/** A number is taken as it is, then an alias decides, then the latest. Null when the alias stands for no version. */
export function resolveVersion({ number, alias, aliased, latest }: Question): Resolution | null {
  if (number !== undefined) return { version: number, reason: 'pinned', alias: null };
  if (alias === null || alias === latestAlias) return { version: latest, reason: 'latest', alias: null };
  return aliased === null ? null : { version: aliased, reason: 'alias', alias };
}
