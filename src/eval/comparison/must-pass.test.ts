import { describe, expect, test } from 'vitest';
import { judgeMustPass } from './must-pass.ts';
import { pairRuns } from './pairing.ts';
import { type CaseSpec, caseOf, metric, runOf, runsOf } from './runs.testsuite.ts';

const judge = (...specs: readonly CaseSpec[]) =>
  judgeMustPass(pairRuns(runsOf(specs.map((spec) => ({ must_pass: true, ...spec })))), metric);
const kept: CaseSpec = { baseline: [1], candidate: [1] };

/** Only the candidate has this case. */
function added(values: readonly (number | null)[]) {
  const baseline = runOf([]);
  const candidate = runOf([caseOf(0, { must_pass: true }, values)]);
  return judgeMustPass(pairRuns({ baseline, candidate }), metric);
}

describe('A case that must pass', () => {
  test('fails the gate when most of the candidate’s epochs are wrong', () => {
    const { fails, passes } = judge({ baseline: [1, 1, 1], candidate: [1, 0, 0] }, kept);
    expect(fails).toMatchObject([
      { code: 'must_pass_lost', metric, text: 'The candidate fails 1 must_pass case (t-01)' },
    ]);
    expect(passes).toEqual([]);
  });

  test.each([
    ['it is kept', kept],
    ['one epoch in three is wrong', { baseline: [1, 1, 1], candidate: [1, 1, 0] }],
    ['only the baseline has no score', { baseline: [null], candidate: [1] }],
  ])('is fine when %s', (_what, spec) => {
    const { fails, errors, warnings, passes, cases } = judge(spec);
    expect({ fails, errors, warnings, cases }).toEqual({ fails: [], errors: [], warnings: [], cases: 1 });
    expect(passes).toMatchObject([{ text: 'The candidate loses none of 1 must_pass case' }]);
  });

  test('does not fail on an even split, and is no reason to pass either', () => {
    const { fails, errors, passes } = judge({ baseline: [1, 1], candidate: [1, 0] });
    expect({ fails, errors, passes }).toEqual({ fails: [], errors: [], passes: [] });
  });

  test('is a warning when both sides get it wrong, and lets nothing pass by itself', () => {
    const wrong: CaseSpec = { baseline: [0], candidate: [0] };
    const { fails, warnings, passes } = judge(wrong);
    expect({ fails, passes }).toEqual({ fails: [], passes: [] });
    expect(judge(wrong, kept).passes).toHaveLength(1);
    expect(warnings).toMatchObject([{ code: 'must_pass_fails_on_both_sides' }]);
  });

  test('is an error without a score that it needs', () => {
    expect(judge({ baseline: [1], candidate: [null] }).errors).toMatchObject([
      { code: 'must_pass_unscored' },
    ]);
    expect(judge({ baseline: [null], candidate: [0] }).errors).toMatchObject([
      { code: 'must_pass_unscored' },
    ]);
  });

  test('has no excuse without a baseline', () => {
    expect(added([0]).fails).toMatchObject([{ code: 'must_pass_lost' }]);
    expect(added([1]).fails).toEqual([]);
    expect(added([null]).errors).toHaveLength(1);
  });

  test('is missed when the candidate’s dataset has dropped it', () => {
    const baseline = runOf([caseOf(0, { must_pass: true }, [1]), caseOf(1, {}, [1])]);
    const { cases, warnings } = judgeMustPass(pairRuns({ baseline, candidate: runOf([]) }), metric);
    expect(cases).toBe(0);
    expect(warnings).toMatchObject([
      {
        code: 'must_pass_dropped',
        text: 'The candidate’s dataset no longer has 1 must_pass case (t-01)'.replace('’', "'"),
      },
    ]);
  });
});

test('Cases without the tag say nothing, nor does anything without a metric', () => {
  expect(judge({ baseline: [1], candidate: [0], must_pass: false })).toMatchObject({
    cases: 0,
    fails: [],
    passes: [],
  });
  expect(judgeMustPass(pairRuns(runsOf([{ ...kept, must_pass: true }])), null)).toMatchObject({ cases: 0 });
});
