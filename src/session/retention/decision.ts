import { formatTime } from '../../core/clock.ts';
import { isBusy, type SessionStatus } from '../../core/session.ts';

/** How long sessions of an agent are kept, and whether they are written into a file first. */
export type RetentionRule = {
  /** Days since anything has happened in a session; null keeps them for ever. */
  readonly days: number | null;
  readonly export: boolean;
};

/** What still needs a session, whatever its age. */
export type Need =
  /** It was made for an eval run that is not over. */
  | 'eval_run'
  /** Its agent's sessions are being compared with another version, and answers are read from them. */
  | 'comparison'
  /** It is evidence of a rollout that is not over. */
  | 'rollout'
  /** A shadow copies it, or has made it as a copy, and is not done. */
  | 'shadow';

/** What is known of a session when it is decided about. */
export type SessionFacts = {
  readonly status: SessionStatus;
  /** When something has happened in it for the last time, RFC 3339 as stored. */
  readonly updated_at: string;
  /** What needs it; empty when nothing does. */
  readonly needs: readonly Need[];
};

/** Whether a session is deleted, and why. */
export type Fate =
  | { readonly action: 'keep'; readonly why: 'for_ever' | 'busy' | 'young' | Need }
  | { readonly action: 'delete'; readonly why: string };

const dayUs = 86_400_000_000;

/** The moment before which a session has to have come to rest to be deleted; null when none ever is. */
export function restedBefore({ days }: RetentionRule, now: number): string | null {
  return days === null ? null : formatTime(Math.max(0, now - days * dayUs));
}

/**
 * What becomes of a session under a rule, `now` being microseconds since 1970. One that waits for a client is at rest
 * like any other: whoever has not answered for so long is not going to.
 */
export function decideFate(facts: SessionFacts, rule: RetentionRule, now: number): Fate {
  const before = restedBefore(rule, now);
  if (before === null) return { action: 'keep', why: 'for_ever' };
  if (isBusy(facts.status)) return { action: 'keep', why: 'busy' };
  if (facts.updated_at >= before) return { action: 'keep', why: 'young' };
  const [need] = facts.needs;
  if (need !== undefined) return { action: 'keep', why: need };
  return { action: 'delete', why: `nothing has happened in it since ${facts.updated_at}` };
}
