import { describe, expect, test } from 'vitest';
import { isFlaky, isGained, isLost, isRight, isWrong, outcomesOf, slicesOf } from './observed.ts';
import { pairRuns } from './pairing.ts';
import { type CaseSpec, caseOf, metric, runsOf } from './runs.testsuite.ts';

const slices = (specs: readonly CaseSpec[]) => slicesOf(pairRuns(runsOf(specs)).pairs, metric);

describe('outcomesOf', () => {
  test('leaves unscored epochs out', () => {
    const outcomes = outcomesOf(caseOf(0, {}, [1, null, 0.5, 0.25]), metric);
    expect(outcomes).toEqual({ values: [1, 0.5, 0.25], mean: 1.75 / 3, passes: 2 });
  });

  test('is null when no epoch has a score, and when nothing was scored by the metric', () => {
    expect(outcomesOf(caseOf(0, {}, [null]), metric)).toBeNull();
    expect(outcomesOf(caseOf(0, {}, [1]), 'another')).toBeNull();
  });
});

test.each([
  [[1, 1, 0], { right: true, wrong: false, flaky: true }],
  [[1, 0, 0], { right: false, wrong: true, flaky: true }],
  [[1, 0], { right: false, wrong: false, flaky: true }],
  [[1], { right: true, wrong: false, flaky: false }],
  [[0.4], { right: false, wrong: true, flaky: false }],
])('the epochs %j make a case right, wrong, neither, or flaky', (values, expected) => {
  const outcomes = outcomesOf(caseOf(0, {}, values), metric);
  if (outcomes === null) throw new Error('There are scores');
  expect({ right: isRight(outcomes), wrong: isWrong(outcomes), flaky: isFlaky(outcomes) }).toEqual(expected);
});

describe('slicesOf', () => {
  test('has all cases first, then the groups by name, and those without a group last', () => {
    const rows = slices([
      { group: 'b', baseline: [1], candidate: [0] },
      { group: null, baseline: [1], candidate: [1] },
      { group: 'a', baseline: [null], candidate: [1] },
      { group: 'b', baseline: [0], candidate: [1] },
    ]);
    expect(rows.map(({ scope, group, cases, observed }) => [scope, group, cases, observed.length])).toEqual([
      ['all_cases', null, 4, 3],
      ['group', 'a', 1, 0],
      ['group', 'b', 2, 2],
      ['group', null, 1, 1],
    ]);
    const [lost, , gained] = rows[0].observed;
    expect(lost === undefined || gained === undefined).toBe(false);
    expect(rows[0].observed.filter(isLost)).toEqual([lost]);
    expect(rows[0].observed.filter(isGained)).toEqual([gained]);
    expect(rows[0].observed.map(({ damage }) => damage)).toEqual([1, 0, -1]);
  });

  test('has no groups where no case has one', () => {
    expect(slices([{ baseline: [1], candidate: [1] }])).toHaveLength(1);
    expect(slices([])).toMatchObject([{ scope: 'all_cases', group: null, cases: 0, observed: [] }]);
  });

  test('counts what has no score on each side, and keeps what was right and has none any more', () => {
    const [all] = slices([
      { case_id: 'gone', baseline: [1], candidate: [null] },
      { baseline: [0], candidate: [null] },
      { baseline: [null], candidate: [1] },
      { baseline: [null], candidate: [null] },
      { baseline: [1], candidate: [1] },
    ]);
    expect(all).toMatchObject({ cases: 5, unscored: { baseline: 2, candidate: 3 } });
    expect(all?.maybe_lost.map(({ candidate }) => candidate.case_id)).toEqual(['gone']);
  });
});
