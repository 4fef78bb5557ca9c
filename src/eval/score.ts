import type { Json } from '../core/evaluation.ts';
import type { Case } from './case.ts';

/** A tool that the agent asked for, in the order of asking. */
export type ToolCall = { readonly name: string; readonly input: Json };

/** Tokens that one case took. */
export type CaseUsage = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
};

/** What a finished session gave, as scorers see it. */
export type Outcome = {
  readonly session_id: string;
  /** All text of the agent after the last user message, joined. */
  readonly reply: string;
  readonly tool_calls: readonly ToolCall[];
  /** From sending the last message to the end of the turn. */
  readonly latency_ms: number;
  readonly usage: CaseUsage;
  /** US dollars; null when the price of the model is not known. */
  readonly cost_usd: number | null;
  /** `provider/model` as the endpoint says who answered, or the agent's model id when it does not say. */
  readonly served_by: string;
};

/** What was read out of a reply, or why it could not be. */
export type Reading =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string };

/** What a scorer looks at. */
export type Scored = { readonly case: Case; readonly outcome: Outcome; readonly reading: Reading };

/**
 * What one scorer says about one case in one epoch. `value` is from 0 (wrong) to 1 (right); null is unscored,
 * which is not zero: the scorer could not tell, and `reason` says why.
 */
export type Score = {
  readonly value: number | null;
  /** One sentence with the facts in it; null when a full score needs no words. */
  readonly reason: string | null;
  /** US dollars that scoring took, null when a price is not known; absent when it took nothing. */
  readonly cost_usd?: number | null;
};

/** A scorer that is ready to score. */
export type Scorer = {
  /** Unique within an eval; the metric carries it. */
  readonly name: string;
  /** Hash of everything that decides its scores: kind, settings, and the code or judge behind it. */
  readonly hash: string;
  /** Whether its values are only 0 and 1. */
  readonly binary: boolean;
  /**
   * Whether it keeps its own time: its cases wait for one another, and each is given the time-out of a scorer from when
   * its turn comes.
   */
  readonly keeps_time?: true;
  /** Never throws for a bad reply: that is a score. What it throws, or does not finish in time, is unscored. */
  score(scored: Scored, signal: AbortSignal): Score | Promise<Score>;
  /** Ends what the scorer keeps open. */
  close?(): Promise<void>;
};
