import { hull, type MarginTest } from '../../stats/interval.ts';
import { estimateMean, studentTest } from '../../stats/mean.ts';
import { tango } from '../../stats/paired-difference.ts';
import type { Sample } from '../../stats/sample.ts';
import { skewedTest, spreadOf } from '../../stats/skewed-mean.ts';
import type { IntervalMethod } from '../gate-report.ts';
import { type Columns, sampleOf, tableOf } from './columns.ts';

/** A way to ask about the mean damage of a row, chosen by what its scores allow. */
export type DamageTest = {
  readonly method: IntervalMethod;
  /** Whether a unit that nobody has seen was added, because so few differ. */
  readonly widened: boolean;
  /** The interval, and the two one-sided tests at this damage, from 0 to 1. */
  ask(margin: number): MarginTest;
};

/** With fewer units behind the differences than this, their spread says too little of what others would do. */
const fewDiffering = 10;

/** Tango's test has no answer at the very end of the scale. */
const almostAll = 1 - 1e-9;

const nothingKnown: MarginTest = { low: -1, high: 1, p_worse: 1, p_within: 1 };

/**
 * Chooses the method: Tango's score interval where counting is all there is to do, else Student's over the units,
 * moved for skewness. Where few units differ, the upper limit has to hold with one more unit that is lost whole, so
 * that no change in 20 cases does not pass for certainty, and the lower one with one more that did not change. Null
 * with a single unit.
 *
 * The nested bootstrap is not among the methods: resampling epochs within cases counts their noise twice, which costs
 * much power, and without that its limits are too near where few cases differ.
 */
export function damageTest(columns: Columns, level: number): DamageTest | null {
  if (columns.countable) {
    const table = tableOf(columns.observed);
    const ask = (margin: number) => tango(table, { level, margin: Math.min(margin, almostAll) });
    return { method: 'tango', widened: false, ask: (margin) => ask(margin) ?? nothingKnown };
  }
  const sample = sampleOf(columns, (entry) => entry.damage);
  const estimate = estimateMean(sample);
  if (estimate.status === 'not_enough_data') return null;
  const { lean, effective } = spreadOf(sample);
  const widened = effective < fewDiffering;
  const imagined = widened ? [1, 0].map((damage) => estimateMean(withOneMore(sample, damage))) : [];
  return {
    method: columns.clusters === undefined ? 'student_t' : 'clustered_t',
    widened,
    ask(margin) {
      const question = { level, margin };
      const others = imagined
        .filter((one) => one.status === 'estimated')
        .map((estimated) => studentTest(estimated, question));
      return hull([skewedTest({ ...estimate, lean }, question), ...others]);
    },
  };
}

/** The sample with one more unit, as heavy as the average one, that nobody has seen. */
function withOneMore({ values, clusters, weights }: Sample, damage: number): Sample {
  const whole = weights === undefined ? values.length : weights.reduce((sum, weight) => sum + weight, 0);
  const units = clusters === undefined ? values.length : new Set(clusters).size;
  return {
    values: [...values, damage],
    clusters: clusters === undefined ? undefined : [...clusters, 'nobody has seen it'],
    weights: [...(weights ?? values.map(() => 1)), whole / units],
  };
}
