import { counted } from '../../core/quantities.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { GateReason, GateReasonCode, JudgeAgreement } from '../gate-report.ts';
import type { EvalRun, ScoredRun } from '../result.ts';
import type { Paired, Runs } from './pairing.ts';
import { named } from './phrases.ts';

/** Whether two runs can be compared at all, and what a reader has to know before reading the figures. */
export type Comparability = {
  /** Nothing that the figures say can be trusted: these come before any failure. */
  readonly refusals: readonly GateReason[];
  /** Something that the policy asks for could not be had. */
  readonly errors: readonly GateReason[];
  /** Why nothing better than `inconclusive` can come of it. */
  readonly unsettled: readonly GateReason[];
  readonly remarks: readonly GateReason[];
  /** The metrics of the policy that both runs have, scored alike. */
  readonly metrics: readonly Metric[];
};

/** A metric, and how well the judge behind it agrees with people; null without a record of it. */
export type Metric = { readonly name: string; readonly judge: JudgeAgreement | null };

/** With a judge that is right so seldom, TPR + TNR at most this, differences say too little. */
const weakestJudge = 1.2;

/** Of the cases of either side, the least share that has to be common. */
const leastCommon = 0.5;

type Question = { readonly runs: Runs; readonly paired: Paired; readonly policy: GatePolicy };

/** Looks at everything around the scores: runs, models, scorers, judges, cases, groups. */
export function comparabilityOf({ runs, paired, policy }: Question): Comparability {
  const metrics = policy.metrics.map((name) => metricOf(name, runs));
  return {
    refusals: [...unlikeModels(runs), ...nothingInCommon(paired)],
    errors: [
      ...sidesOf(runs).flatMap(unfinished),
      ...metrics.filter((metric) => 'code' in metric),
      ...missingGroups(paired, policy),
    ],
    unsettled: tooLittleInCommon(runs, paired),
    remarks: [...changedModel(runs), ...leftOut(paired), ...unlikeEpochs(runs), ...recorded(runs)],
    metrics: metrics.filter((metric) => 'name' in metric),
  };
}

/** A reason about the gate as a whole. */
export function gateReason(code: GateReasonCode, text: string, metric: string | null = null): GateReason {
  return { code, metric, scope: 'gate', group: null, text };
}

function sidesOf({ baseline, candidate }: Runs): [string, ScoredRun][] {
  return [
    ['baseline', baseline],
    ['candidate', candidate],
  ];
}

function unfinished([side, { run }]: [string, ScoredRun]): GateReason[] {
  if (run.status === 'completed') return [];
  return [gateReason('run_not_completed', `The ${side}'s run is ${run.status}, not completed`)];
}

/** The metric, or why it cannot be compared. */
function metricOf(name: string, runs: Runs): Metric | GateReason {
  const scorers = sidesOf(runs).map(([side, { run }]) => ({
    side,
    scorer: run.plan?.scorers.find((one) => one.name === name),
  }));
  const without = scorers.find(({ scorer }) => scorer === undefined);
  if (without !== undefined) {
    return gateReason('metric_missing', `The ${without.side}'s run has no scorer ${name}`, name);
  }
  if (new Set(scorers.map(({ scorer }) => scorer?.hash)).size > 1) {
    const text = `${name} was scored by different scorers: its settings, code or judge changed in between`;
    return gateReason('scorer_differs', text, name);
  }
  const judge = scorers.map(({ scorer }) => scorer?.agreement ?? null).find((one) => one !== null) ?? null;
  return judge !== null && judge.tpr + judge.tnr <= weakestJudge ? tooWeak(judge, name) : { name, judge };
}

function tooWeak({ tpr, tnr, n }: JudgeAgreement, name: string): GateReason {
  const rates = `TPR ${tpr.toFixed(2)} and TNR ${tnr.toFixed(2)} on ${counted(n, 'labelled reply', 'labelled replies')}`;
  const text = `The judge behind ${name} agrees too little with people: ${rates}, whose sum must be above ${weakestJudge}`;
  return gateReason('judge_too_weak', text, name);
}

function unlikeModels(runs: Runs): GateReason[] {
  const [baseline, candidate] = [servedBy(runs.baseline.run), servedBy(runs.candidate.run)];
  const same = baseline.join() === candidate.join();
  const oneEach = baseline.length === 1 && candidate.length === 1;
  // A run without a single answer has other things wrong with it.
  if (baseline.length === 0 || candidate.length === 0) return [];
  if (oneEach && (same || modelOf(runs.baseline) !== modelOf(runs.candidate))) return [];
  const text = `Replies came from different models: ${baseline.join(', ')} for the baseline, ${candidate.join(', ')} for the candidate`;
  return [gateReason('served_model_differs', text)];
}

function changedModel(runs: Runs): GateReason[] {
  const [before, after] = [modelOf(runs.baseline), modelOf(runs.candidate)];
  if (before === after) return [];
  return [gateReason('model_changed', `The candidate names another model: ${after} instead of ${before}`)];
}

function nothingInCommon({ pairs }: Paired): GateReason[] {
  return pairs.length > 0 ? [] : [gateReason('no_common_cases', 'The two runs have no case in common')];
}

function tooLittleInCommon(runs: Runs, { pairs }: Paired): GateReason[] {
  return sidesOf(runs)
    .filter(([, { cases }]) => pairs.length > 0 && pairs.length < leastCommon * cases.length)
    .map(([side, { cases }]) => {
      const text = `Only ${pairs.length} of the ${side}'s ${counted(cases.length, 'case')} can be compared, and at least half must be`;
      return gateReason('insufficient_data', text);
    });
}

function missingGroups({ pairs }: Paired, policy: GatePolicy): GateReason[] {
  const present = new Set(pairs.map(({ candidate }) => candidate.group));
  return Object.keys(policy.groups)
    .filter((group) => !present.has(group))
    .map((group) => ({
      code: 'group_missing',
      metric: null,
      scope: 'group',
      group,
      text: `${group} is named in the policy and has no common case`,
    }));
}

function leftOut({ pairing }: Paired): GateReason[] {
  const { changed, only_baseline, only_candidate, common } = pairing;
  const parts = [
    { list: changed, what: 'changed' },
    { list: only_baseline, what: 'only in the baseline' },
    { list: only_candidate, what: 'only in the candidate' },
  ].filter(({ list }) => list.total > 0);
  if (parts.length === 0) return [];
  const texts = parts.map(({ list, what }) => `${list.total} ${what}${named(list)}`);
  return [
    gateReason(
      'cases_left_out',
      `Reduced to the ${counted(common, 'common case')}; left out: ${texts.join(', ')}`,
    ),
  ];
}

function unlikeEpochs({ baseline, candidate }: Runs): GateReason[] {
  const [before, after] = [baseline.run.epochs, candidate.run.epochs];
  if (before === after) return [];
  const text = `The baseline has ${counted(before, 'epoch')} and the candidate ${after}; each mean is over what is there`;
  return [gateReason('epochs_differ', text)];
}

function recorded(runs: Runs): GateReason[] {
  const sides = sidesOf(runs).filter(([, { run }]) => run.recorded !== null);
  if (sides.length === 0) return [];
  const whose = sides.map(([side]) => `the ${side}'s`).join(' and ');
  const text = `Recorded in sessions, not asked for by an eval: ${whose} answers. This is no evidence for a promotion`;
  return [gateReason('recorded', text)];
}

/** Who answered in a run, sorted. */
export function servedBy({ counts }: EvalRun): string[] {
  return Object.keys(counts.served_by).sort();
}

function modelOf({ run }: ScoredRun): string | undefined {
  return run.plan?.model;
}
