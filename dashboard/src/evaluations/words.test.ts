import { expect, test } from 'vitest';
import type { GateReport, GateRow } from './answers.ts';
import { lossChart } from './chart-rows.ts';
import { changeText, headline, pointsText, sideTexts } from './words.ts';

const side = (agent_version: number, agent_id = 'agent_1') =>
  ({ agent_id, agent_version }) as GateReport['baseline'];

test('points have one decimal at most, and a real minus', () => {
  expect([0.0449, 0.1, 0, -0.125, -0.0001].map(pointsText)).toEqual(['4.5', '10', '0', '−12.5', '0']);
});

test('a change has its sign, and none where there is none', () => {
  expect([2, -2, 0].map((value) => changeText(value, (one) => `${one} s`))).toEqual([
    '+2 s',
    '−2 s',
    'the same',
  ]);
});

test('two sides are told apart by their versions, and by more where that is not enough', () => {
  expect(sideTexts({ baseline: side(1), candidate: side(2) })).toEqual(['version 1', 'version 2']);
  expect(sideTexts({ baseline: side(1), candidate: side(1) })).toEqual([
    'version 1, before',
    'version 1, after',
  ]);
  expect(sideTexts({ baseline: side(1), candidate: side(1, 'agent_2') })).toEqual([
    ...['version 1 (baseline)', 'version 1 (candidate)'],
  ]);
});

test('every verdict is one sentence', () => {
  const said = (['pass', 'fail', 'inconclusive', 'error'] as const).map((verdict) =>
    headline({ verdict, baseline: side(1), candidate: side(2) }),
  );
  expect(new Set(said).size).toBe(4);
  for (const sentence of said) expect(sentence).toMatch(/^(Version 2|It is).* version \d.*\.$/);
});

test('losses are drawn around no change, as far as the widest interval or margin goes', () => {
  const row = (group: string, damage: [number, number, number] | null): GateRow =>
    ({
      ...{ scope: 'group', group, margin: 0.05 },
      damage: damage && { mean: damage[0], interval: { low: damage[1], high: damage[2] } },
    }) as unknown as GateRow;
  const chart = lossChart([row('billing', [0.02, -0.03, 0.07]), row('auth', null)]);
  expect(chart.domain).toEqual([-0.1, 0.1]);
  expect(chart.marks.map(({ label }) => label)).toEqual(['10 better', 'no change', '10 worse']);
  expect(chart.rows).toEqual([
    { label: 'billing', intervals: [{ value: 0.02, low: -0.03, high: 0.07 }], limit: 0.05 },
  ]);
  expect(lossChart([row('billing', [0.6, 0.1, 0.9])]).domain).toEqual([-1, 1]);
});
