import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dirichletEvidence } from './dirichlet.ts';
import { mixingFor } from './normal-mixture.ts';
import { clopperPearson } from './proportion.ts';
import { rateSequence } from './rate-sequence.ts';

describe('The beta-binomial mixture', () => {
  // The unit test of confseq has it for steps of −g and h with g = 0.2 and h = 0.8, an intrinsic time of 100 and α = 0.05.
  // A sum s at the time v is then v/(gh) trials at a rate of g, of which v/g + s succeeded.
  const evidenceAt = (s: number): number => {
    const variance = 0.2 * 0.8;
    const { r } = mixingFor({ v: 100, alpha: 0.05 });
    const concentration = r / variance - 1;
    const trials = 100 / variance;
    const successes = 0.2 * trials + s;
    const shares = [0.2, 0.8];
    const prior = shares.map((share) => share * concentration);
    return dirichletEvidence({ counts: [successes, trials - successes], prior, shares });
  };

  test('is that of confseq, and so is its bound', () => {
    expect(evidenceAt(10)).toBeCloseTo(-0.6941012, 7);
    expect(evidenceAt(31.4308)).toBeCloseTo(Math.log(20), 5);
  });
});

describe('The interval of a rate that is watched', () => {
  test('of 700 in 1000 is that of confseq', () => {
    const { low, high } = rateSequence({ successes: 700, trials: 1000 }, { decide_at: 100 }) ?? {};
    expect(low).toBeCloseTo(0.651629, 5);
    expect(high).toBeCloseTo(0.745949, 5);
  });

  const proportion = fc
    .tuple(fc.nat(300), fc.nat(300))
    .map(([x, rest]) => ({ successes: x, trials: x + rest + 1 }));

  test('turns around with what counts as success, and is wider than one that is looked at once', () => {
    fc.assert(
      fc.property(proportion, fc.constantFrom(1, 10, 1000), ({ successes, trials }, decide_at) => {
        const one = rateSequence({ successes, trials }, { decide_at });
        const other = rateSequence({ successes: trials - successes, trials }, { decide_at });
        expect(other?.low).toBeCloseTo(1 - (one?.high ?? 0), 12);
        expect(other?.high).toBeCloseTo(1 - (one?.low ?? 0), 12);
        const once = clopperPearson({ successes, trials }, 0.9);
        expect(one?.low ?? 1).toBeLessThan(once?.low === 0 ? 1e-300 : (once?.low ?? 0));
        expect(one?.high ?? 0).toBeGreaterThanOrEqual(once?.high ?? 1);
      }),
    );
  });

  test('leaves the rate out at any of 200 looks with a chance of 5 % at most', () => {
    for (const rate of [0.1, 0.6]) {
      // The chance of each count among sequences that have kept the rate in so far.
      let within = [1];
      for (let trials = 1; trials <= 200; trials += 1) {
        within = Array.from({ length: trials + 1 }, (_, successes) => {
          const chance = (within[successes] ?? 0) * (1 - rate) + (within[successes - 1] ?? 0) * rate;
          if (chance < 1e-12) return 0;
          const { low = 0, high = 1 } = rateSequence({ successes, trials }, { decide_at: 100 }) ?? {};
          return low <= rate && rate <= high ? chance : 0;
        });
      }
      const kept = within.reduce((sum, chance) => sum + chance, 0);
      expect(kept).toBeGreaterThanOrEqual(0.95);
      expect(kept).toBeLessThan(1);
    }
  });

  test('goes to the ends where all succeed or none does, and is a number for many trials', () => {
    expect(rateSequence({ successes: 0, trials: 5 })?.low).toBe(0);
    expect(rateSequence({ successes: 5, trials: 5 })?.high).toBe(1);
    expect(rateSequence({ successes: 1, trials: 1 })).toEqual({ low: 0, high: 1 });
    expect(rateSequence({ successes: 0, trials: 1e9 })?.high).toBeLessThan(1e-8);
    const wide = rateSequence({ successes: 5e8, trials: 1e9 });
    expect((wide?.high ?? 0) - (wide?.low ?? 1)).toBeLessThan(2e-4);
    expect(rateSequence({ successes: 0, trials: 0 })).toBeNull();
  });

  test('refuses what is out of range', () => {
    expect(() => rateSequence({ successes: 2, trials: 1 })).toThrow('successes: ');
    expect(() => rateSequence({ successes: 0, trials: 1.5 })).toThrow('trials: ');
    expect(() => rateSequence({ successes: 0, trials: 1 }, { alpha: 0 })).toThrow('alpha: ');
    expect(() => rateSequence({ successes: 0, trials: 1 }, { decide_at: 0 })).toThrow('decide_at: ');
  });
});
