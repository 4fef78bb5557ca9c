import type { SessionTurn } from '../recorded/session-turns.ts';

/** What one side came to in the turns that both have. */
export type SideTally = {
  readonly turns: number;
  readonly failed_turns: number;
  readonly refused_turns: number;
  /** Milliseconds and tokens of the turns that were answered, all together. */
  readonly latency_ms: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
};

export type PairTally = { readonly production: SideTally; readonly candidate: SideTally };

export const noTally: SideTally = {
  ...{ turns: 0, failed_turns: 0, refused_turns: 0, latency_ms: 0, input_tokens: 0, output_tokens: 0 },
};

/** What turns come to. Tokens of caches count as tokens that went in. */
export function tallyOf(turns: readonly SessionTurn[]): SideTally {
  return turns.map(tallyTurn).reduce(addTally, noTally);
}

export function addTally(one: SideTally, other: SideTally): SideTally {
  return {
    turns: one.turns + other.turns,
    failed_turns: one.failed_turns + other.failed_turns,
    refused_turns: one.refused_turns + other.refused_turns,
    latency_ms: one.latency_ms + other.latency_ms,
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
  };
}

function tallyTurn({ end, refused, latency_ms }: SessionTurn): SideTally {
  if (!end.ok) return { ...noTally, turns: 1, failed_turns: 1 };
  const { usage } = end.outcome;
  return {
    ...{ turns: 1, failed_turns: 0, refused_turns: refused ? 1 : 0, latency_ms },
    input_tokens: usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
    output_tokens: usage.output_tokens,
  };
}
