import { describe, expect, test } from 'vitest';
import { columnsOf, sampleOf, tableOf, unitOf } from './columns.ts';
import { slicesOf } from './observed.ts';
import { pairRuns } from './pairing.ts';
import { type CaseSpec, metric, runsOf } from './runs.testsuite.ts';

const observe = (specs: readonly CaseSpec[]) => slicesOf(pairRuns(runsOf(specs)).pairs, metric)[0].observed;
const right: CaseSpec = { baseline: [1], candidate: [1] };
const lost: CaseSpec = { baseline: [1], candidate: [0] };

describe('columnsOf', () => {
  test('can count where cases are independent, weigh the same and are right or wrong in one epoch', () => {
    expect(columnsOf(observe([right, lost]))).toMatchObject({
      clusters: undefined,
      weights: undefined,
      units: 2,
      differing: 1,
      countable: true,
    });
  });

  test.each([
    ['a weight', { weight: 2 }],
    ['a graded score', { candidate: [0.5] }],
    ['a second epoch', { candidate: [1, 1] }],
  ])('cannot count with %s', (_what, changes) => {
    expect(columnsOf(observe([right, { ...right, ...changes }])).countable).toBe(false);
  });

  test('takes clusters for units, and a case without one for a unit of its own', () => {
    const cluster = { ...lost, cluster: 't-03' };
    const columns = columnsOf(observe([cluster, cluster, right]));
    expect(columns).toMatchObject({ units: 2, differing: 1, countable: false });
    expect(columns.clusters).toEqual(['cluster t-03', 'cluster t-03', 'case t-03']);
  });

  test('takes clusters of one case each for independent cases', () => {
    const columns = columnsOf(
      observe([
        { ...right, cluster: 'a' },
        { ...right, cluster: 'b' },
      ]),
    );
    expect(columns).toMatchObject({ clusters: undefined, countable: true });
  });
});

test('sampleOf and tableOf give the same cases as columns and as counts', () => {
  const observed = observe([
    right,
    lost,
    { baseline: [0], candidate: [1], weight: 2 },
    { baseline: [0], candidate: [0] },
  ]);
  expect(sampleOf(columnsOf(observed), ({ damage }) => damage)).toEqual({
    values: [0, 1, -1, 0],
    clusters: undefined,
    weights: [1, 1, 2, 1],
  });
  expect(tableOf(observed)).toEqual({ both_right: 1, harmful: 1, beneficial: 1, both_wrong: 1 });
});

test('unitOf does not take a cluster for a case of the same name', () => {
  const [one, other] = pairRuns(runsOf([{ ...right, cluster: 't-02' }, right])).pairs;
  if (one === undefined || other === undefined) throw new Error('There are two pairs');
  expect(unitOf(one)).not.toBe(unitOf(other));
});
