import type { GatePolicy } from './gate-policy.ts';
import type { ScorerConfig } from './scorers/scorers.ts';

/** How the value that scorers look at is read out of a reply. */
export type ReplyReader =
  | { readonly read: 'text' }
  /** `path` leads into the JSON of the reply, as in `result.team` or `items[0].id`; null takes all of it. */
  | { readonly read: 'json'; readonly path: string | null }
  /** The first group that the pattern captures, or all that it matches when it captures none. */
  | { readonly read: 'regex'; readonly pattern: string; readonly flags: string }
  /** The tool calls of the turn, as a list of `{name, input}`. */
  | { readonly read: 'tool_calls' };

/** What a run may take before it stops. */
export type RunLimits = {
  /** For one case, from opening its session to the end of its turn. */
  readonly timeout_ms: number;
  /** For one scorer on one case. */
  readonly scorer_timeout_ms: number;
  /** How often a case is tried whose session breaks. */
  readonly max_attempts: number;
  /** The part of all cases that may break before the run fails, 0 to 1. */
  readonly max_error_share: number;
  /** US dollars; null for no limit. */
  readonly max_cost_usd: number | null;
};

/** An eval, with every default filled in: what is asked, how it is scored, and what the scores must show. */
export type EvalDefinition = {
  readonly name: string;
  readonly agent: string;
  readonly dataset: {
    readonly name: string;
    /** The beginning of a revision's hash, at least 8 characters; null takes the newest when a run is made. */
    readonly revision: string | null;
  };
  readonly environment: string | null;
  /** The name of a configured endpoint; null for this server. */
  readonly endpoint: string | null;
  /** Template of the user message, with `{{field}}`; null sends the case's input. */
  readonly message: string | null;
  readonly reply: ReplyReader;
  /** The only values that a reading and a target may have; null allows any. */
  readonly labels: readonly string[] | null;
  readonly scorers: readonly ScorerConfig[];
  /** Null takes 5 for fewer than 100 cases, and 3 for more. */
  readonly epochs: number | null;
  readonly concurrency: number;
  readonly limits: RunLimits;
  readonly seed: number;
  readonly gate: GatePolicy;
};
