import type { JobStatus, Json, Tier, Verdict } from '../core/evaluation.ts';
import type { GatePolicy } from './gate-policy.ts';

/**
 * What a gate found, complete in itself: it is kept as evidence and is read years later without the runs, the
 * dataset or the scorers behind it. Plain JSON, and bounded in size whatever the size of the runs.
 *
 * _Damage_ is the baseline's score less the candidate's, from −1 to 1: above 0, the candidate is worse.
 */
export type GateReport = {
  readonly schema: 1;
  readonly verdict: Verdict;
  /** What decided the verdict, the gravest first; never empty. */
  readonly reasons: Capped<GateReason>;
  /** What a reader should know and what did not change the verdict. */
  readonly warnings: Capped<GateReason>;
  /** The eval of the candidate's run. */
  readonly eval: { readonly id: string; readonly name: string; readonly revision: number };
  readonly baseline: ReportSide;
  readonly candidate: ReportSide;
  readonly pairing: Pairing;
  readonly policy: GatePolicy;
  /** Every random number behind this report comes from it. */
  readonly seed: number;
  /** The judges whose agreement with people is known; differences by their metrics are corrected for it. */
  readonly judges: readonly (JudgeAgreement & { readonly metric: string })[];
  /** By metric, in the policy's order; for each, all cases first and then the groups by name. */
  readonly rows: Capped<GateRow>;
  /** The group with the most damage by the first metric; null without groups, or without scores. */
  readonly worst_group: { readonly group: string | null; readonly damage: number } | null;
  /** Cases that turned by the first metric: the lost ones first, `must_pass` ones before others. */
  readonly flips: Capped<Flip>;
  /** What became of every common case by the first metric; where they are too many, those that turned come first. */
  readonly cases: Capped<CaseLine>;
  /** Cases that the first metric finds sometimes right and sometimes wrong on both sides. */
  readonly flaky: Capped<string>;
  /** What the runs took, for information; it decides nothing. */
  readonly resources: readonly ResourceRow[];
};

/** A list that is cut so that a report stays small. `total` counts what there is. */
export type Capped<T> = { readonly total: number; readonly shown: readonly T[] };

/** Every reason that a report can give. */
export type GateReasonCode =
  // The comparison cannot be trusted or was not possible.
  | 'run_not_completed'
  | 'no_common_cases'
  | 'served_model_differs'
  | 'metric_missing'
  | 'scorer_differs'
  | 'group_missing'
  | 'gate_asks_nothing'
  | 'judge_too_weak'
  | 'too_few_scored'
  | 'unscored_may_be_lost'
  | 'must_pass_unscored'
  // The candidate is worse.
  | 'must_pass_lost'
  | 'lost_too_many'
  | 'lost_too_many_in_all'
  | 'damage_above_margin'
  | 'damage_size_unsettled'
  // The runs cannot tell.
  | 'insufficient_data'
  | 'margin_unsettled'
  // The loss is bounded, or nothing was asked.
  | 'within_margin'
  | 'detectable_within_margin'
  | 'improved'
  | 'few_enough_lost'
  | 'must_pass_kept'
  | 'not_asked'
  // Remarks.
  | 'must_pass_fails_on_both_sides'
  | 'must_pass_dropped'
  | 'hidden_by_average'
  | 'model_changed'
  | 'cases_left_out'
  | 'cases_unscored'
  | 'epochs_differ'
  | 'recorded';

/** Why, as a code for programs and a sentence with the numbers in it for people. */
export type GateReason = {
  readonly code: GateReasonCode;
  /** Null when it is not about one metric. */
  readonly metric: string | null;
  /** What it is about; `group` then names the group, where null stands for cases without one. */
  readonly scope: RowScope | 'gate';
  readonly group: string | null;
  readonly text: string;
};

/** One of the two runs, as it was when it was compared. */
export type ReportSide = {
  readonly run_id: string;
  readonly status: JobStatus;
  readonly agent_id: string;
  readonly agent_name: string;
  readonly agent_version: number;
  readonly config_hash: string;
  /** The model that the version names. */
  readonly model: string;
  /** Who answered, sorted; `provider/model`. */
  readonly served_by: readonly string[];
  readonly dataset: { readonly name: string; readonly hash: string; readonly cases: number };
  readonly epochs: number;
  readonly pawl_version: string;
  /** Cases and epochs whose sessions broke. */
  readonly errors: number;
  readonly ended_at: string | null;
};

/** Which cases could be set against each other. */
export type Pairing = {
  /** Cases that both sides have, unchanged: everything in the report is about these. */
  readonly common: number;
  /** Cases that both sides have, but whose content differs. */
  readonly changed: Capped<string>;
  readonly only_baseline: Capped<string>;
  readonly only_candidate: Capped<string>;
};

/** Whether a row is about every case or about one group. */
export type RowScope = 'all_cases' | 'group';

/** One metric over all cases or over one group. */
export type GateRow = {
  readonly metric: string;
  readonly scope: RowScope;
  /** Null for all cases, and for the group of cases without one. */
  readonly group: string | null;
  readonly tier: Tier;
  /** Tolerated mean damage; null when the interval of this tier is not judged. */
  readonly margin: number | null;
  /** `not_asked` when the policy asks nothing of this row; it then neither passes nor fails. */
  readonly verdict: Verdict | 'not_asked';
  readonly reason: GateReason;
  /** Common cases of this row. */
  readonly cases: number;
  /** Those with a score on both sides: all figures below are over these. */
  readonly scored: number;
  /** How many have no score on either side; a case may lack both. */
  readonly unscored: { readonly baseline: number; readonly candidate: number };
  /** Independent units: clusters, and cases without a cluster. */
  readonly units: number;
  /** The most scored epochs that a case has on either side. */
  readonly epochs: number;
  readonly baseline: RowSide;
  readonly candidate: RowSide;
  /** Cases right under the baseline and wrong under the candidate, in a majority of epochs each. */
  readonly lost: Capped<string>;
  /** Cases right under the baseline and without a score under the candidate: nobody knows whether they are lost. */
  readonly maybe_lost: Capped<string>;
  /** Cases that turned the other way. */
  readonly gained: Capped<string>;
  /** Null without scores. */
  readonly damage: Damage | null;
  readonly tests: RowTests;
  /** The smallest true damage that would be told from none 4 times out of 5 here; null when unknown. */
  readonly sees: number | null;
  /** Only in rows that are inconclusive: what would settle them. */
  readonly settle: Settle | null;
};

/** One side of a row. Means are weighted by the cases' weights; counts are of cases. */
export type RowSide = {
  /** Null without scores. */
  readonly mean: number | null;
  /** Null when every case weighs the same. */
  readonly unweighted_mean: number | null;
  readonly interval: Interval | null;
  /** Cases that are right, a value of at least 0.5, in more than half of their epochs. */
  readonly passed: number;
  /** Null where no case has two epochs. */
  readonly reliability: Reliability | null;
};

/** How repeatable one side's answers are, as means over the cases that have `epochs` scored epochs or more. */
export type Reliability = {
  readonly epochs: number;
  readonly cases: number;
  /** Chance that at least one of so many epochs is right. */
  readonly pass_at_k: number;
  /** Chance that all of them are. */
  readonly pass_hat_k: number;
  /** Chance that two epochs of a case differ. */
  readonly flake_rate: number;
};

/** Two-sided limits. */
export type Interval = {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  readonly method: IntervalMethod;
};

export type IntervalMethod = 'wilson' | 'tango' | 'student_t' | 'clustered_t';

/** How much worse the candidate is on average. */
export type Damage = {
  readonly mean: number;
  /** Null when every case weighs the same. */
  readonly unweighted_mean: number | null;
  /** Units whose scores differ at all. */
  readonly differing: number;
  /** Not adjusted for the number of rows. Null when one unit is all there is. */
  readonly interval: Interval | null;
  /** Whether so few units differ that the interval was widened by units that nobody has seen. */
  readonly widened: boolean;
  /** What differences were divided by because the judge errs, its TPR + TNR − 1; null without a judge's record. */
  readonly judge_factor: number | null;
};

/** Tests beside the interval; p-values are from 0 to 1. */
export type RowTests = {
  /** One-sided test that damage is above `above`; what makes a row fail, if anything does. Null when not judged. */
  readonly harm: HarmTest | null;
  /** Only where every score is 0 or 1 in one epoch, cases are independent and weigh the same. */
  readonly mcnemar: McNemar | null;
  /** Two-sided p of no difference, by turning signs of whole units; null when there are too many. */
  readonly sign_flip: { readonly p: number; readonly flips: number; readonly exact: boolean } | null;
};

export type HarmTest = {
  readonly above: number;
  readonly p: number;
  readonly p_adjusted: number;
  /** Holm over all rows that can fail the gate, Benjamini–Hochberg over advisory ones. */
  readonly adjustment: 'holm' | 'benjamini_hochberg';
  /** How many rows were adjusted for. */
  readonly family: number;
};

export type McNemar = {
  /** Right under the baseline only, and under the candidate only. */
  readonly harmful: number;
  readonly beneficial: number;
  readonly exact_one_sided: number;
  readonly exact_two_sided: number;
  readonly mid_p: number;
};

/** What would turn `inconclusive` into an answer. */
export type Settle = {
  /** About how many cases in all, if things go on as they look; null when no number would. */
  readonly cases: number | null;
  /** Whether most of the noise is within cases, so that more epochs help as well. */
  readonly more_epochs: boolean;
  readonly text: string;
};

/** One common case, and how it came out. */
export type CaseLine = {
  readonly case_id: string;
  readonly group: string | null;
  readonly must_pass: boolean;
  readonly outcome: CaseOutcome;
};

/**
 * Right or wrong in a majority of epochs: on both sides (`right`, `wrong`), or turned (`lost`, `gained`). `mixed` has
 * no majority on some side; `unscored` has no score on some side.
 */
export const caseOutcomes = ['lost', 'gained', 'unscored', 'wrong', 'mixed', 'right'] as const;
export type CaseOutcome = (typeof caseOutcomes)[number];

/** A case that is right on one side and wrong on the other, by the first metric. */
export type Flip = {
  readonly case_id: string;
  readonly group: string | null;
  readonly turned: 'lost' | 'gained';
  readonly must_pass: boolean;
  /** The message, shortened to 500 characters; null until it is looked up, or not known. */
  readonly input: string | null;
  /** What was expected, as JSON, shortened; null until it is looked up. */
  readonly target: string | null;
  readonly baseline: FlipSide;
  readonly candidate: FlipSide;
};

/** What one side said to a case that turned. */
export type FlipSide = {
  /** Mean over epochs, 0 to 1. */
  readonly value: number;
  readonly passes: number;
  readonly epochs: number;
  /** Of one epoch that stands for the majority, as is `reply`; null when a full score needed no words. */
  readonly reason: string | null;
  /** What the scorers read out of the reply, as JSON, shortened; null until it is looked up, or unreadable. */
  readonly reading: string | null;
  /** The reply itself, shortened to 500 characters; null until it is looked up. */
  readonly reply: string | null;
};

/**
 * A turned case whose replies are wanted. A case has its outcomes in order of epochs; the numbers say which one is
 * wanted of each side, from 0.
 */
export type WantedFlip = {
  readonly case_id: string;
  readonly baseline: number;
  readonly candidate: number;
};

/** A reply, what was read out of it, and why it scored so; `reading` is undefined when it could not be read. */
export type Answer = {
  readonly reply: string;
  readonly reading: Json | undefined;
  /** Absent takes the reason of the score itself. */
  readonly reason?: string | null;
};

/** What there is to say about a turned case. A side is null when its reply is gone. */
export type FoundFlip = {
  /** The message as it was sent; null when it is not known. */
  readonly input: string | null;
  readonly target: Json;
  readonly baseline: Answer | null;
  readonly candidate: Answer | null;
};

/** Looks turned cases up: as many answers as were wanted, in the same order; null for a case that is gone. */
export type FindFlips = (wanted: readonly WantedFlip[]) => Promise<readonly (FoundFlip | null)[]>;

/** What cases took on average, over cases that have the figure on both sides. */
export type ResourceRow = {
  readonly resource: 'latency_ms' | 'tokens' | 'cost_usd';
  readonly cases: number;
  readonly baseline: number | null;
  readonly candidate: number | null;
  /** Candidate less baseline: above 0, the candidate takes more. */
  readonly difference: number | null;
  readonly interval: Interval | null;
};

/** How well a judge agrees with people, measured on `n` labelled replies. Shares are from 0 to 1. */
export type JudgeAgreement = {
  /** Of the replies that people find right, the share that the judge finds right. */
  readonly tpr: number;
  /** Of the replies that people find wrong, the share that the judge finds wrong. */
  readonly tnr: number;
  readonly n: number;
  readonly kappa: number | null;
};

/** How the gate decides when nothing changed: one run's epochs, split in two at random, over and over. */
export type CalibrationReport = {
  readonly schema: 1;
  readonly run_id: string;
  readonly policy: GatePolicy;
  readonly seed: number;
  readonly splits: number;
  /** Epochs on each side of a split. */
  readonly epochs: number;
  readonly cases: number;
  /** Share of splits by verdict, with Wilson limits; `fail` is the false-alarm rate. */
  readonly rates: {
    readonly [V in Verdict]: { readonly splits: number; readonly rate: number; readonly interval: Interval };
  };
  /** What the suite can see with so many epochs on each side, by metric and group: means over the splits. */
  readonly sees: Capped<{
    readonly metric: string;
    readonly scope: RowScope;
    readonly group: string | null;
    readonly cases: number;
    readonly damage: number | null;
  }>;
};
