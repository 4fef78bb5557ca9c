import { expect, test } from 'vitest';
import type { EvalResultResponse } from '../../../src/api/eval-runs.ts';
import { answerText, findingOf, reasonOf, resultToShow } from './result-figures.ts';
import { inOrder } from './run-figures.ts';

const result = (epoch: number, value: number | null): EvalResultResponse =>
  ({
    ...{ epoch, status: 'done', error: null, reading: { ok: true, value: { team: 'auth' } } },
    scores: { exact: { value, reason: value === 1 ? null : 'it is not billing', hash: 'h' } },
  }) as unknown as EvalResultResponse;

const broken = {
  ...{ epoch: 9, status: 'error', scores: {}, reading: null, outcome: null },
  error: { kind: 'model', message: 'The model did not answer', session_id: null },
} as unknown as EvalResultResponse;

test('a result is right from half a score on, and is not wrong when nobody could tell', () => {
  expect([1, 0.5, 0.4, null].map((value) => findingOf(result(0, value), 'exact'))).toEqual([
    ...['right', 'right', 'wrong', 'unscored'],
  ]);
  expect(findingOf(result(0, 1), 'other')).toBe('unscored');
  expect(findingOf(broken, 'exact')).toBeNull();
});

test('what was read is shown, and why it scored so or why there is nothing', () => {
  expect(answerText(result(0, 0))).toBe('{"team":"auth"}');
  expect(reasonOf(result(0, 0), 'exact')).toBe('it is not billing');
  expect(reasonOf(result(0, 1), 'exact')).toBeNull();
  expect([answerText(broken), reasonOf(broken, 'exact')]).toEqual(['', 'The model did not answer']);
});

test('of several repetitions the first is shown that came out as looked for, or else the first', () => {
  const results = [result(0, 1), result(1, 0), result(2, 0)];
  expect(resultToShow(results, { metric: 'exact', prefers: 'wrong' })?.epoch).toBe(1);
  expect(resultToShow(results.slice(0, 1), { metric: 'exact', prefers: 'wrong' })?.epoch).toBe(0);
  expect(resultToShow([], { metric: 'exact', prefers: 'wrong' })).toBeUndefined();
});

test('of two runs the older version is the baseline, and of one version the older run', () => {
  const run = (agent_version: number, created_at: string) => ({ agent_version, created_at });
  const [one, two] = [run(1, '2026-01-02T00:00:00Z'), run(2, '2026-01-01T00:00:00Z')];
  expect(inOrder(two, one)).toEqual([one, two]);
  const later = run(1, '2026-01-03T00:00:00Z');
  expect(inOrder(later, one)).toEqual([one, later]);
});
