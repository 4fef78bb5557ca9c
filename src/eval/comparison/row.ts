import type { Tier } from '../../core/evaluation.ts';
import { mcnemar } from '../../stats/mcnemar.ts';
import { signFlip } from '../../stats/permutation.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { Damage, GateRow, Interval, McNemar, RowTests } from '../gate-report.ts';
import { type Columns, columnsOf, sampleOf, tableOf } from './columns.ts';
import { type DamageTest, damageTest } from './damage.ts';
import { weightedMean } from './mean-interval.ts';
import { isGained, isLost, type Observed, type Slice } from './observed.ts';
import { noiseOf, noisyWithin, seenDamage } from './outlook.ts';
import { capped } from './pairing.ts';
import { rowSide } from './row-side.ts';

/** A row with its figures, before it is known how many others it has to share the error rate with. */
export type Measured = Omit<GateRow, 'verdict' | 'reason' | 'settle' | 'tests'> & {
  readonly tests: Omit<RowTests, 'harm'>;
  /** The one-sided p of damage above `above`; null when the interval is not judged or not known. */
  readonly harm: { readonly above: number; readonly p: number } | null;
  /** The variance of one case's difference; null for a single unit. */
  readonly noise: number | null;
  /** Whether most of it comes from epochs of the same case. */
  readonly noisy_within: boolean;
};

/** What a row is measured with. */
export type Measuring = {
  readonly metric: string;
  readonly policy: GatePolicy;
  readonly seed: number;
  /** TPR + TNR − 1 of the judge behind the metric; null without a record of it. */
  readonly judge_factor: number | null;
  /** How many signs may still be flipped, over all rows; measuring takes from it. */
  readonly budget: { flips: number };
};

/** A row with more units than this is not asked for its sign flips. */
const mostUnitsFlipped = 2_000;

/** The random flips that one such test makes. */
const flipsEach = 10_000;

/** How many turned cases a row names; the report's flips have more. */
const mostInRow = 20;

/** Measures one metric over all cases, or over one group. */
export function measureRow(slice: Slice, measuring: Measuring): Measured {
  const { metric, policy, judge_factor } = measuring;
  const factor = judge_factor ?? 1;
  const columns = columnsOf(slice.observed);
  const tier = tierOf(slice, policy);
  const margin = policy.margin[tier];
  const test = damageTest(columns, policy.confidence);
  const rawNoise = noiseOf(columns);
  const noise = rawNoise === null ? null : rawNoise / factor ** 2;
  const above = tier === 'critical' ? 0 : (margin ?? 0);
  const cases = slice.observed.length;
  const sees = noise === null ? null : seenDamage({ cases, noise, level: policy.confidence });
  return {
    metric,
    scope: slice.scope,
    group: slice.group,
    tier,
    margin,
    cases: slice.cases,
    scored: cases,
    unscored: slice.unscored,
    units: columns.units,
    epochs: slice.observed.reduce((most, entry) => Math.max(most, epochsOf(entry)), 0),
    baseline: rowSide(columns, 'baseline', policy.confidence),
    candidate: rowSide(columns, 'candidate', policy.confidence),
    lost: capped(slice.observed.filter(isLost).map(idOf), mostInRow),
    maybe_lost: capped(
      slice.maybe_lost.map(({ candidate }) => candidate.case_id),
      mostInRow,
    ),
    gained: capped(slice.observed.filter(isGained).map(idOf), mostInRow),
    damage: damageOf(columns, test, measuring),
    tests: { mcnemar: mcnemarOf(columns), sign_flip: signFlipOf(columns, measuring) },
    harm: margin === null || test === null ? null : { above, p: test.ask(above * factor).p_worse },
    noise,
    noisy_within: rawNoise !== null && noisyWithin(columns, rawNoise),
    sees,
  };
}

function tierOf({ scope, group }: Slice, policy: GatePolicy): Tier {
  if (scope === 'all_cases') return policy.overall;
  if (group === null || !Object.hasOwn(policy.groups, group)) return policy.default_tier;
  return policy.groups[group] ?? policy.default_tier;
}

function epochsOf({ baseline, candidate }: Observed): number {
  return Math.max(baseline.values.length, candidate.values.length);
}

function damageOf(columns: Columns, test: DamageTest | null, measuring: Measuring): Damage | null {
  const { judge_factor, policy } = measuring;
  const factor = judge_factor ?? 1;
  const damages = columns.observed.map((entry) => entry.damage);
  const mean = weightedMean(damages, columns.weights);
  if (mean === null) return null;
  const unweighted = columns.weights === undefined ? null : weightedMean(damages);
  return {
    mean: onScale(mean / factor),
    unweighted_mean: unweighted === null ? null : onScale(unweighted / factor),
    differing: columns.differing,
    interval: test === null ? null : intervalOf(test, { factor, confidence: policy.confidence }),
    widened: test?.widened ?? false,
    judge_factor,
  };
}

function intervalOf(
  test: DamageTest,
  { factor, confidence }: { factor: number; confidence: number },
): Interval {
  const { low, high } = test.ask(0);
  return { low: onScale(low / factor), high: onScale(high / factor), confidence, method: test.method };
}

/** Damage is never beyond −1 and 1, whatever a limit says. */
function onScale(damage: number): number {
  return Math.max(-1, Math.min(1, damage));
}

function mcnemarOf(columns: Columns): McNemar | null {
  if (!columns.countable) return null;
  const table = tableOf(columns.observed);
  const { p_harm, p_exact, p_mid } = mcnemar(table);
  return {
    harmful: table.harmful,
    beneficial: table.beneficial,
    exact_one_sided: p_harm,
    exact_two_sided: p_exact,
    mid_p: p_mid,
  };
}

function signFlipOf(columns: Columns, { seed, budget }: Measuring): RowTests['sign_flip'] {
  const cost = columns.units * flipsEach;
  if (columns.countable || columns.units > mostUnitsFlipped || cost > budget.flips) return null;
  budget.flips -= cost;
  const test = signFlip(
    sampleOf(columns, (entry) => entry.damage),
    { margin: 0, seed },
  );
  return test === null ? null : { p: test.p_two_sided, flips: test.flips, exact: test.exact };
}

function idOf({ pair }: Observed): string {
  return pair.candidate.case_id;
}
