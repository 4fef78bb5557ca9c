import { expect, test } from 'vitest';
import { comparison, evalRun, runCounts } from '../../../test/eval-subjects.ts';
import { endingOf, failureOf, reuseRemarks } from './ending.ts';

test.each([
  ['pass', 0],
  ['fail', 1],
  ['inconclusive', 2],
  ['error', 3],
] as const)('A comparison that ends with %s ends the command with %i', (verdict, exit_code) => {
  expect(endingOf(comparison({ status: 'completed', verdict }))).toEqual({ exit_code, problem: null });
});

test('What is inconclusive may count as one or the other, and nothing else may', () => {
  const ended = (verdict: 'inconclusive' | 'fail' | 'pass' | 'error') =>
    (['pass', 'fail'] as const).map((as) => endingOf(comparison({ verdict }), as).exit_code);
  expect(ended('inconclusive')).toEqual([0, 1]);
  expect(ended('pass')).toEqual([0, 0]);
  expect(ended('fail')).toEqual([1, 1]);
  expect(ended('error')).toEqual([3, 3]);
});

test('A run alone is well when no session broke', () => {
  expect(endingOf(evalRun({ status: 'completed', counts: runCounts({ done: 60 }) }))).toEqual({
    exit_code: 0,
    problem: null,
  });
  const broken = evalRun({ status: 'completed', counts: runCounts({ done: 58, errors: 2 }) });
  expect(endingOf(broken)).toEqual({
    exit_code: 3,
    problem: expect.stringMatching(/^2 of 60 results are missing.*`pawl eval resume erun_b`/),
  });
});

test('What did not complete says why, where that is known', () => {
  expect(failureOf(evalRun({ status: 'completed' }))).toBeNull();
  expect(failureOf(evalRun({ status: 'canceled' }))).toBe('erun_b is canceled');
  expect(failureOf(comparison({ status: 'failed', error: 'It broke.' }))).toBe('cmp_a is failed: It broke.');
});

test('It is said of each run what of it was not run again', () => {
  const baseline = evalRun({ agent_version: 1, counts: runCounts({ done: 60, reused: 60 }) });
  expect(reuseRemarks(comparison({ baseline }))).toEqual([
    'Version 1: 60 of 60 results reused; --fresh runs them again.',
  ]);
});
