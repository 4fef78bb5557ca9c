import type { Json } from './evaluation.ts';
import type { RunningMode } from './release.ts';

/** Who of a rollout's traffic got what: the version that the alias stands for, or the candidate. */
export const arms = ['control', 'canary'] as const;
export type Arm = (typeof arms)[number];

/** Where a rollout stands. The last three are for good. */
export const rolloutStatuses = ['running', 'paused', 'completed', 'rolled_back', 'aborted'] as const;
export type RolloutStatus = (typeof rolloutStatuses)[number];

/** Everything that can happen to a rollout; `look` is evidence alone. */
// biome-ignore format: one line says it all
export const rolloutEventTypes = ['started', 'look', 'step', 'paused', 'resumed', 'completed', 'rolled_back', 'aborted'] as const;
export type RolloutEventType = (typeof rolloutEventTypes)[number];

/** Why a rollout waits for a person. */
// biome-ignore format: one line says it all
export const pauseCauses = ['person', 'signal', 'sample_ratio', 'no_traffic', 'approval', 'inconclusive', 'blocked'] as const;
export type PauseCause = (typeof pauseCauses)[number];

export type RolloutPause = {
  readonly cause: PauseCause;
  readonly reason: string;
  readonly by: string;
  readonly since: string;
};

/** How much of the traffic the candidate gets, and what has to be there before it gets more. */
export type RolloutStep = {
  /** In percent, above 0 and at most 100, with two decimals at most. */
  readonly weight: number;
  /** How long the step lasts at least. */
  readonly min_seconds: number;
  /** How many sessions of the canary have to have ended a turn in it. */
  readonly min_sessions: number;
  /** Whether somebody has to say that it may go on, after all else is there. */
  readonly approval: boolean;
};

/** What is known of every session; beside these there is `score:` with the name of a score. */
export const sessionMetrics = ['failures', 'refusals', 'cost', 'tokens', 'latency'] as const;
export type SessionMetric = (typeof sessionMetrics)[number];
export type LiveMetric = SessionMetric | `score:${string}`;

/** Something that is watched. */
export type LiveCheck = {
  readonly metric: LiveMetric;
  /**
   * How much worse the canary may be. For failures, refusals and scores it is a difference of means, and for failures and
   * refusals only asked at the end; for cost, tokens and latency it is a share of the control's mean.
   */
  readonly margin: number;
};

/** A scorer that scores some of a rollout's sessions by itself, as soon as they have ended a turn. */
export type OnlineScorer = {
  /** What its scores are called; they are watched as `score:` and this. */
  readonly name: string;
  /** The part of the sessions that is scored, from 0.0001 to 1; of both arms alike. */
  readonly sample: number;
  /** The settings of a scorer as evals have them, with every default filled in. */
  readonly scorer: Json;
};

/** How a rollout goes about it. Fixed when it begins. */
export type RolloutSettings = {
  /** Weights rise; the last is 100, where the alias moves. */
  readonly steps: readonly RolloutStep[];
  /** One that breaks takes the candidate back at once. */
  readonly guardrails: readonly LiveCheck[];
  /** One that breaks pauses the rollout. */
  readonly signals: readonly LiveCheck[];
  readonly scorers: readonly OnlineScorer[];
  /** The chance that any guardrail breaks by mistake, ever; the same again for the signals. */
  readonly alpha: number;
  /** How long it is from one look to the next. */
  readonly look_seconds: number;
  /** What becomes of the canary's open sessions when the server takes it back by itself. */
  readonly on_rollback: RunningMode;
  /** How long the last step waits for evidence that the candidate is no worse, before it asks a person. */
  readonly patience_seconds: number;
};

/** Which arm of which rollout a session is in. */
export type RolloutPlace = {
  readonly id: string;
  readonly arm: Arm;
  /** The canary's share of the traffic when it was assigned, in parts of 10,000. */
  readonly weight: number;
  /** What was assigned as a whole: the same for all sessions of one targeting key. */
  readonly unit: string;
};
