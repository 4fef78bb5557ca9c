import type { Store } from '../store/dialect.ts';
import type { RunPair } from './comparisons.ts';
import type { GatePolicy } from './definition.ts';
import type { GateReport } from './gate-report.ts';
import { readScoredRun } from './scored-run.ts';

export async function weigh(store: Store, pair: RunPair, policy: GatePolicy): Promise<GateReport> {
  const baseline = await readScoredRun(store, pair.baseline);
  const candidate = await readScoredRun(store, pair.candidate);
  throw new Error(`later ${baseline.cases.length} ${candidate.cases.length} ${policy.confidence}`);
}
