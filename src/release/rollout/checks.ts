import type { Arm, LiveCheck, LiveMetric, RolloutSettings } from '../../core/rollout.ts';
import type { LiveEvidence } from './evidence.ts';
import { type Harm, harmOf } from './harm.ts';
import { noSums } from './live-sums.ts';

/** What one arm shows, all steps together. */
export type ArmSummary = {
  /** Units that have a value. */
  readonly units: number;
  /** Null without values. */
  readonly mean: number | null;
};

/** What is known of one thing that is watched. */
export type CheckResult = LiveCheck & {
  readonly kind: 'guardrail' | 'signal';
  /** `broken`: the canary is worse. `safe`: it is not, or not by more than the margin. `open`: neither is known. */
  readonly status: 'broken' | 'safe' | 'open';
  /** The chance that it breaks by mistake. Failures and refusals break at this p, others where harm is above the margin. */
  readonly alpha: number;
  /** Always-valid p-value against "no worse than allowed"; null when it is too early, or all values are alike. */
  readonly p: number | null;
  readonly harm: Omit<Harm, 'p'>;
  readonly control: ArmSummary;
  readonly canary: ArmSummary;
};

/** Everything that is watched, guardrails first. Each group shares its alpha, so that together they keep to it. */
export function checkAll(evidence: LiveEvidence, settings: RolloutSettings): CheckResult[] {
  const { guardrails, signals, alpha } = settings;
  const run = (kind: CheckResult['kind'], checks: readonly LiveCheck[]): CheckResult[] =>
    checks.map((check) => runCheck(evidence, check, { kind, alpha: alpha / checks.length }));
  return [...run('guardrail', guardrails), ...run('signal', signals)];
}

function runCheck(
  evidence: LiveEvidence,
  check: LiveCheck,
  { kind, alpha }: Pick<CheckResult, 'kind' | 'alpha'>,
): CheckResult {
  const { metric, margin } = check;
  const { p: ofMeans, ...harm } = harmOf(evidence, check, alpha);
  // Who failed is compared exactly, and whatever becomes of the failure rate meanwhile.
  const process = metric === 'failures' || metric === 'refusals' ? evidence[metric].harm : null;
  const isBroken = process === null ? harm.low !== null && harm.low > margin : process.p <= alpha;
  const isSafe = !isBroken && harm.high !== null && harm.high < margin;
  return {
    ...check,
    kind,
    status: isBroken ? 'broken' : isSafe ? 'safe' : 'open',
    ...{ alpha, p: process?.p ?? ofMeans, harm },
    control: summaryOf(evidence, 'control', metric),
    canary: summaryOf(evidence, 'canary', metric),
  };
}

function summaryOf({ cells, valued }: LiveEvidence, arm: Arm, metric: LiveMetric): ArmSummary {
  let [sum, count] = [0, 0];
  for (const cell of cells) {
    const sums = cell[arm][metric] ?? noSums;
    sum += sums.sum;
    count += sums.count;
  }
  return { units: valued[arm][metric] ?? 0, mean: count === 0 ? null : sum / count };
}
