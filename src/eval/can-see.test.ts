import { expect, test } from 'vitest';
import { canSee, datasetSight } from './can-see.ts';

test('canSee says what a suite can see, and under which assumption', () => {
  const { damage, text } = canSee({ cases: 200, epochs: 3, confidence: 0.9 });
  expect(damage).toBeGreaterThan(0.03);
  expect(damage).toBeLessThan(0.08);
  expect(text).toMatch(
    /^200 cases in 3 epochs can see a loss of \d\.\d points or more 4 times out of 5, if 10 % of repeated answers are scored differently$/,
  );
});

test('canSee gains from more epochs, and from answers that waver less', () => {
  const seen = (epochs: number, flake_rate: number) =>
    canSee({ cases: 100, epochs, confidence: 0.9, flake_rate }).damage ?? NaN;
  expect(seen(3, 0.2)).toBeLessThan(seen(1, 0.2));
  expect(seen(1, 0.05)).toBeLessThan(seen(1, 0.2));
});

test('canSee admits when a suite sees nothing', () => {
  expect(canSee({ cases: 2, epochs: 1, confidence: 0.9 })).toEqual({
    damage: null,
    text: '2 cases in 1 epoch cannot tell any loss from chance, if 10 % of repeated answers are scored differently',
  });
});

test('A dataset sees less in each of its groups than in all of its cases, and more with more epochs', () => {
  const groups = [
    { group: 'billing', cases: 30 },
    { group: null, cases: 70 },
  ];
  const summary = { groups, clusters: 0, must_pass: 0, without_target: 0, targets: null };
  const sight = datasetSight({ cases: 120, summary });
  expect(sight).toMatchObject({
    cases: 120,
    epochs: 3,
    text: expect.stringContaining('120 cases in 3 epochs'),
  });
  expect(sight.groups.map(({ group }) => group)).toEqual(['billing', null]);
  const [few, many] = sight.groups.map(({ damage }) => damage ?? NaN);
  expect(few).toBeGreaterThan(many ?? NaN);
  expect(many).toBeGreaterThan(sight.damage ?? NaN);
  expect(datasetSight({ cases: 120, summary }, 10).damage).toBeLessThan(sight.damage ?? NaN);
});
