import { setImmediate as nextTick } from 'node:timers/promises';
import { comparabilityOf, type Metric, servedBy } from './comparison/comparability.ts';
import { caseLines, flakyOf, flipsOf } from './comparison/flips.ts';
import { judgeRows, mostTelling, unscoredIn, worstGroup } from './comparison/judge-rows.ts';
import { judgeMustPass } from './comparison/must-pass.ts';
import { type Observed, slicesOf } from './comparison/observed.ts';
import { capped, type Pair, pairRuns, type Runs } from './comparison/pairing.ts';
import { resourcesOf } from './comparison/resources.ts';
import { type Measured, measureRow } from './comparison/row.ts';
import { decide } from './comparison/verdict.ts';
import type { GatePolicy } from './gate-policy.ts';
import type { FindFlips, GateReport, JudgeAgreement, ReportSide } from './gate-report.ts';
import type { ScoredRun } from './result.ts';

/** How a comparison is made. */
export type ComparisonOptions = {
  readonly policy: GatePolicy;
  readonly seed: number;
  /** Looks up what both sides said to the cases that turned; absent leaves replies out. */
  readonly findFlips?: FindFlips;
  /** Whether signs are flipped for a second opinion on each row, true unless stated; it decides nothing. */
  readonly sign_flips?: boolean;
};

/** Signs that all rows together may flip, about half a second's work. */
const mostFlips = 5e7;

/**
 * Sets the candidate's run against the baseline's and lets the gate decide. Always gives a report: what is wrong
 * with the runs is in it. Lets others run between rows; the work grows with the number of cases and no faster.
 * @throws PawlError `invalid_request` when the policy's numbers are out of range.
 */
export async function compareRuns(runs: Runs, options: ComparisonOptions): Promise<GateReport> {
  const { policy, seed } = options;
  const { eval_id, eval_name, eval_revision } = runs.candidate.run;
  const paired = pairRuns(runs);
  const comparability = comparabilityOf({ runs, paired, policy });
  const deciding = comparability.metrics.find(({ name }) => name === policy.metrics[0])?.name ?? null;
  const { measured, observed } = await measureAll(paired.pairs, {
    ...options,
    metrics: comparability.metrics,
  });
  const rows = judgeRows(measured, policy);
  const must_pass = judgeMustPass(paired, deciding);
  const { verdict, reasons, warnings } = decide({ policy, comparability, must_pass, rows });
  return {
    schema: 1,
    verdict,
    reasons: capped(reasons),
    warnings: capped([...warnings, ...unscoredIn(rows)]),
    eval: { id: eval_id, name: eval_name, revision: eval_revision },
    baseline: sideOf(runs.baseline),
    candidate: sideOf(runs.candidate),
    pairing: paired.pairing,
    policy,
    seed,
    judges: comparability.metrics.flatMap(({ name, judge }) =>
      judge === null ? [] : [judgeLine(name, judge)],
    ),
    rows: mostTelling(rows),
    worst_group: worstGroup(rows, deciding),
    flips: await flipsOf(observed, { metric: deciding, find: options.findFlips }),
    cases: caseLines(paired.pairs, observed),
    flaky: flakyOf(observed),
    resources: resourcesOf(paired.pairs, policy.confidence),
  };
}

function judgeLine(metric: string, { tpr, tnr, n, kappa }: JudgeAgreement): GateReport['judges'][number] {
  return { metric, tpr, tnr, n, kappa };
}

type Measurements = {
  readonly measured: readonly Measured[];
  /** All cases by the metric that decides flips. */
  readonly observed: readonly Observed[];
};

async function measureAll(
  pairs: readonly Pair[],
  options: ComparisonOptions & { readonly metrics: readonly Metric[] },
): Promise<Measurements> {
  const { metrics, policy, seed, sign_flips = true } = options;
  const measured: Measured[] = [];
  const budget = { flips: sign_flips ? mostFlips : 0 };
  let observed: readonly Observed[] = [];
  for (const { name: metric, judge } of metrics) {
    const judge_factor = judge === null ? null : judge.tpr + judge.tnr - 1;
    const slices = slicesOf(pairs, metric);
    if (metric === policy.metrics[0]) observed = slices[0].observed;
    for (const slice of slices) {
      measured.push(measureRow(slice, { metric, policy, seed, judge_factor, budget }));
      await nextTick();
    }
  }
  return { measured, observed };
}

function sideOf({ run }: ScoredRun): ReportSide {
  const { plan } = run;
  return {
    run_id: run.id,
    status: run.status,
    agent_id: run.agent_id,
    agent_name: plan?.agent_name ?? '',
    agent_version: run.agent_version,
    config_hash: plan?.config_hash ?? '',
    model: plan?.model ?? '',
    served_by: servedBy(run),
    dataset: {
      name: plan?.dataset.name ?? '',
      hash: plan?.dataset.hash ?? '',
      cases: plan?.dataset.cases ?? 0,
    },
    epochs: run.epochs,
    pawl_version: plan?.pawl_version ?? '',
    errors: run.counts.errors,
    ended_at: run.ended_at,
  };
}
