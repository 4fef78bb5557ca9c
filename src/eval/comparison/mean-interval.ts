import { estimateMean, studentTest } from '../../stats/mean.ts';
import type { Sample } from '../../stats/sample.ts';
import type { Interval } from '../gate-report.ts';

/** The mean of some values; weights that are absent are all alike. Null without values. */
export function weightedMean(values: readonly number[], weights?: readonly number[]): number | null {
  let total = 0;
  let weighed = 0;
  values.forEach((value, i) => {
    const weight = weights?.[i] ?? 1;
    total += weight * value;
    weighed += weight;
  });
  return weighed === 0 ? null : total / weighed;
}

/** Student's interval of a mean, over clusters where there are any. Null with fewer than two units. */
export function meanInterval(sample: Sample, confidence: number): Interval | null {
  const estimate = estimateMean(sample);
  if (estimate.status === 'not_enough_data') return null;
  const { low, high } = studentTest(estimate, { level: confidence, margin: 0 });
  return { low, high, confidence, method: estimate.units < estimate.items ? 'clustered_t' : 'student_t' };
}
