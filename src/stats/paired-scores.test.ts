import { describe, expect, test } from 'vitest';
import { augmentedTest } from './augmented.ts';
import { signTest } from './mcnemar.ts';
import { estimateMean, studentTest } from './mean.ts';
import { comparePairedScores } from './paired-scores.ts';
import { signFlip } from './permutation.ts';
import { signedRank } from './wilcoxon.ts';

/** Heights of Darwin's maize in eighths of an inch: self-fertilised plants stand in for the candidate. */
const maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
const darwin = { baseline: maize.map((one) => 140 + one), candidate: maize.map(() => 140) };
const asked = { level: 0.95, margin: 0, seed: 1 };

describe('Paired scores', () => {
  test("of Darwin's maize have all the published p-values at once", () => {
    const { damage, student, sign_flip, signed_rank, sign_test } = comparePairedScores(darwin, asked);
    expect(damage).toMatchObject({ status: 'estimated', df: 14 });
    expect(damage.mean).toBeCloseTo(20.933, 3);
    expect(student?.p_two_sided).toBeCloseTo(0.0497, 4);
    expect(sign_flip?.p_two_sided).toBeCloseTo(0.05267, 5);
    expect(signed_rank?.p_two_sided).toBeCloseTo(0.04126, 5);
    expect(sign_test.p_two_sided).toBeCloseTo(0.007385, 6);
  });

  test('are compared around a margin by every method', () => {
    const baseline = [0.9, 0.8, 1, 0.7, 0.95, 0.6, 0.85];
    const candidate = [0.85, 0.8, 0.9, 0.4, 0.9, 0.65, 0.8];
    const question = { level: 0.9, margin: 0.05, seed: 1 };
    const result = comparePairedScores({ baseline, candidate }, question);
    const values = baseline.map((score, i) => score - (candidate[i] ?? 0));
    const estimate = estimateMean({ values });
    if (estimate.status !== 'estimated') throw new Error('enough data');
    expect(result.student).toMatchObject(studentTest(estimate, question));
    expect(result.augmented).toEqual(augmentedTest({ values }, question));
    expect(result.sign_flip).toEqual(signFlip({ values }, question));
    // Three items lie at the margin itself, but for rounding; .05, .25 and two times less than it do not.
    expect(result.signed_rank).toEqual(signedRank([-0.05, 0.05, 0.25, -0.1]));
    expect(result.sign_test).toEqual(signTest({ worse: 2, better: 2 }));
    expect(result.bootstrap?.percentile.low).toBeLessThan(result.bootstrap?.percentile.high ?? 0);
    expect(result.bootstrap).toMatchObject({ resamples: 10_000, seed: 1 });
  });

  test('in clusters are compared cluster by cluster', () => {
    const baseline = [1, 1, 0, 1, 1, 1];
    const candidate = [0, 1, 0, 0.5, 0, 1];
    const clusters = ['a', 'a', 'b', 'b', 'c', 'c'];
    const weights = [1, 3, 1, 1, 1, 1];
    const { damage, sign_flip, signed_rank, sign_test, bootstrap } = comparePairedScores(
      { baseline, candidate, clusters, weights },
      asked,
    );
    expect(damage).toMatchObject({ units: 3, items: 6 });
    expect(damage.mean).toBeCloseTo((1 + 0.5 + 1) / 8, 14);
    expect(sign_flip?.units).toBe(3);
    expect(signed_rank).toEqual(signedRank([1 / 4, 0.25, 0.5]));
    expect(sign_test).toEqual(signTest({ worse: 3, better: 0 }));
    expect(bootstrap).not.toEqual(comparePairedScores({ baseline, candidate, weights }, asked).bootstrap);
  });

  test('hang together by the correlation of their errors', () => {
    const { standard_errors } = comparePairedScores(
      { baseline: [1, 2, 3, 4], candidate: [2, 4, 6, 8] },
      asked,
    );
    expect(standard_errors?.correlation).toBeCloseTo(1, 12);
    const flat = comparePairedScores({ baseline: [1, 1, 1], candidate: [0, 1, 1] }, asked);
    expect(flat.standard_errors).toMatchObject({ baseline: 0, correlation: null });
  });

  test('that are few say what they cannot answer', () => {
    const none = comparePairedScores({ baseline: [], candidate: [] }, asked);
    expect(none).toEqual({
      damage: expect.objectContaining({ status: 'not_enough_data', mean: null }),
      standard_errors: null,
      student: null,
      augmented: null,
      bootstrap: null,
      sign_flip: null,
      signed_rank: null,
      sign_test: { p_worse: 1, p_better: 1, p_two_sided: 1 },
    });
    const one = comparePairedScores({ baseline: [1], candidate: [0] }, asked);
    expect(one).toMatchObject({ standard_errors: null, student: null, bootstrap: null });
    expect(one.augmented).not.toBeNull();
    expect(one.sign_flip?.p_worse).toBe(0.5);
  });

  test('are augmented only where damages and the margin lie between −1 and 1', () => {
    expect(comparePairedScores(darwin, asked).augmented).toBeNull();
    const scores = { baseline: [1, 0], candidate: [0, 0] };
    expect(comparePairedScores(scores, asked).augmented).not.toBeNull();
    expect(comparePairedScores(scores, { ...asked, margin: 1 }).augmented).toBeNull();
  });

  test('have no BCa limit on a side that the resamples hardly know', () => {
    // One item in thirty improved, far more than the others: whether others would, the data cannot tell.
    const baseline = new Array<number>(30).fill(0);
    const candidate = baseline.map((_, i) => (i === 0 ? 1 : 0));
    const sure = { ...asked, level: 0.999 };
    expect(comparePairedScores({ baseline, candidate }, sure).bootstrap?.bca).toMatchObject({ low: null });
    expect(
      comparePairedScores({ baseline: candidate, candidate: baseline }, sure).bootstrap?.bca,
    ).toMatchObject({
      high: null,
    });
  });

  test('are resampled up to 5000 items', () => {
    const scores = (length: number) => ({
      baseline: Array.from({ length }, (_, i) => i % 7),
      candidate: new Array<number>(length).fill(0),
    });
    expect(comparePairedScores(scores(5000), asked).bootstrap?.resamples).toBe(2000);
    expect(comparePairedScores(scores(5001), asked).bootstrap).toBeNull();
  });

  test('must be as many under both versions', () => {
    expect(() => comparePairedScores({ baseline: [1, 2], candidate: [1] }, asked)).toThrow(
      'candidate: must have 2 entries, as baseline has',
    );
  });
});
