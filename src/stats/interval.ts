import { requireNumber } from './requirements.ts';

/** The two limits of a confidence interval. A limit that a method cannot give is infinite. */
export type Interval = { readonly low: number; readonly high: number };

/**
 * What is asked about a mean damage. `level` is that of the two-sided interval, from 0.5 to 0.999: 0.9 stands for
 * two one-sided tests at 5 %. `margin` is the damage that is tolerated, in the unit of the damage.
 */
export type MarginQuestion = { readonly level: number; readonly margin: number };

/**
 * What one method says about a mean damage: its interval, and its two one-sided tests at the margin. The two
 * never contradict each other: with α = (1 − level) / 2, `p_worse < α` exactly when `low` lies above the margin,
 * and `p_within < α` exactly when `high` lies below it.
 */
export type MarginTest = Interval & {
  /** p of the hypothesis that the damage is at most the margin. Small: worse than tolerated. */
  readonly p_worse: number;
  /** p of the hypothesis that the damage is at least the margin. Small: the damage is tolerable. */
  readonly p_within: number;
};

/** The error rate of each of the two one-sided tests behind an interval of this level. */
export function oneSidedAlpha(level: number): number {
  requireNumber('level', level, { least: 0.5, most: 0.999 });
  return (1 - level) / 2;
}

/** The p-value of "the damage is exactly the margin", from the two one-sided ones. */
export function twoSidedP({ p_worse, p_within }: Pick<MarginTest, 'p_worse' | 'p_within'>): number {
  return Math.min(1, 2 * Math.min(p_worse, p_within));
}

/**
 * The most cautious reading of several methods: it is sure only of what every one of them is sure of. The interval
 * covers all of theirs, and each p is the largest, so that interval and tests still agree.
 */
export function hull(tests: readonly [MarginTest, ...MarginTest[]]): MarginTest {
  return {
    low: Math.min(...tests.map((test) => test.low)),
    high: Math.max(...tests.map((test) => test.high)),
    p_worse: Math.max(...tests.map((test) => test.p_worse)),
    p_within: Math.max(...tests.map((test) => test.p_within)),
  };
}
