import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fisherExact, newcombe, type TwoProportions } from './two-proportions.ts';

const rates = (successes: number, trials: number, others: number, otherTrials: number): TwoProportions => ({
  first: { successes, trials },
  second: { successes: others, trials: otherTrials },
});
const proportion = fc.tuple(fc.nat(40), fc.nat(40)).map(([x, rest]) => ({ successes: x, trials: x + rest }));
const both = fc.record({ first: proportion, second: proportion });

describe("Newcombe's interval", () => {
  test('for 7 in 34 against 1 in 34 is that of the R package contingencytables', () => {
    const { difference, low, high } = newcombe(rates(7, 34, 1, 34), 0.95) ?? {};
    expect(difference).toBeCloseTo(0.1765, 4);
    expect(low).toBeCloseTo(0.0189, 4);
    expect(high).toBeCloseTo(0.3404, 4);
  });

  test('turns around with the two rates, and stays between −1 and 1', () => {
    fc.assert(
      fc.property(both, fc.double({ min: 0.5, max: 0.999, noNaN: true }), ({ first, second }, level) => {
        const one = newcombe({ first, second }, level);
        const other = newcombe({ first: second, second: first }, level);
        expect(other === null).toBe(one === null);
        if (one === null) return;
        expect(other?.low).toBeCloseTo(-one.high, 12);
        expect(one.low).toBeGreaterThanOrEqual(-1 - 1e-12);
        expect(one.low).toBeLessThanOrEqual(one.difference);
        expect(one.high).toBeGreaterThanOrEqual(one.difference);
      }),
    );
  });

  test('does not exist where one side has no trials', () => {
    expect(newcombe(rates(0, 0, 1, 2), 0.95)).toBeNull();
    expect(newcombe(rates(1, 2, 0, 0), 0.95)).toBeNull();
  });
});

describe("Fisher's exact test", () => {
  test('of 0 and 16 against 15 and 57 gives what the R package contingencytables gives', () => {
    expect(fisherExact(rates(0, 16, 15, 72))).toBeCloseTo(0.06287, 5);
  });

  test("gives for convicts' twins and for tea what R's documentation of fisher.test has", () => {
    expect(fisherExact(rates(2, 12, 15, 18))).toBeCloseTo(0.0005367, 7);
    expect(fisherExact(rates(3, 4, 1, 4))).toBeCloseTo(0.4857, 4);
  });

  test('is the same whichever way the table is turned, and a share', () => {
    fc.assert(
      fc.property(both, ({ first, second }) => {
        const p = fisherExact({ first, second });
        expect(p > 0 && p <= 1).toBe(true);
        expect(fisherExact({ first: second, second: first })).toBeCloseTo(p, 11);
        const failures = (one: typeof first) => ({
          successes: one.trials - one.successes,
          trials: one.trials,
        });
        expect(fisherExact({ first: failures(first), second: failures(second) })).toBeCloseTo(p, 11);
      }),
    );
  });

  test('finds no difference where there is nothing to compare', () => {
    expect(fisherExact(rates(0, 0, 0, 0))).toBe(1);
    expect(fisherExact(rates(0, 5, 0, 7))).toBe(1);
    expect(fisherExact(rates(5, 5, 7, 7))).toBe(1);
    expect(fisherExact(rates(0, 0, 3, 7))).toBe(1);
  });

  test('wants counts that it can look through', () => {
    expect(() => fisherExact(rates(3, 2, 1, 2))).toThrow('successes: ');
    expect(() => fisherExact(rates(1, 2, 1, 200_000))).toThrow('second.trials: must be a whole number');
  });
});
