import { describe, expect, test } from 'vitest';
import { compareRuns } from '../compare.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { GateRow } from '../gate-report.ts';
import { mostTelling, unscoredIn, worstGroup } from './judge-rows.ts';
import { type CaseSpec, cases, gateOf, metric, runsOf } from './runs.testsuite.ts';

const right: CaseSpec = { baseline: [1], candidate: [1] };
const lost: CaseSpec = { baseline: [1], candidate: [0] };

/** A group of 60 cases, so many of which are lost. */
function group(name: string, losses: number): CaseSpec[] {
  return [...cases(losses, lost), ...cases(60 - losses, right)].map((spec) => ({ ...spec, group: name }));
}

async function rowsOf(
  specs: readonly CaseSpec[],
  policy: Partial<GatePolicy> = {},
): Promise<readonly GateRow[]> {
  return (await compareRuns(runsOf(specs), { policy: gateOf(policy), seed: 1 })).rows.shown;
}

describe('Rows that can fail the gate', () => {
  test('share its error rate by Holm’s method, and advisory ones do not', async () => {
    const specs = [...group('a', 6), ...group('b', 0), ...group('c', 6)];
    const rows = await rowsOf(specs, {
      groups: { c: 'advisory' },
      margin: { critical: 0.02, supporting: 0.05, advisory: 0.05 },
    });
    const harms = rows.map(({ tests }) => tests.harm);
    expect(harms.map((harm) => [harm?.adjustment, harm?.family, harm?.above])).toEqual([
      ['holm', 3, 0],
      ['holm', 3, 0.05],
      ['holm', 3, 0.05],
      ['benjamini_hochberg', 1, 0.05],
    ]);
    const [all, a, b, c] = harms;
    expect(all?.p_adjusted).toBeCloseTo(3 * (all?.p ?? NaN), 12);
    expect(a?.p_adjusted).toBeCloseTo(2 * (a?.p ?? NaN), 12);
    expect(b?.p_adjusted).toBeGreaterThanOrEqual(a?.p_adjusted ?? NaN);
    expect(c?.p_adjusted).toBe(c?.p);
  });

  test('are only those that are judged', async () => {
    const few = cases(5, { ...right, group: 'few' });
    const [all, , fewRow] = await rowsOf([...group('a', 2), ...few]);
    expect(all?.tests.harm?.family).toBe(2);
    expect(fewRow).toMatchObject({ verdict: 'inconclusive', tests: { harm: null } });
  });
});

test('What would settle a row is only said of rows that are inconclusive', async () => {
  const [all, a, b] = await rowsOf([...group('a', 3), ...group('b', 0)]);
  expect(all).toMatchObject({ verdict: 'inconclusive' });
  expect(all?.settle?.cases).toBeNull();
  expect(a).toMatchObject({ verdict: 'inconclusive' });
  expect(b).toMatchObject({ verdict: 'pass', settle: null });
  const [single] = await rowsOf(cases(60, { ...right, cluster: 'one' }));
  expect(single).toMatchObject({
    verdict: 'inconclusive',
    settle: null,
    reason: { code: 'insufficient_data' },
  });
});

test('Lost cases are counted by group, or over all cases where there are no groups', async () => {
  const policy = { max_lost_cases: 1, margin: { critical: null, supporting: null, advisory: null } };
  const verdicts = async (specs: readonly CaseSpec[]) =>
    (await rowsOf(specs, policy)).map(({ verdict }) => verdict);
  expect(await verdicts([...group('a', 2), ...group('b', 1)])).toEqual(['not_asked', 'fail', 'pass']);
  expect(await verdicts(cases(2, lost))).toEqual(['fail']);
});

describe('A report with very many rows', () => {
  test('shows all cases, then those that fail or cannot tell, in their order', async () => {
    const specs = Array.from({ length: 250 }, (_, i) => ({
      ...(i === 249 ? lost : right),
      group: `g${String(i).padStart(3, '0')}`,
    }));
    const { rows } = await compareRuns(runsOf(specs), { policy: gateOf({ max_lost_cases: 0 }), seed: 1 });
    expect(rows.total).toBe(251);
    expect(rows.shown).toHaveLength(200);
    expect(rows.shown[0]?.scope).toBe('all_cases');
    expect(rows.shown.at(-1)).toMatchObject({ group: 'g249', verdict: 'fail' });
  });

  test('keeps short lists as they are', async () => {
    const rows = await rowsOf(group('a', 1));
    expect(mostTelling(rows)).toEqual({ total: 2, shown: rows });
  });
});

test('worstGroup is the group with the most damage by the metric', async () => {
  const rows = await rowsOf([
    ...group('a', 2),
    ...group('b', 6),
    ...cases(1, { baseline: [null], candidate: [1], group: 'c' }),
  ]);
  expect(worstGroup(rows, metric)).toEqual({ group: 'b', damage: 0.1 });
  expect(worstGroup(rows, 'another')).toBeNull();
  expect(worstGroup(await rowsOf([right]), metric)).toBeNull();
});

test('unscoredIn counts cases that have no score on some side', async () => {
  const rows = await rowsOf([right, { baseline: [null], candidate: [1] }]);
  expect(unscoredIn(rows)).toMatchObject([
    {
      code: 'cases_unscored',
      text: '1 case of 2 has no score by exact on one side or both; figures leave such cases out',
    },
  ]);
  expect(unscoredIn(await rowsOf([right]))).toEqual([]);
});
