import { expect, test } from 'vitest';
import { changeOf, named, subjectOf } from './phrases.ts';

test('named gives some names and counts the rest', () => {
  expect(named({ total: 0, shown: [] })).toBe('');
  expect(named({ total: 2, shown: ['a', 'b'] })).toBe(' (a, b)');
  const many = Array.from({ length: 12 }, (_, i) => `${i}`);
  expect(named({ total: 30, shown: many })).toBe(' (0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 20 more)');
});

test('subjectOf names the metric only where there are several', () => {
  const row = { scope: 'group', group: 'billing', metric: 'exact' } as const;
  expect(subjectOf(row, ['exact'])).toBe('billing');
  expect(subjectOf(row, ['exact', 'judge'])).toBe('billing (exact)');
  expect(subjectOf({ ...row, group: null }, ['exact'])).toBe('The rest without a group');
  expect(subjectOf({ ...row, scope: 'all_cases', group: null }, ['exact'])).toBe('The whole dataset');
});

test('changeOf turns the interval with the direction of the change', () => {
  const limits = { confidence: 0.9, method: 'tango' } as const;
  expect(changeOf(0.04, { low: 0.01, high: 0.07, ...limits })).toBe(
    'fell by 4 points (90 % interval 1 to 7)',
  );
  expect(changeOf(-0.04, { low: -0.07, high: 0.01, ...limits })).toBe(
    'rose by 4 points (90 % interval -1 to 7)',
  );
  expect(changeOf(0, { low: -0.1, high: 0.1, ...limits })).toBe('did not change (90 % interval -10 to 10)');
});
