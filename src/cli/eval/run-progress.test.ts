import { expect, test } from 'vitest';
import { runCounts as counts } from '../../../test/eval-subjects.ts';
import { progressLine, progressSentence } from './run-progress.ts';

const half = counts({
  done: 28,
  errors: 2,
  reused: 10,
  cost_usd: 0.0123,
  scores: { exact: { sum: 21, count: 28, unscored: 0 }, length: { sum: 0, count: 0, unscored: 28 } },
});

test('A line has the bar, the means, what it took, and how long the rest may take', () => {
  const progress = { version: 2, counts: half, elapsed_ms: 20_000, settled_before: 0 };
  expect(progressLine(progress, 200)).toBe(
    'v2 [##########..........] 30/60  exact 0.75  10 reused  2 errors  $0.0123  20 s  about 30 s left',
  );
});

test('Only what was settled since the watching began tells how long the rest takes', () => {
  const progress = { version: 2, counts: half, elapsed_ms: 20_000, settled_before: 15 };
  expect(progressLine(progress, 200)).toContain('about 2 min 00 s left');
  expect(progressLine({ ...progress, settled_before: 18 }, 200)).not.toContain('left');
});

test('A run that is done has nothing left, and an empty one has an empty bar', () => {
  const done = counts({ done: 60 });
  expect(progressLine({ version: 1, counts: done, elapsed_ms: 3_723_000, settled_before: 0 }, 200)).toBe(
    'v1 [####################] 60/60  1 h 02 min',
  );
  const empty = counts({ total: 0 });
  expect(progressLine({ version: 1, counts: empty, elapsed_ms: 0, settled_before: 0 }, 200)).toBe(
    'v1 [....................] 0/0  0 s',
  );
});

test('A line is never wider than its screen', () => {
  const progress = { version: 2, counts: half, elapsed_ms: 20_000, settled_before: 0 };
  for (const width of [0, 1, 40, 79]) {
    expect(progressLine(progress, width).length).toBeLessThanOrEqual(width);
  }
});

test('In a log it is a sentence', () => {
  expect(progressSentence({ version: 2, counts: half })).toBe(
    'Version 2: 30 of 60, exact 0.75, 10 reused, 2 errors, $0.0123',
  );
  const dear = counts({ done: 1, errors: 1, cost_usd: 12.3 });
  expect(progressSentence({ version: 1, counts: dear })).toBe('Version 1: 2 of 60, 1 error, $12.30');
  expect(progressSentence({ version: 1, counts: counts({ cost_usd: null }) })).toBe('Version 1: 0 of 60');
});
