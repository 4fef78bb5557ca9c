import { expect, test } from 'vitest';
import { eventNumbers } from './event-numbers.ts';

test('an event tells the sessions and means that it was decided on', () => {
  const check = { metric: 'failures', kind: 'guardrail', margin: 0.05, alpha: 0.05, status: 'broken' };
  const data = {
    sessions: [
      { weight: 5, control: 40, canary: 2 },
      { weight: 10, control: 18, canary: 3 },
    ],
    checks: [
      { ...check, p: 0.0004, control: { units: 58, mean: 0 }, canary: { units: 5, mean: 0.6 } },
      {
        ...check,
        metric: 'cost',
        p: null,
        control: { units: 0, mean: null },
        canary: { units: 0, mean: null },
      },
    ],
  };
  expect(eventNumbers({ data })).toEqual([
    '5 sessions of the candidate, 58 of control',
    'Failures: 60.0 % against 0.0 % (p below 0.001)',
  ]);
});

test('an event without evidence has no numbers', () => {
  expect([null, { accepted: ['cost'] }, 'text'].map((data) => eventNumbers({ data }))).toEqual([[], [], []]);
});
