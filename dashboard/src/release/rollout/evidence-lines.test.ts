import { expect, test } from 'vitest';
import { evidenceLines, trafficLines } from './evidence-lines.ts';

const nothing = { control: 0, canary: 0 };
const point = { weight: 5, step: 1, units: nothing, sample_ratio: { p: 1 } };
const series = {
  checks: [{ metric: 'cost', kind: 'signal', margin: 0.25, alpha: 0.05 }],
  points: [
    { ...point, look: 1, at: '2026-11-23T12:00:00Z', sessions: nothing, checks: [] },
    {
      ...{ ...point, look: 2, at: '2026-11-23T12:00:10Z', sessions: { control: 9, canary: 1 } },
      checks: [{ metric: 'cost', status: 'open', estimate: 0.1, low: -0.2, high: 0.6, p: 0.4 }],
    },
  ],
} as const;

test('what is watched has its estimate, both bounds and its margin at each look, and nothing where nothing was known', () => {
  const lines = evidenceLines(series, 'cost');
  expect(lines?.times).toEqual(['2026-11-23T12:00:00Z', '2026-11-23T12:00:10Z']);
  expect(lines?.harm.map(({ look, values }) => [look, values])).toEqual([
    ['value', [null, 0.1]],
    ['bound', [null, -0.2]],
    ['bound', [null, 0.6]],
    ['limit', [null, 0.25]],
  ]);
  expect(lines?.chance[0]?.values).toEqual([null, 0.4]);
  expect(evidenceLines(series, 'tokens')).toBeNull();
});

test('the sessions of both versions are drawn together', () => {
  expect(trafficLines(series).map(({ values }) => values)).toEqual([
    [0, 1],
    [0, 9],
  ]);
});
