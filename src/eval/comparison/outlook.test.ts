import { describe, expect, test } from 'vitest';
import { columnsOf } from './columns.ts';
import { slicesOf } from './observed.ts';
import { noiseOf, noisyWithin, seenDamage, settleOf } from './outlook.ts';
import { pairRuns } from './pairing.ts';
import { type CaseSpec, cases, metric, runsOf } from './runs.testsuite.ts';

const columns = (specs: readonly CaseSpec[]) =>
  columnsOf(slicesOf(pairRuns(runsOf(specs)).pairs, metric)[0].observed);

describe('seenDamage', () => {
  test('shrinks with more cases and grows with noise', () => {
    const seen = (size: number, noise: number) => seenDamage({ cases: size, noise, level: 0.9 }) ?? NaN;
    expect(seen(400, 0.1)).toBeLessThan(seen(100, 0.1));
    expect(seen(100, 0.1)).toBeLessThan(seen(100, 0.3));
    // Connor's formula by hand: harm .133 against nothing takes (1.645·√.133 + .842·√(.133 − .133²))² / .133² = 45 cases.
    expect(seen(45, 0)).toBeCloseTo(0.133, 2);
  });

  test.each([
    ['one case', 1, 0.1],
    ['no case', 0, 0],
    ['nothing but noise', 1000, 1],
  ])('is null with %s', (_what, size, noise) => {
    expect(seenDamage({ cases: size, noise, level: 0.9 })).toBeNull();
  });
});

describe('noiseOf', () => {
  test('is the variance of the differences', () => {
    const some = columns([...cases(3, { baseline: [1], candidate: [1] }), { baseline: [1], candidate: [0] }]);
    expect(noiseOf(some)).toBeCloseTo(0.25, 12);
  });

  test('is null for a single unit', () => {
    expect(noiseOf(columns([{ baseline: [1], candidate: [1] }]))).toBeNull();
  });
});

describe('noisyWithin', () => {
  test('sees that epochs differ where cases do not', () => {
    const wavering = columns([...cases(10, { baseline: [1, 0], candidate: [0, 1] })]);
    expect(noisyWithin(wavering, 0.1)).toBe(true);
    const steady = columns([
      ...cases(9, { baseline: [1, 1], candidate: [1, 1] }),
      { baseline: [1, 1], candidate: [0, 0] },
    ]);
    expect(noisyWithin(steady, noiseOf(steady) ?? NaN)).toBe(false);
  });

  test('cannot tell with one epoch', () => {
    expect(noisyWithin(columns(cases(3, { baseline: [1], candidate: [0] })), 0.1)).toBe(false);
  });
});

describe('settleOf', () => {
  const row = {
    cases: 100,
    damage: 0,
    noise: 0.1,
    margin: 0.05,
    within: false,
    least_cases: 50,
    level: 0.9,
    more_epochs: false,
  };

  test('names about how many cases would do', () => {
    // (1.645 + .842)² · .1 / .05² = 247.3.
    expect(settleOf(row)).toEqual({
      cases: 250,
      more_epochs: false,
      text: 'About 250 cases would settle it, if things go on like this; there are 100.',
    });
  });

  test('expects an improvement to go on', () => {
    // (1.645 + .842)² · .2 / (.02 + .25)² = 17, which is fewer than are judged at all.
    const gain = { ...row, cases: 20, damage: -0.25, noise: 0.2, margin: 0.02 };
    expect(settleOf(gain).text).toBe(
      'About 50 cases would settle it, if things go on like this; there are 20.',
    );
    // (1.645 + .842)² · .1 / (.05 + .01)² = 171.7.
    expect(settleOf({ ...row, damage: -0.01 }).cases).toBe(180);
  });

  test('wants the least number of cases and no more where the interval is within the margin', () => {
    expect(settleOf({ ...row, cases: 49, within: true }).cases).toBe(50);
  });

  test('says that no number will do when the loss is above the margin', () => {
    const settled = settleOf({ ...row, damage: 0.06, more_epochs: true });
    expect(settled.cases).toBeNull();
    expect(settled.text).toMatch(
      /^What was seen, 6 points, is not within the 5 .* more epochs help as well\.$/,
    );
    expect(settleOf({ ...row, margin: 0 }).cases).toBeNull();
  });

  test('wants enough cases to bound what nobody has seen, and no fewer than the policy', () => {
    // Tango's limit without a flip comes under .05 from 2.706 · .95 / .05 = 51.4 cases on.
    expect(settleOf({ ...row, noise: 0, cases: 20, least_cases: 20 }).cases).toBe(52);
    expect(settleOf({ ...row, noise: 0, cases: 20, least_cases: 80 }).cases).toBe(80);
    expect(settleOf({ ...row, noise: 0, cases: 90 }).cases).toBe(91);
  });
});
