import { expect, test } from 'vitest';
import { readWatch, usualWatch } from './watch-draft.ts';

test('what is proposed is what the server takes when nothing is said', () => {
  expect(readWatch(usualWatch())).toEqual({
    guardrails: [{ metric: 'failures', margin: 0.05 }],
    signals: [
      { metric: 'refusals', margin: 0.05 },
      { metric: 'latency', margin: 0.25 },
      { metric: 'cost', margin: 0.25 },
    ],
  });
});

test('a margin that is no number is refused where it counts, and so is a rollout without guardrails', () => {
  const drafts = usualWatch();
  const broken = drafts.map((one) => (one.metric === 'latency' ? { ...one, margin: '' } : one));
  expect(readWatch(broken)).toContain('margin of latency');
  expect(
    readWatch(broken.map((one) => ({ ...one, kind: one.metric === 'latency' ? 'none' : one.kind }))),
  ).toHaveProperty('guardrails');
  expect(readWatch(drafts.map((one) => ({ ...one, kind: 'signal' })))).toContain('One guardrail');
});
