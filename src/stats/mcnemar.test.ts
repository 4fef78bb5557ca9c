import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mcnemar, type PairedTable, signTest } from './mcnemar.ts';

/** Complete response before and after consolidation therapy (Cavo et al. 2012). */
const cavo: PairedTable = { both_right: 59, harmful: 6, beneficial: 16, both_wrong: 80 };
/** Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009). */
const bentur: PairedTable = { both_right: 1, harmful: 1, beneficial: 7, both_wrong: 12 };

const differing = (harmful: number, beneficial: number): PairedTable => ({
  both_right: 0,
  harmful,
  beneficial,
  both_wrong: 0,
});

describe("McNemar's tests", () => {
  test('give for Cavo 2012 what the R package contingencytables gives', () => {
    const { p_exact, p_mid, asymptotic, corrected } = mcnemar(cavo);
    expect(asymptotic.z).toBeCloseTo(-2.132, 3);
    expect(asymptotic.p).toBeCloseTo(0.033006, 6);
    expect(corrected.z).toBeCloseTo(-1.919, 3);
    expect(corrected.p).toBeCloseTo(0.055009, 6);
    expect(p_exact).toBeCloseTo(0.052479, 6);
    expect(p_mid).toBeCloseTo(0.03469, 6);
  });

  test('give for Bentur 2009 what Fagerland, Lydersen & Laake 2013 print', () => {
    const { p_exact, p_mid, asymptotic, corrected } = mcnemar(bentur);
    expect(asymptotic.p).toBeCloseTo(0.0339, 4);
    expect(corrected.p).toBeCloseTo(0.0771, 4);
    expect(p_exact).toBeCloseTo(0.0703, 4);
    expect(p_mid).toBeCloseTo(0.0391, 4);
  });

  test('find harm, and only harm, on one side', () => {
    expect(mcnemar(differing(5, 0)).p_harm).toBeCloseTo(0.03125, 12);
    expect(mcnemar(differing(9, 3)).p_harm).toBeCloseTo(0.072998, 6);
    expect(mcnemar(differing(0, 5)).p_harm).toBe(1);
    expect(mcnemar(differing(60, 0)).p_harm / 2 ** -60).toBeCloseTo(1, 12);
  });

  test('have nothing to say when no item differs', () => {
    const none = { z: null, p: null };
    expect(mcnemar({ both_right: 9, harmful: 0, beneficial: 0, both_wrong: 3 })).toEqual({
      p_harm: 1,
      p_exact: 1,
      p_mid: 0.5,
      asymptotic: none,
      corrected: none,
    });
  });

  test('take half of the observed table from 1 when both directions are equally frequent', () => {
    // 1 − ½·C(6, 3)/2⁶.
    const even = mcnemar(differing(3, 3));
    expect(even.p_exact).toBe(1);
    expect(even.p_mid).toBeCloseTo(1 - 10 / 64, 12);
    expect(even.corrected).toEqual({ z: 0, p: 1 });
  });

  const count = fc.nat(500);

  test('turn around with the versions', () => {
    fc.assert(
      fc.property(count, count, (harmful, beneficial) => {
        const one = mcnemar(differing(harmful, beneficial));
        const other = mcnemar(differing(beneficial, harmful));
        expect(other.p_exact).toBeCloseTo(one.p_exact, 12);
        expect(other.p_mid).toBeCloseTo(one.p_mid, 12);
        expect(other.asymptotic.p ?? 0).toBeCloseTo(one.asymptotic.p ?? 0, 12);
        expect((other.asymptotic.z ?? 0) + (one.asymptotic.z ?? 0)).toBe(0);
        for (const p of [one.p_harm, one.p_exact, one.p_mid, one.corrected.p ?? 1]) {
          expect(p >= 0 && p <= 1).toBe(true);
        }
        expect(one.p_mid).toBeLessThanOrEqual(one.p_exact);
        expect(one.corrected.p ?? 1).toBeGreaterThanOrEqual(one.asymptotic.p ?? 1);
      }),
    );
  });

  test('grow surer with every harmful flip', () => {
    fc.assert(
      fc.property(count, count, (harmful, beneficial) => {
        const before = mcnemar(differing(harmful, beneficial)).p_harm;
        expect(mcnemar(differing(harmful + 1, beneficial)).p_harm).toBeLessThanOrEqual(before);
      }),
    );
  });

  test.each(['both_right', 'harmful', 'beneficial', 'both_wrong'] as const)(
    'want a count for %s',
    (field) => {
      for (const value of [-1, 0.5, NaN, 2e8]) {
        expect(() => mcnemar({ ...cavo, [field]: value })).toThrow(`${field}: must be a whole number`);
      }
    },
  );
});

describe('The sign test', () => {
  test("of Darwin's maize, 13 of 15, gives .007385", () => {
    expect(signTest({ worse: 13, better: 2 }).p_two_sided).toBeCloseTo(0.007385, 6);
  });

  test('has tails that share the observed count', () => {
    const { p_worse, p_better } = signTest({ worse: 1, better: 1 });
    expect([p_worse, p_better]).toEqual([0.75, 0.75]);
    expect(signTest({ worse: 0, better: 0 })).toEqual({ p_worse: 1, p_better: 1, p_two_sided: 1 });
  });

  test('wants counts', () => {
    expect(() => signTest({ worse: -1, better: 0 })).toThrow('worse: ');
    expect(() => signTest({ worse: 1, better: 0.5 })).toThrow('better: ');
  });
});
