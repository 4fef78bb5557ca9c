import type { ResourceRow } from '../gate-report.ts';
import { unitOf } from './columns.ts';
import { meanInterval, weightedMean } from './mean-interval.ts';
import type { Pair } from './pairing.ts';

/** Compares what the runs took, over the cases that have the figure on both sides. Every case counts the same. */
export function resourcesOf(pairs: readonly Pair[], confidence: number): ResourceRow[] {
  const clustered = pairs.some(({ candidate }) => candidate.cluster !== null);
  return (['latency_ms', 'tokens', 'cost_usd'] as const).map((resource) => {
    const baseline: number[] = [];
    const candidate: number[] = [];
    const clusters: string[] = [];
    for (const pair of pairs) {
      const [before, after] = [pair.baseline[resource], pair.candidate[resource]];
      if (before === null || after === null) continue;
      baseline.push(before);
      candidate.push(after);
      if (clustered) clusters.push(unitOf(pair));
    }
    const values = candidate.map((after, i) => after - (baseline[i] ?? 0));
    return {
      resource,
      cases: values.length,
      baseline: weightedMean(baseline),
      candidate: weightedMean(candidate),
      difference: weightedMean(values),
      interval: meanInterval({ values, clusters: clustered ? clusters : undefined }, confidence),
    };
  });
}
