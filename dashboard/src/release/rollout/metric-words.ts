import type { LiveMetric } from '../../../../src/core/rollout.ts';
import { costText, durationText, numberText, percentText } from '../../parts/quantities.ts';
import { changeText, pointsText } from '../words.ts';

/** How something that is watched is said to people. */
type Words = {
  readonly name: string;
  /** A mean of one version. */
  readonly mean: (value: number) => string;
  /** How much worse the candidate is. */
  readonly harm: (value: number) => string;
};

const known: Readonly<Record<string, Words>> = {
  failures: { name: 'Failures', mean: (value) => percentText(value, 1), harm: pointsText },
  refusals: { name: 'Refusals', mean: (value) => percentText(value, 1), harm: pointsText },
  latency: { name: 'Time for a turn', mean: (seconds) => durationText(seconds * 1000), harm: changeText },
  cost: { name: 'Cost of a session', mean: costText, harm: changeText },
  tokens: { name: 'Tokens of a session', mean: (n) => numberText(Math.round(n)), harm: changeText },
};

function wordsOf(metric: LiveMetric): Words {
  const name = `Score ${metric.replace('score:', '')}`;
  return known[metric] ?? { name, mean: (value) => value.toFixed(3), harm: pointsText };
}

/** What is watched, in words. */
export function metricName(metric: LiveMetric): string {
  return wordsOf(metric).name;
}

/** The mean of one version, with its unit; says so where there is none. */
export function meanText(metric: LiveMetric, mean: number | null): string {
  return mean === null ? 'none yet' : wordsOf(metric).mean(mean);
}

/** How much worse the candidate is, above 0, or better, below; says so where that is not known. */
export function harmText(metric: LiveMetric, harm: number | null): string {
  return harm === null ? 'not known' : wordsOf(metric).harm(harm);
}
