import { describe, expect, test } from 'vitest';
import { capped, pairRuns } from './pairing.ts';
import { caseOf, runOf } from './runs.testsuite.ts';

const one = (case_id: string, case_hash = case_id) => caseOf(0, { case_id, case_hash }, [1]);

describe('pairRuns', () => {
  test('sets cases against each other by id, in the order of the candidate', () => {
    const baseline = runOf([one('a'), one('b')]);
    const candidate = runOf([one('b'), one('a')]);
    const { pairs, pairing } = pairRuns({ baseline, candidate });
    expect(pairs.map((pair) => [pair.baseline.case_id, pair.candidate.case_id])).toEqual([
      ['b', 'b'],
      ['a', 'a'],
    ]);
    expect(pairing).toMatchObject({ common: 2, changed: { total: 0 }, only_baseline: { total: 0 } });
  });

  test('leaves out what changed and what only one side has, and says so', () => {
    const baseline = runOf([one('same'), one('edited', 'before'), one('gone')]);
    const candidate = runOf([one('same'), one('edited', 'after'), one('new')]);
    const { pairs, without_baseline, without_candidate, pairing } = pairRuns({ baseline, candidate });
    expect(pairs).toHaveLength(1);
    expect(without_baseline.map(({ case_id }) => case_id)).toEqual(['edited', 'new']);
    expect(without_candidate.map(({ case_id }) => case_id)).toEqual(['gone']);
    expect(pairing).toEqual({
      common: 1,
      changed: { total: 1, shown: ['edited'] },
      only_baseline: { total: 1, shown: ['gone'] },
      only_candidate: { total: 1, shown: ['new'] },
    });
  });
});

test('capped keeps the beginning of a list and its length', () => {
  expect(capped([1, 2, 3], 2)).toEqual({ total: 3, shown: [1, 2] });
  expect(capped(Array.from({ length: 300 }, () => 0)).shown).toHaveLength(200);
});
