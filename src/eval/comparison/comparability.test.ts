import { describe, expect, test } from 'vitest';
import type { EvalRun, PlannedScorer } from '../result.ts';
import { comparabilityOf } from './comparability.ts';
import { pairRuns, type Runs } from './pairing.ts';
import { gateOf, metric, plan, runsOf } from './runs.testsuite.ts';

const runs = runsOf([{ group: 'billing', baseline: [1], candidate: [1] }]);

/** The runs, with changes to the candidate's. */
function changed(changes: Partial<EvalRun>): Runs {
  return { ...runs, candidate: { ...runs.candidate, run: { ...runs.candidate.run, ...changes } } };
}

function look(these: Runs, policy = gateOf()) {
  return comparabilityOf({ runs: these, paired: pairRuns(these), policy });
}

const scorer = (changes: Partial<PlannedScorer>) => ({
  plan: { ...plan, scorers: plan.scorers.map((one) => ({ ...one, ...changes })) },
});
const served = (served_by: Record<string, number>) => ({
  counts: { ...runs.candidate.run.counts, served_by },
});

test('Two runs of the same eval can be compared', () => {
  expect(look(runs)).toEqual({
    refusals: [],
    errors: [],
    unsettled: [],
    remarks: [],
    metrics: [{ name: metric, judge: null }],
  });
});

describe('What answered', () => {
  test('must be one and the same model on both sides', () => {
    expect(look(changed(served({ 'anthropic/large-model': 20 }))).refusals).toMatchObject([
      {
        code: 'served_model_differs',
        text: 'Replies came from different models: offline/small-model for the baseline, anthropic/large-model for the candidate',
      },
    ]);
  });

  test('must be one model within a run', () => {
    const two = served({ 'offline/small-model': 10, 'anthropic/large-model': 10 });
    const both = { baseline: changed(two).candidate, candidate: changed(two).candidate };
    expect(look(both).refusals).toMatchObject([{ code: 'served_model_differs' }]);
  });

  test('is not asked of a run without an answer', () => {
    expect(look(changed(served({}))).refusals).toEqual([]);
  });

  test('may differ where the candidate names another model, which is remarked on', () => {
    const other = { ...served({ 'anthropic/large-model': 20 }), plan: { ...plan, model: 'large-model' } };
    const { refusals, remarks } = look(changed(other));
    expect(refusals).toEqual([]);
    expect(remarks).toMatchObject([
      {
        code: 'model_changed',
        text: 'The candidate names another model: large-model instead of small-model',
      },
    ]);
  });
});

describe('A metric', () => {
  test('must be there on both sides', () => {
    const missing = look(changed({ plan: { ...plan, scorers: [] } }));
    expect(missing.errors).toMatchObject([
      { code: 'metric_missing', metric, text: "The candidate's run has no scorer exact" },
    ]);
    expect(missing.metrics).toEqual([]);
    expect(look(changed({ plan: null })).errors).toMatchObject([{ code: 'metric_missing' }]);
  });

  test('must be scored alike', () => {
    expect(look(changed(scorer({ hash: 'other' }))).errors).toMatchObject([{ code: 'scorer_differs' }]);
  });

  test('is corrected for a judge that is good enough, and refused with one that is not', () => {
    const judge = { tpr: 0.9, tnr: 0.8, n: 50, kappa: 0.7 };
    expect(look(changed(scorer({ agreement: judge }))).metrics).toEqual([{ name: metric, judge }]);
    const weak = look(changed(scorer({ agreement: { ...judge, tpr: 0.7, tnr: 0.5, n: 1 } })));
    expect(weak.metrics).toEqual([]);
    expect(weak.errors).toMatchObject([
      {
        code: 'judge_too_weak',
        text: 'The judge behind exact agrees too little with people: TPR 0.70 and TNR 0.50 on 1 labelled reply, whose sum must be above 1.2',
      },
    ]);
  });
});

describe('What a reader must know', () => {
  test('is that a run is not completed', () => {
    expect(look(changed({ status: 'failed' })).errors).toMatchObject([
      { code: 'run_not_completed', text: "The candidate's run is failed, not completed" },
    ]);
  });

  test('is that nothing is in common', () => {
    const none = { ...runs, candidate: { ...runs.candidate, cases: [] } };
    expect(look(none).refusals).toMatchObject([{ code: 'no_common_cases' }]);
  });

  test('is that a group of the policy is missing', () => {
    const policy = gateOf({ groups: { billing: 'critical', refunds: 'advisory' } });
    expect(look(runs, policy).errors).toMatchObject([
      {
        code: 'group_missing',
        scope: 'group',
        group: 'refunds',
        text: 'refunds is named in the policy and has no common case',
      },
    ]);
  });

  test('is which cases were left out', () => {
    const more = runsOf([
      { baseline: [1], candidate: [1] },
      { baseline: [1], candidate: [1] },
    ]);
    const [first, second] = more.candidate.cases;
    if (first === undefined || second === undefined) throw new Error('There are two cases');
    const changedCase = { ...second, case_hash: 'edited' };
    const added = { ...second, case_id: 'new' };
    const candidate = { ...more.candidate, cases: [first, changedCase, added] };
    expect(look({ ...more, candidate }).remarks).toMatchObject([
      {
        code: 'cases_left_out',
        text: 'Reduced to the 1 common case; left out: 1 changed (t-02), 1 only in the candidate (new)',
      },
    ]);
    expect(
      look({ baseline: more.baseline, candidate: { ...more.candidate, cases: [first] } }).remarks,
    ).toMatchObject([{ text: 'Reduced to the 1 common case; left out: 1 only in the baseline (t-02)' }]);
  });

  test('is that less than half of a side is in common', () => {
    const three = runsOf(Array.from({ length: 3 }, () => ({ baseline: [1], candidate: [1] })));
    const cut = (left: number): Runs => ({
      ...three,
      candidate: { ...three.candidate, cases: three.candidate.cases.slice(0, left) },
    });
    expect(look(cut(2)).unsettled).toEqual([]);
    const text = "Only 1 of the baseline's 3 cases can be compared, and at least half must be";
    expect(look(cut(1)).unsettled).toMatchObject([{ code: 'insufficient_data', text }]);
    const grown = { baseline: cut(1).candidate, candidate: three.baseline };
    expect(look(grown).unsettled).toMatchObject([{ text: text.replace('baseline', 'candidate') }]);
    expect(look(cut(0)).unsettled).toEqual([]);
  });

  test('is that answers were recorded, with whose they are', () => {
    const text =
      "Recorded in sessions, not asked for by an eval: the candidate's answers. This is no evidence for a promotion";
    expect(look(changed({ recorded: 'shadow' })).remarks).toMatchObject([{ code: 'recorded', text }]);
  });

  test('is that epochs differ', () => {
    expect(look(changed({ epochs: 3 })).remarks).toMatchObject([
      {
        code: 'epochs_differ',
        text: 'The baseline has 1 epoch and the candidate 3; each mean is over what is there',
      },
    ]);
  });
});
