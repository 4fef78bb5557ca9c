import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mixingFor, normalMixture, normalMixtureBounds } from './normal-mixture.ts';

/** Twice 5 % on one side is what is tuned for 5 %. */
const twoSided = mixingFor({ v: 100, alpha: 0.05 });
const oneSided = mixingFor({ v: 100, alpha: 0.1 });

describe('The normal mixture', () => {
  // From the unit tests of confseq, for an intrinsic time of 100 and α = 0.05.
  test('of two sides is that of confseq', () => {
    expect(twoSided.r).toBeCloseTo(12.60056, 5);
    expect(normalMixture({ s: 10, v: 100 }, twoSided).two_sided).toBeCloseTo(-0.6510052, 7);
    expect(normalMixtureBounds(100, { ...twoSided, alpha: 0.05 }).two_sided).toBeCloseTo(30.35209, 5);
  });

  test('of one side is that of confseq', () => {
    expect(normalMixture({ s: 10, v: 100 }, oneSided).one_sided).toBeCloseTo(-0.06502391, 8);
    expect(normalMixtureBounds(100, { ...oneSided, alpha: 0.05 }).one_sided).toBeCloseTo(27.66071, 5);
  });

  const s = fc.double({ min: -1000, max: 1000, noNaN: true });
  const v = fc.double({ min: 0, max: 10_000, noNaN: true });
  const r = fc.double({ min: 1, max: 10_000, noNaN: true });

  test('of two sides is made of both single sides', () => {
    fc.assert(
      fc.property(s, v, r, (sum, time, mixing) => {
        const up = normalMixture({ s: sum, v: time }, { r: mixing });
        const down = normalMixture({ s: -sum, v: time }, { r: mixing });
        expect(down.two_sided).toBe(up.two_sided);
        const halves = (Math.exp(up.one_sided - up.two_sided) + Math.exp(down.one_sided - up.two_sided)) / 2;
        expect(halves).toBeCloseTo(1, 9);
        if (sum > 1e-9) expect(up.one_sided).toBeGreaterThan(down.one_sided);
      }),
    );
  });

  test('comes to 1/α exactly at its bounds, the single one being nearer', () => {
    fc.assert(
      fc.property(v, r, fc.constantFrom(0.5, 0.05, 1e-6), (time, mixing, alpha) => {
        const bounds = normalMixtureBounds(time, { r: mixing, alpha });
        const at = (sum: number) => normalMixture({ s: sum, v: time }, { r: mixing });
        expect(at(bounds.two_sided).two_sided).toBeCloseTo(-Math.log(alpha), 9);
        expect(at(bounds.one_sided).one_sided).toBeCloseTo(-Math.log(alpha), 9);
        expect(bounds.one_sided).toBeLessThan(bounds.two_sided);
      }),
    );
  });

  test('is tuned where the bound is narrowest', () => {
    const bound = (factor: number): number =>
      normalMixtureBounds(100, { r: twoSided.r * factor, alpha: 0.05 }).two_sided;
    for (const factor of [0.5, 0.9, 1.1, 2]) expect(bound(1)).toBeLessThan(bound(factor));
  });

  test('is a number however far out', () => {
    for (const sum of [-1e150, -1e9, 1e9, 1e150]) {
      const { two_sided, one_sided } = normalMixture({ s: sum, v: 1 }, { r: 1 });
      expect(Number.isFinite(two_sided) && Number.isFinite(one_sided)).toBe(true);
    }
    expect(normalMixtureBounds(1e150, { r: 1, alpha: 1e-300 }).one_sided).toBeLessThan(1e80);
  });

  test('refuses what is out of range', () => {
    expect(() => normalMixture({ s: Number.NaN, v: 1 }, { r: 1 })).toThrow('s: ');
    expect(() => normalMixture({ s: 0, v: -1 }, { r: 1 })).toThrow('v: ');
    expect(() => normalMixture({ s: 0, v: 1 }, { r: 0 })).toThrow('r: ');
    expect(() => normalMixtureBounds(-1, { r: 1, alpha: 0.1 })).toThrow('v: ');
    expect(() => normalMixtureBounds(1, { r: 0, alpha: 0.1 })).toThrow('r: ');
    expect(() => normalMixtureBounds(1, { r: 1, alpha: 1 })).toThrow('alpha: ');
    expect(() => mixingFor({ v: 0, alpha: 0.1 })).toThrow('v: ');
    expect(() => mixingFor({ v: 1, alpha: 0 })).toThrow('alpha: ');
  });
});
