import { describe, expect, test } from 'vitest';
import { crossingChances, obrienFlemingBounds, pocockBounds } from './group-sequential.ts';
import { normalQuantile, normalTails } from './normal.ts';

const fixed = -normalQuantile(0.025);
const five = { looks: 5, alpha: 0.05 };

describe('Looking often', () => {
  // Armitage, McPherson & Rowe 1969.
  test.each([
    [1, 0.05],
    [2, 0.083],
    [3, 0.107],
    [4, 0.126],
    [5, 0.142],
    [10, 0.193],
    [20, 0.248],
  ])('%d times with a test for one look raises its error rate to %d', (looks, expected) => {
    expect(crossingChances(new Array<number>(looks).fill(fixed)).at(-1)).toBeCloseTo(expected, 3);
  });

  test('adds to the chance with every look, and what it adds is computed to many digits', () => {
    const chances = crossingChances([2, 2, 2]);
    expect(chances[0]).toBeCloseTo(2 * normalTails(2).upper, 13);
    expect(chances).toEqual(chances.toSorted((a, b) => a - b));
    // The chance that |Z₁| > 2 or |Z₁ + Z₂| > 2√2, by integration with mpmath.
    expect(chances[1]).toBeCloseTo(0.07597316058053606, 12);
  });

  test('with bounds that nothing reaches raises none', () => {
    expect(crossingChances(new Array<number>(20).fill(40)).at(-1)).toBeCloseTo(0, 11);
    // Only the last look can stop; its chance is that of one look, however the sum got there.
    const last = crossingChances([...new Array<number>(19).fill(40), fixed]).at(-1);
    expect(last).toBeCloseTo(0.05, 11);
  });
});

describe('Planned looks', () => {
  test('have the bounds that textbooks print', () => {
    const pocock = pocockBounds(five);
    expect(pocock.constant).toBeCloseTo(2.413, 3);
    expect(new Set(pocock.bounds)).toEqual(new Set([pocock.constant]));
    const obf = obrienFlemingBounds(five);
    expect(obf.constant).toBeCloseTo(2.04, 3);
    for (const [i, expected] of [4.562, 3.226, 2.634, 2.281, 2.04].entries()) {
      expect(obf.bounds[i]).toBeCloseTo(expected, 3);
    }
    expect(pocockBounds({ looks: 1, alpha: 0.05 }).constant).toBeCloseTo(fixed, 12);
    // Jennison & Turnbull 2000.
    expect(pocockBounds({ looks: 10, alpha: 0.05 }).constant).toBeCloseTo(2.555, 3);
    expect(obrienFlemingBounds({ looks: 10, alpha: 0.05 }).constant).toBeCloseTo(2.087, 3);
    expect(pocockBounds({ looks: 2, alpha: 0.01 }).constant).toBeCloseTo(2.772, 3);
  });

  test('keep the error rate over all of them', () => {
    for (const looks of [1, 2, 7, 20]) {
      for (const bounds of [pocockBounds, obrienFlemingBounds].map(
        (of) => of({ looks, alpha: 0.01 }).bounds,
      )) {
        expect(crossingChances(bounds).at(-1)).toBeCloseTo(0.01, 12);
      }
    }
  });

  test('are 1 to 20', () => {
    for (const looks of [0, 21, 1.5]) expect(() => pocockBounds({ looks, alpha: 0.05 })).toThrow('looks: ');
    expect(() => obrienFlemingBounds({ looks: 5, alpha: 0 })).toThrow('alpha: ');
    expect(() => crossingChances([])).toThrow('bounds: must have 1 to 20 entries');
    expect(() => crossingChances(new Array<number>(21).fill(2))).toThrow('bounds: ');
    expect(() => crossingChances([2, 0])).toThrow('bounds.1: ');
  });
});
