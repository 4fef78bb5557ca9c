import { type Interval, type MarginQuestion, type MarginTest, oneSidedAlpha } from './interval.ts';
import { numberAt } from './number-at.ts';
import { requireNumber } from './requirements.ts';
import { meanOf, type Sample, sum, type Units, unitsOf } from './sample.ts';
import { studentQuantile, studentTails } from './student.ts';

/** A mean with its standard error, or the reason why the sample cannot give one. */
export type MeanEstimate = Estimated | NotEnoughData;

/** A mean that a sample can answer for. */
export type Estimated = {
  readonly status: 'estimated';
  readonly mean: number;
  /** The standard error. 0 when all units agree, which says little when they are few; see `augmentedTest`. */
  readonly se: number;
  /** Degrees of freedom: units less one. */
  readonly df: number;
  readonly items: number;
  /** Clusters, or else items. */
  readonly units: number;
};

/** A sample of fewer than two units: it says nothing about its own error. */
export type NotEnoughData = {
  readonly status: 'not_enough_data';
  /** Null when there is not a single item. */
  readonly mean: number | null;
  readonly items: number;
  readonly units: number;
  readonly reason: string;
};

/**
 * The mean of a sample and its standard error. Without clusters and weights this is the central-limit formula
 * √(Σ(x − x̄)² / (n(n − 1))). With clusters it is the cluster-robust one, √(Σ_c(Σ_i∈c w(x − x̄))²) / Σw (Miller 2024,
 * arXiv 2411.00640, equation 4), times √(C / (C − 1)) unless `correction` is false. Weights enter by linearising the
 * ratio Σwx / Σw; equal weights change nothing.
 * @throws PawlError `invalid_request`
 */
export function estimateMean(sample: Sample, options: { readonly correction?: boolean } = {}): MeanEstimate {
  const units = unitsOf(sample);
  const { items, count } = units;
  const mean = meanOf(units);
  if (count < 2) {
    const reason = `a standard error needs at least 2 ${sample.clusters === undefined ? 'items' : 'clusters'}; there ${count === 0 ? 'are none' : 'is 1'}`;
    return { status: 'not_enough_data', mean: count === 0 ? null : mean, items, units: count, reason };
  }
  const correction = options.correction === false ? 1 : Math.sqrt(count / (count - 1));
  const se = (Math.sqrt(squaredResiduals(units, mean)) / sum(units.weights)) * correction;
  return { status: 'estimated', mean, se, df: count - 1, items, units: count };
}

/** The standard error, or null when there is not enough data for one. */
export function standardErrorOf(estimate: MeanEstimate): number | null {
  return estimate.status === 'estimated' ? estimate.se : null;
}

/**
 * Student's interval, mean ± t·se (Student 1908, Biometrika 6:1).
 * @throws PawlError `invalid_request`
 */
export function studentInterval({ mean, se, df }: Student, level: number): Interval {
  const reach = -studentQuantile(oneSidedAlpha(level), df) * se;
  return { low: mean - reach, high: mean + reach };
}

/**
 * Student's interval, and the tests that belong to it.
 * @throws PawlError `invalid_request`
 */
export function studentTest(estimate: Student, { level, margin }: MarginQuestion): MarginTest {
  requireNumber('margin', margin);
  const { mean, se, df } = estimate;
  const { lower, upper } = tailsOf((mean - margin) / se, df);
  return { ...studentInterval(estimate, level), p_worse: upper, p_within: lower };
}

type Student = Pick<Estimated, 'mean' | 'se' | 'df'>;

/**
 * What pairing is worth: SE² = SE_A² + SE_B² − 2·SE_A·SE_B·correlation (Miller 2024, arXiv 2411.00640, section 4),
 * solved for the correlation of the two means. Null when one of the versions does not vary.
 */
export function pairedCorrelation(errors: {
  readonly baseline: number;
  readonly candidate: number;
  readonly difference: number;
}): number | null {
  const { baseline, candidate, difference } = errors;
  const product = 2 * baseline * candidate;
  if (product === 0) return null;
  const correlation = (baseline ** 2 + candidate ** 2 - difference ** 2) / product;
  return Math.max(-1, Math.min(1, correlation));
}

function squaredResiduals({ totals, weights, count }: Units, mean: number): number {
  let squares = 0;
  for (let u = 0; u < count; u += 1) squares += (numberAt(totals, u) - numberAt(weights, u) * mean) ** 2;
  return squares;
}

function tailsOf(t: number, df: number): { lower: number; upper: number } {
  // No error and no distance: neither hypothesis is in doubt.
  return Number.isNaN(t) ? { lower: 1, upper: 1 } : studentTails(t, df);
}
