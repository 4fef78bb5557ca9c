import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Arm, LiveMetric } from '../../core/rollout.ts';
import { confidenceSequence } from '../../stats/confidence-sequence.ts';
import { createRandom, randomBelow, randomShare } from '../../stats/random.ts';
import { rateSequence } from '../../stats/rate-sequence.ts';
import { countSession, type LiveEvidence, noEvidenceYet, type UnitState } from './evidence.ts';
import { type Harm, harmOf, isRelative } from './harm.ts';
import { changeUnit, type LiveSums, noSums, nothing, type UnitSums } from './live-sums.ts';

/** The values of units that have one each. */
type Column = readonly number[];
type Step = { readonly weight: number } & { readonly [A in Arm]: Column };

function sumsOf(values: Column): LiveSums {
  return values.reduce((sums, sum) => changeUnit(sums, nothing, { sum, count: 1 }), noSums);
}

function evidenceOf(metric: LiveMetric, ...steps: readonly Step[]): LiveEvidence {
  const cells = steps.map(({ weight, control, canary }) => {
    return { weight, control: { [metric]: sumsOf(control) }, canary: { [metric]: sumsOf(canary) } };
  });
  const sizeOf = (arm: Arm): number => steps.reduce((sum, step) => sum + step[arm].length, 0);
  const valued = { control: { [metric]: sizeOf('control') }, canary: { [metric]: sizeOf('canary') } };
  return { ...noEvidenceYet, cells, valued };
}

function harmIn(metric: LiveMetric, control: Column, canary: Column, margin = 0.05, alpha = 0.05): Harm {
  return harmOf(evidenceOf(metric, { weight: 500, control, canary }), { metric, margin }, alpha);
}

const ones = (count: number, of: number): Column => Array.from({ length: of }, (_, i) => (i < count ? 1 : 0));
const unknown: Harm = { estimate: null, low: null, high: null, p: null };
const value = fc.double({ min: 0.01, max: 1, noNaN: true });
const column = fc.array(value, { minLength: 50, maxLength: 90 });
/** Enough for the upper limit of what is compared by its difference. */
const longColumn = fc.array(value, { minLength: 200, maxLength: 220 });

describe('Harm', () => {
  test.each<[LiveMetric, number]>([
    ['failures', 0.1],
    ['refusals', 0.1],
    ['score:good', -0.1],
  ])('in %s is the difference of means, by %d when more of the canary have a 1', (metric, estimate) => {
    const harm = harmIn(metric, ones(200, 1000), ones(60, 200));
    expect(harm.estimate).toBeCloseTo(estimate, 12);
    expect(harm.low).toBeLessThan(estimate);
    expect(harm.high).toBeGreaterThan(estimate);
  });

  test.each<LiveMetric>(['cost', 'tokens', 'latency'])('in %s is a share of the control', (metric) => {
    const cheap = Array.from({ length: 60 }, (_, i) => 1 + (i % 2));
    const dear = Array.from({ length: 60 }, (_, i) => 1.4 + 0.2 * (i % 2));
    expect(isRelative(metric)).toBe(true);
    expect(harmIn(metric, cheap, cheap).estimate).toBe(0);
    expect(harmIn(metric, dear, cheap).estimate).toBeCloseTo(0, 12);
    expect(
      harmIn(
        metric,
        cheap,
        cheap.map((one) => one * 3),
      ).estimate,
    ).toBeCloseTo(2, 12);
  });

  test('of scores turns around with the arms', () => {
    fc.assert(
      fc.property(longColumn, longColumn, (first, second) => {
        const there = harmIn('score:good', first, second);
        const back = harmIn('score:good', second, first);
        fc.pre(there.low !== null);
        expect(back.estimate).toBeCloseTo(-(there.estimate ?? Number.NaN), 9);
        expect(back.low).toBeCloseTo(-(there.high ?? Number.NaN), 9);
        expect(back.high).toBeCloseTo(-(there.low ?? Number.NaN), 9);
      }),
    );
  });

  test('of few units has no upper limit once one has missed, because rates near 0 would seem too low', () => {
    const control = ones(10, 1000);
    expect(harmIn('failures', control, ones(1, 199))).toMatchObject({ high: null, low: expect.any(Number) });
    expect(harmIn('failures', control, ones(1, 200)).high).toBeGreaterThan(0);
  });

  test('that is relative does not depend on the unit of measure', () => {
    fc.assert(
      fc.property(column, column, fc.constantFrom(1e-6, 0.3, 1000), (control, canary, factor) => {
        const before = harmIn('cost', control, canary, 0.25);
        const after = harmIn(
          'cost',
          control.map((one) => one * factor),
          canary.map((one) => one * factor),
          0.25,
        );
        fc.pre(before.p !== null);
        for (const key of ['estimate', 'low', 'high', 'p'] as const) {
          expect(after[key]).toBeCloseTo(before[key] ?? Number.NaN, 6);
        }
      }),
    );
  });

  test('has a p that agrees with its lower limit: it is small just when the limit is above the margin', () => {
    const metrics = fc.constantFrom<LiveMetric>('score:good', 'failures', 'cost');
    fc.assert(
      fc.property(metrics, column, column, fc.constantFrom(-0.2, 0, 0.05, 0.25), (metric, a, b, margin) => {
        const { low, p } = harmIn(metric, a, b, margin);
        fc.pre(low !== null && p !== null && Math.abs(low - margin) > 1e-9);
        expect(p <= 0.05).toBe(low > margin);
      }),
    );
  });

  test('within the margin is none to p, and beyond it is', () => {
    const high = Array.from({ length: 400 }, (_, i) => 0.85 + 0.1 * (i % 2));
    const lower = high.map((one) => one - 0.04);
    expect(harmIn('score:good', high, lower, 0.05).p).toBe(1);
    expect(harmIn('score:good', high, lower, 0.02).p).toBeLessThan(0.001);
  });

  test('has the spread of a ratio, in which that of the control counts (c / b) squared', () => {
    const [control, canary] = [
      ones(500, 1000).map((one) => one + 0.5),
      ones(100, 200).map((one) => 3 * one + 1),
    ];
    const { estimate, low, high } = harmIn('cost', control, canary);
    expect(estimate).toBeCloseTo(1.5, 12);
    const scaled = harmIn(
      'failures',
      control.map((one) => one * 2.5),
      canary,
      ...[0.05, 0.1],
    );
    // Where values may be all alike, limits have half of alpha. The means of the columns are 1 and 2.5, so that both are
    // the same but for the place of 0.
    expect(low).toBeCloseTo(1.5 + (scaled.low ?? Number.NaN), 9);
    expect(high).toBeCloseTo(1.5 + (scaled.high ?? Number.NaN), 9);
  });

  test('is compared step by step, so that a drift while the weights rise is none', () => {
    const steps = [
      { weight: 500, control: ones(19, 950), canary: ones(1, 50) },
      { weight: 5000, control: ones(150, 500), canary: ones(150, 500) },
    ];
    const { estimate, low, high } = harmOf(
      evidenceOf('failures', ...steps),
      { metric: 'failures', margin: 0.05 },
      0.05,
    );
    expect(estimate).toBeCloseTo(0, 12);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });
});

describe('Steps with units in common', () => {
  type Visit = {
    readonly unit: string;
    readonly arm: Arm;
    readonly weight: number;
    readonly latency: number;
  };
  const check = { metric: 'latency', margin: 0.25 } as const;

  /** Users who come at both weights, the first of them far oftener, and who are slow or quick by themselves. */
  function visits(): Visit[] {
    const random = createRandom(11);
    return [2500, 5000].flatMap((weight) =>
      Array.from({ length: 400 }, (_, i) => i).flatMap((i) =>
        Array.from({ length: i < 10 ? 6 : 1 + randomBelow(random, 2) }, (): Visit => {
          const latency = 1 + (i % 7) + randomShare(random);
          return { unit: `u${i}`, arm: i % 2 === 0 ? 'canary' : 'control', weight, latency };
        }),
      ),
    );
  }

  function counted(all: readonly Visit[]): LiveEvidence {
    const units = new Map<string, UnitState>();
    return all.reduce((evidence, { latency, ...visit }) => {
      const outcome = { ...visit, excluded: false, turned: true, values: { latency } };
      const after = countSession({ evidence, unit: units.get(visit.unit) ?? null, counted: null }, outcome);
      units.set(visit.unit, after.unit);
      return after.evidence;
    }, noEvidenceYet);
  }

  /** What each unit moves the estimate by, to the first order: squared and added up, that is the variance. */
  function directly(all: readonly Visit[]): { readonly estimate: number; readonly variance: number } {
    const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
    const moves = new Map<string, number>();
    let [estimate, corrections] = [0, 0];
    for (const weight of [2500, 5000]) {
      const arms = (['control', 'canary'] as const).map((arm) => {
        const here = all.filter((one) => one.weight === weight && one.arm === arm);
        return { arm, here, mean: sum(here.map(({ latency }) => latency)) / here.length };
      });
      const [control, canary] = arms.map(({ mean }) => mean) as [number, number];
      // Both steps have the same number of units.
      estimate += (canary / control - 1) / 2;
      for (const { arm, here, mean } of arms) {
        const factor = arm === 'canary' ? 1 / control : -canary / control ** 2;
        const own = Map.groupBy(here, ({ unit }) => unit);
        const each = [...own].map(([unit, some]): [string, number] => [
          unit,
          (factor * sum(some.map(({ latency }) => latency - mean))) / here.length / 2,
        ]);
        for (const [unit, move] of each) moves.set(unit, (moves.get(unit) ?? 0) + move);
        const effective = here.length ** 2 / sum([...own.values()].map((some) => some.length ** 2));
        corrections += sum(each.map(([, move]) => move ** 2)) / (effective - 1);
      }
    }
    return { estimate, variance: sum([...moves.values()].map((move) => move ** 2)) + corrections };
  }

  test('spread as much as the moves of the units together do', () => {
    const all = visits();
    const { estimate, variance } = directly(all);
    const harm = harmOf(counted(all), check, 0.05);
    expect(harm.estimate).toBeCloseTo(estimate, 9);
    const { higher } = confidenceSequence(
      { difference: estimate, se: Math.sqrt(variance), n: 800 },
      { alpha: 0.05 },
    );
    expect(harm.low).toBeCloseTo(higher.low, 9);
  });

  test('are less sure than if all of the units in them were others', () => {
    const all = visits();
    const others = all.map((one) => ({ ...one, unit: `${one.unit} at ${one.weight}` }));
    const widthOf = (some: readonly Visit[]): number => {
      const { low, high } = harmOf(counted(some), check, 0.05);
      return (high ?? Number.NaN) - (low ?? Number.NaN);
    };
    // With all units in common, each of which is as it is, nearly as wide as one step alone.
    expect(widthOf(all) / widthOf(others)).toBeGreaterThan(1.3);
    expect(widthOf(all) / widthOf(others)).toBeLessThan(Math.SQRT2);
  });
});

describe('Harm is unknown', () => {
  test('without values, and with fewer than 50 units in an arm, or as few that have most of the values', () => {
    expect(harmOf(noEvidenceYet, { metric: 'cost', margin: 0.25 }, 0.05)).toEqual(unknown);
    expect(harmIn('cost', ones(20, 1000), ones(20, 49))).toEqual(unknown);
    expect(harmIn('failures', ones(20, 1000), ones(20, 49))).toEqual(unknown);
    expect(harmIn('failures', ones(20, 1000), ones(20, 50))).not.toEqual(unknown);
    const evidence = evidenceOf('failures', { weight: 500, control: ones(20, 1000), canary: ones(20, 60) });
    const oftener = (sums: LiveSums | undefined): LiveSums =>
      changeUnit(sums ?? noSums, { sum: 0, count: 1 }, { sum: 4, count: 20 });
    const cells = evidence.cells.map((cell) => ({
      ...cell,
      canary: { failures: oftener(cell.canary.failures) },
    }));
    expect(harmOf({ ...evidence, cells }, { metric: 'failures', margin: 0.05 }, 0.05)).toEqual(unknown);
  });

  test('where the control costs nothing, of which nothing is a share', () => {
    expect(harmIn('cost', ones(0, 100), ones(50, 100))).toEqual(unknown);
    expect(harmIn('cost', ones(0, 100), ones(0, 100))).toEqual(unknown);
  });
});

describe('Where all values of both arms are alike', () => {
  const bound = (successes: number, trials: number, alpha = 0.0125) =>
    rateSequence({ successes, trials }, { alpha, decide_at: 100 }) ?? { low: Number.NaN, high: Number.NaN };
  const all = (value: number, of: number): Column => Array.from({ length: of }, () => value);

  test.each([30, 300])('the collapse of a score is harm, exactly as much as %d units can tell', (units) => {
    const { estimate, low, high, p } = harmIn('score:good', all(1, 400), all(0, units));
    expect(estimate).toBe(1);
    expect(low).toBeCloseTo(bound(units, units).low - bound(0, 400).high, 12);
    expect(low).toBeGreaterThan(0.5);
    expect({ high, p }).toEqual({ high: 1, p: null });
  });

  test('a part of a miss counts as that part, rounded away from what would be certain', () => {
    const { estimate, low, high } = harmIn('score:good', all(0.75, 99), all(0.5, 99));
    expect(estimate).toBe(0.25);
    expect(low).toBeCloseTo(bound(49, 99).low - bound(25, 99).high, 12);
    expect(high).toBeCloseTo(bound(50, 99).high - bound(24, 99).low, 12);
  });

  test('both limits leave out a true difference of rates in one of twenty cases at most', () => {
    // Among bounded values, those that are 0 or 1 are the hardest; of these, arms that are all alike come from extreme rates.
    for (const [of, than] of [
      [0.9, 0.02],
      [0.97, 0.9],
      [0.03, 0.1],
    ] as const) {
      for (const n of [5, 20, 60]) {
        const wrong = [0, 1].flatMap((a) =>
          [0, 1].map((b) => {
            const chance = (a ? of : 1 - of) ** n * (b ? than : 1 - than) ** n;
            const { low, high } = harmIn('failures', all(b, n), all(a, n));
            return (low ?? -1) <= of - than && of - than <= (high ?? 1) ? 0 : chance;
          }),
        );
        expect(wrong.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(0.1);
      }
    }
  });

  test('what is left of rounding after values were taken back is neither a spread nor a miss', () => {
    const [one, other, best] = [0.1, 0.7, 1].map((sum) => ({ sum, count: 1 })) as [
      UnitSums,
      UnitSums,
      UnitSums,
    ];
    const sums = [
      [nothing, one],
      [nothing, other],
      [one, best],
      [other, best],
    ].reduce((all, [from = nothing, to = nothing]) => changeUnit(all, from, to), noSums);
    expect(sums.sum).not.toBe(2);
    const evidence = evidenceOf('score:good', { weight: 500, control: all(1, 40), canary: all(1, 2) });
    const [cell] = evidence.cells;
    const drifted = {
      ...evidence,
      cells: [{ ...(cell ?? { weight: 0, control: {} }), canary: { 'score:good': sums } }],
    };
    const check = { metric: 'score:good', margin: 0.05 } as const;
    expect(harmOf(drifted, check, 0.05)).toEqual(harmOf(evidence, check, 0.05));
  });

  test('nobody who misses in either arm is no harm, of which the canary says how much there may be at most', () => {
    const { estimate, low, high, p } = harmIn('failures', ones(0, 900), ones(0, 300));
    expect({ estimate, p }).toEqual({ estimate: 0, p: null });
    expect(low).toBe(-bound(0, 900).high);
    expect(high).toBe(bound(0, 300, 0.025).high);
    expect(harmIn('score:good', ones(900, 900), ones(300, 300))).toEqual({ estimate, low, high, p });
  });

  test('what has no bound is not taken to be without a spread: it has 1 % of the mean at least', () => {
    const { estimate, low, high } = harmIn('tokens', all(200, 400), all(2000, 60));
    expect(estimate).toBeCloseTo(9, 12);
    expect(low).toBeGreaterThan(8.8);
    expect(low).toBeLessThan(9);
    expect(high).toBeLessThan(9.2);
    const free = harmIn('cost', all(1, 100), all(0, 100));
    expect(free.estimate).toBe(-1);
    expect(free.high).toBeLessThan(-0.9);
  });
});

describe('Where nobody of the canary misses', () => {
  const most = (trials: number): number =>
    rateSequence({ successes: 0, trials }, { alpha: 0.025, decide_at: 100 })?.high ?? Number.NaN;

  test('a few of the control that do miss make the most that harm can be no smaller', () => {
    const { low, high, p } = harmIn('failures', ones(10, 1000), ones(0, 50));
    expect(high).toBe(most(50));
    expect(low).toBeLessThan(0);
    expect(p).toBe(1);
    expect(harmIn('score:good', ones(990, 1000), ones(50, 50)).high).toBe(most(50));
    expect(harmIn('refusals', ones(1, 90), ones(0, 3))).toEqual({ ...unknown, high: most(3) });
  });

  test('units of all steps count together, and one miss in any of them ends it', () => {
    const steps = (missed: number): Step[] => [
      { weight: 500, control: ones(1, 400), canary: ones(0, 20) },
      { weight: 1000, control: ones(0, 300), canary: ones(missed, 40) },
    ];
    const check = { metric: 'failures', margin: 0.05 } as const;
    expect(harmOf(evidenceOf('failures', ...steps(0)), check, 0.05).high).toBe(most(60));
    expect(harmOf(evidenceOf('failures', ...steps(1)), check, 0.05)).toEqual(unknown);
  });

  test('units that come in both steps are counted once, because they tell no more than once', () => {
    const evidence = evidenceOf(
      'failures',
      { weight: 500, control: ones(1, 400), canary: ones(0, 40) },
      { weight: 1000, control: ones(1, 400), canary: ones(0, 40) },
    );
    const again = { ...evidence, valued: { control: { failures: 400 }, canary: { failures: 40 } } };
    expect(harmOf(again, { metric: 'failures', margin: 0.05 }, 0.05).high).toBe(most(40));
  });

  test('of the canary alone, it is not sure of its score by chance: a unit more may be as far away as can be', () => {
    // One in twelve canaries of 50 sees none of what happens to one in twenty.
    expect(harmIn('score:rare', ones(50, 1000), ones(0, 50), 0.02).low).toBeLessThan(0.02);
    expect(harmIn('score:rare', ones(900, 1000), ones(0, 50), 0.02).low).toBeGreaterThan(0.7);
  });
});
