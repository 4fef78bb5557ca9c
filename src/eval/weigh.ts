import type { Store } from '../store/dialect.ts';
import { compareRuns } from './compare.ts';
import type { EvalDefinition } from './definition.ts';
import { createFindFlips } from './find-flips.ts';
import type { GatePolicy } from './gate-policy.ts';
import type { GateReport } from './gate-report.ts';
import { createRenderer } from './message.ts';
import type { EvalRun } from './result.ts';
import { readScoredRun } from './scored-run.ts';

/** Two runs that are over, and what the candidate's was defined by. */
export type Weighing = {
  readonly baseline: EvalRun;
  readonly candidate: EvalRun;
  readonly definition: EvalDefinition;
  readonly gate: GatePolicy;
};

/** Reads what two runs have scored and lets the gate decide. */
export async function weigh(store: Store, given: Weighing): Promise<GateReport> {
  const { definition, gate } = given;
  const baseline = await readScoredRun(store, given.baseline);
  const candidate = await readScoredRun(store, given.candidate);
  const render = createRenderer(definition.message);
  return compareRuns(
    { baseline, candidate },
    {
      policy: gate,
      seed: definition.seed,
      findFlips: createFindFlips({ store, baseline, candidate, metric: gate.metrics[0], render }),
    },
  );
}
