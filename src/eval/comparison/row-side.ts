import { wilson } from '../../stats/proportion.ts';
import { flakeRate, passAllK, passAtK } from '../../stats/reliability.ts';
import type { Interval, Reliability, RowSide } from '../gate-report.ts';
import { type Columns, sampleOf } from './columns.ts';
import { meanInterval, weightedMean } from './mean-interval.ts';
import { isRight, type Outcomes } from './observed.ts';

type Side = 'baseline' | 'candidate';

/** What one side of a row did on its own. */
export function rowSide(columns: Columns, side: Side, confidence: number): RowSide {
  const outcomes = columns.observed.map((entry) => entry[side]);
  const means = outcomes.map(({ mean }) => mean);
  const passed = outcomes.filter(isRight).length;
  return {
    mean: weightedMean(means, columns.weights),
    unweighted_mean: columns.weights === undefined ? null : weightedMean(means),
    interval: columns.countable
      ? countInterval({ successes: passed, trials: outcomes.length }, confidence)
      : shareInterval(columns, side, confidence),
    passed,
    reliability: reliabilityOf(outcomes),
  };
}

function countInterval(count: { successes: number; trials: number }, confidence: number): Interval | null {
  const limits = wilson(count, confidence);
  return limits === null ? null : { low: limits.low, high: limits.high, confidence, method: 'wilson' };
}

function shareInterval(columns: Columns, side: Side, confidence: number): Interval | null {
  const interval = meanInterval(
    sampleOf(columns, (entry) => entry[side].mean),
    confidence,
  );
  if (interval === null) return null;
  return { ...interval, low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
}

function reliabilityOf(outcomes: readonly Outcomes[]): Reliability | null {
  const epochs = outcomes.reduce((most, { values }) => Math.max(most, values.length), 0);
  if (epochs < 2) return null;
  const trials = outcomes
    .filter(({ values }) => values.length === epochs)
    .map(({ passes }) => ({ trials: epochs, passes }));
  const meanOf = (rate: (entry: { trials: number; passes: number }) => number | null) =>
    trials.reduce((sum, entry) => sum + (rate(entry) ?? 0), 0) / trials.length;
  return {
    epochs,
    cases: trials.length,
    pass_at_k: meanOf((entry) => passAtK(entry, epochs)),
    pass_hat_k: meanOf((entry) => passAllK(entry, epochs)),
    flake_rate: meanOf(flakeRate),
  };
}
