import { expect, test } from 'vitest';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { earliestStep, stepNeeds } from './step-needs.ts';

type Check = RolloutResponse['evidence']['checks'][number];

const start = Date.parse('2026-11-23T12:00:00Z');
const arm = { units: 0, mean: null };
const failures: Check = {
  ...{ metric: 'failures', kind: 'guardrail', margin: 0.05, alpha: 0.05, status: 'open', p: null },
  ...{ harm: { estimate: null, low: null, high: null }, control: arm, canary: arm },
};

function at(
  step: number,
  changes: { readonly canary?: number; readonly checks?: Check[] } = {},
): Parameters<typeof stepNeeds>[0] {
  const hold = { min_seconds: 3600, min_sessions: 50, approval: false };
  const none = { control: 0, canary: 0 };
  return {
    step,
    step_since: '2026-11-23T12:00:00Z',
    pause: null,
    settings: {
      steps: [
        { weight: 10, ...hold },
        { weight: 50, ...hold, min_seconds: 0, approval: true },
        { weight: 100, min_seconds: 0, min_sessions: 0, approval: false },
      ],
      ...{ guardrails: [], signals: [], scorers: [], alpha: 0.05, look_seconds: 10 },
      ...{ on_rollback: 'drain', patience_seconds: 60 },
    },
    evidence: {
      sessions: [{ weight: 10, control: 90, canary: changes.canary ?? 12 }],
      ...{ units: none, excluded: none, sample_ratio: { p: 1 }, checks: changes.checks ?? [failures] },
    },
  };
}

test('a step says what time and sessions it needs, and what of that is there', () => {
  expect(stepNeeds(at(1), start + 600_000)).toEqual([
    { text: 'lasts 1 h at least, 50 min are left', isThere: false },
    { text: '50 sessions of the candidate at least, 12 so far', isThere: false },
  ]);
  expect(stepNeeds(at(1, { canary: 51 }), start + 3_600_000).every(({ isThere }) => isThere)).toBe(true);
  expect(earliestStep(at(1))).toBe(start + 3_600_000);
});

test('the last step before the end needs evidence of every guardrail, and a person where that is asked for', () => {
  const needs = stepNeeds(at(2), start);
  expect(needs.map(({ text }) => text)).toEqual([
    '50 sessions of the candidate at least, 0 so far',
    'evidence that it is no worse in: failures',
    'somebody approves it',
  ]);
  const shown = stepNeeds(at(2, { checks: [{ ...failures, status: 'safe' }] }), start);
  expect(shown[1]?.isThere).toBe(true);
});

test('at the end there is nothing to wait for', () => {
  expect(stepNeeds(at(3), start)).toEqual([]);
  expect(earliestStep(at(3))).toBeNull();
});
