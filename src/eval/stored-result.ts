import type { Outcome, Reading, Score } from './score.ts';

/** A score as it is kept: with the hash of the scorer that gave it. */
export type StoredScore = Score & { readonly hash: string };

/** What comparisons read of a result, kept apart from the outcome because it is short. */
export type ScoreSheet = {
  readonly scores: { readonly [scorer: string]: StoredScore };
  readonly latency_ms: number;
  readonly cost_usd: number | null;
  readonly tokens: number;
};

/** What a session gave, as it is kept. */
export type StoredOutcome = {
  readonly outcome: Outcome;
  readonly reading: Reading;
  /** Whether the reply was longer than what is kept; such an outcome cannot be scored again. */
  readonly clipped: boolean;
  /** The run that paid for it; null when this one did. */
  readonly reused_from: string | null;
};

const mostKept = 64 * 1024;

/** An outcome in the length in which it is kept. */
export function clip(stored: Omit<StoredOutcome, 'clipped'>): StoredOutcome {
  const { outcome, reading } = stored;
  const longValue = reading.ok && JSON.stringify(reading.value).length > mostKept;
  const longCalls = JSON.stringify(outcome.tool_calls).length > mostKept;
  if (outcome.reply.length <= mostKept && !longValue && !longCalls) return { ...stored, clipped: false };
  return {
    ...stored,
    outcome: {
      ...outcome,
      // A pair of surrogates must not be cut in two.
      reply: outcome.reply.slice(0, mostKept).toWellFormed(),
      tool_calls: longCalls ? [] : outcome.tool_calls,
    },
    reading: longValue ? { ok: false, reason: 'what was read is too long to be kept' } : reading,
    clipped: true,
  };
}
