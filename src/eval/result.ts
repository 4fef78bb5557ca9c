import type { JobStatus, Recording } from '../core/evaluation.ts';
import type { JudgeAgreement } from './gate-report.ts';
import type { CaseUsage, Score } from './score.ts';

/** Why a case has no outcome: its session broke, which says nothing about the agent's answer. */
export type CaseError = {
  readonly kind: 'timeout' | 'endpoint' | 'model' | 'wrong_version' | 'needs_action';
  readonly message: string;
  readonly session_id: string | null;
};

/** A scorer as a run used it. */
export type PlannedScorer = {
  readonly name: string;
  readonly type: string;
  readonly hash: string;
  readonly binary: boolean;
  /** How well a judge agrees with people; null where it was not measured, and for all other scorers. */
  readonly agreement: JudgeAgreement | null;
};

/** Everything that was settled when a run began, so that it explains itself years later. */
export type RunPlan = {
  readonly agent_name: string;
  readonly model: string;
  /** Hash of the configuration that sessions ran with. */
  readonly config_hash: string;
  readonly environment_id: string;
  readonly dataset: {
    readonly id: string;
    readonly name: string;
    readonly hash: string;
    readonly cases: number;
  };
  readonly scorers: readonly PlannedScorer[];
  readonly seed: number;
  readonly pawl_version: string;
};

/** How far a run has come, and what it took. */
export type RunCounts = {
  /** Cases times epochs. */
  readonly total: number;
  /** Finished with an outcome, reused ones included. */
  readonly done: number;
  readonly reused: number;
  /** Cases and epochs whose sessions broke for good. */
  readonly errors: number;
  /** Of what this run itself paid for; reused results are not counted. */
  readonly usage: CaseUsage;
  /** US dollars; null when the price of a model is not known. */
  readonly cost_usd: number | null;
  /** Who answered, and how often. */
  readonly served_by: { readonly [provider_and_model: string]: number };
  /** Per scorer: the sum of its values and how many there are, to show a running mean. */
  readonly scores: {
    readonly [scorer: string]: { readonly sum: number; readonly count: number; readonly unscored: number };
  };
};

/** An eval run as everybody sees it. */
export type EvalRun = {
  readonly id: string;
  readonly eval_id: string;
  readonly eval_name: string;
  readonly eval_revision: number;
  readonly agent_id: string;
  readonly agent_version: number;
  readonly dataset_revision_id: string;
  readonly endpoint: string | null;
  readonly status: JobStatus;
  readonly epochs: number;
  readonly fresh: boolean;
  /** Whose answers were scored, instead of asking for new ones; null when the version was asked. */
  readonly recorded: Recording | null;
  readonly plan: RunPlan | null;
  readonly counts: RunCounts;
  readonly error: string | null;
  /**
   * The smallest loss that so many cases in so many epochs would show in a comparison, 4 times out of 5, if one in ten
   * repeated answers is scored differently; null when none would be seen.
   */
  readonly sees: number | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
};

/** The scores of one case over the epochs of a run, for a comparison. Infrastructure errors leave no score. */
export type ScoredCase = {
  readonly position: number;
  readonly case_id: string;
  readonly case_hash: string;
  readonly group: string | null;
  readonly cluster: string | null;
  readonly weight: number;
  readonly must_pass: boolean;
  /** By scorer name: one score per epoch that has an outcome, in order of epochs; reasons are read when needed. */
  readonly scores: { readonly [scorer: string]: readonly Score[] };
  /** Epochs whose session broke. */
  readonly errors: number;
  /** Means over the epochs; null when there is no outcome, or no price. */
  readonly latency_ms: number | null;
  readonly cost_usd: number | null;
  readonly tokens: number | null;
};

/** A finished run with all its scores, in the order of the dataset. */
export type ScoredRun = { readonly run: EvalRun; readonly cases: readonly ScoredCase[] };
