import type { AuditActor } from '../../core/audit-entry.ts';
import type { ShadowStatus } from '../../core/evaluation.ts';
import type { SideTally } from './tally.ts';

/** A candidate that answers copies of what users say, unseen by them. */
export type Shadow = {
  readonly id: string;
  readonly agent_id: string;
  readonly alias: string;
  /** The version that the alias stood for when it began; only its sessions are copied. */
  readonly baseline_version: number;
  readonly candidate_version: number;
  /** The part of the sessions that is copied, 0 to 1. */
  readonly sample: number;
  readonly max_sessions: number;
  /** The eval that its comparisons score by; null when each has to name one. */
  readonly eval_id: string | null;
  readonly status: ShadowStatus;
  /** Why it is over; null while it is running. */
  readonly ended_reason: string | null;
  readonly started_by: AuditActor;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at: string | null;
};

/** A shadow with what has come of it so far. */
export type ShadowDetails = Shadow & {
  readonly sessions: {
    /** Sampled, whatever became of them. */
    readonly sampled: number;
    /** Of which at least one turn was answered by the candidate. */
    readonly copied: number;
    readonly waiting: number;
    /** That could not be copied, or no further. */
    readonly skipped: number;
    /** Whose copy failed. */
    readonly failed: number;
    /** How many there are of each reason for the last two. */
    readonly reasons: Readonly<Record<string, number>>;
  };
  /** Both sides over the same turns. */
  readonly production: SideSummary;
  readonly candidate: SideSummary;
};

/** What one side came to. Means are over the turns that were answered, and null without any. */
export type SideSummary = Pick<SideTally, 'turns' | 'failed_turns' | 'refused_turns'> & {
  readonly mean_latency_ms: number | null;
  readonly mean_input_tokens: number | null;
  readonly mean_output_tokens: number | null;
};

/** Tallies as people read them. */
export function summaryOf(tally: SideTally): SideSummary {
  const { turns, failed_turns, refused_turns } = tally;
  const answered = turns - failed_turns;
  const mean = (sum: number): number | null => (answered === 0 ? null : sum / answered);
  return {
    ...{ turns, failed_turns, refused_turns },
    mean_latency_ms: mean(tally.latency_ms),
    mean_input_tokens: mean(tally.input_tokens),
    mean_output_tokens: mean(tally.output_tokens),
  };
}
