import { describe, expect, test } from 'vitest';
import { augmentedTest } from './augmented.ts';
import { binomialPmf } from './binomial.ts';
import { bcaTest, percentileTest, resampleDamage } from './bootstrap.ts';
import { hull, type Interval } from './interval.ts';
import { mcnemar, type PairedTable } from './mcnemar.ts';
import { estimateMean, studentTest } from './mean.ts';
import { bonettPrice, newcombePaired, tango } from './paired-difference.ts';
import { clopperPearson, wilson } from './proportion.ts';
import { createRandom, type Random, randomShare } from './random.ts';

/*
 * The goal: intervals cover the truth, and tests raise false alarms, about as often as they say. The method: where
 * there are few enough tables, all are added up with their chances; else a simulation with a fixed seed.
 */

type Rates = { readonly harm: number; readonly benefit: number };

/** Every table of so many items, with its chance. Whether the other items are right does not matter here. */
function* tables(items: number, { harm, benefit }: Rates): Generator<{ table: PairedTable; chance: number }> {
  const flips = harm + benefit;
  for (let m = 0; m <= items; m += 1) {
    for (let harmful = 0; harmful <= m; harmful += 1) {
      const chance =
        binomialPmf(m, { trials: items, rate: flips }) *
        binomialPmf(harmful, { trials: m, rate: harm / flips });
      const rest = items - m;
      const both_right = Math.ceil(rest / 2);
      yield {
        table: { both_right, harmful, beneficial: m - harmful, both_wrong: rest - both_right },
        chance,
      };
    }
  }
}

function chanceOf(items: number, rates: Rates, happens: (table: PairedTable) => boolean): number {
  let total = 0;
  for (const { table, chance } of tables(items, rates)) if (happens(table)) total += chance;
  return total;
}

const covers = (interval: Interval | null, truth: number): boolean =>
  interval !== null && interval.low <= truth && truth <= interval.high;
const valuesOf = ({ both_right, harmful, beneficial, both_wrong }: PairedTable): number[] => [
  ...new Array<number>(harmful).fill(1),
  ...new Array<number>(beneficial).fill(-1),
  ...new Array<number>(both_right + both_wrong).fill(0),
];

const somewhere: Rates[] = [
  { harm: 0.05, benefit: 0.05 },
  { harm: 0.1, benefit: 0.05 },
  { harm: 0.2, benefit: 0.1 },
  { harm: 0.3, benefit: 0.3 },
];

describe('Of 40 items with one trial,', () => {
  test.each([
    ['Tango', (table: PairedTable) => tango(table, { level: 0.9, margin: 0 })],
    ['Bonett–Price', (table: PairedTable) => bonettPrice(table, 0.9)],
    ['Newcombe', (table: PairedTable) => newcombePaired(table, 0.9)],
  ])('the interval of %s covers the damage in about nine cases of ten', (_name, method) => {
    for (const rates of somewhere) {
      const coverage = chanceOf(40, rates, (table) => covers(method(table), rates.harm - rates.benefit));
      expect(coverage).toBeGreaterThan(0.88);
      expect(coverage).toBeLessThan(0.97);
    }
  });

  test("McNemar's exact tests keep their level; the mid-p test comes closer to it", () => {
    for (const rate of [0.05, 0.1, 0.3]) {
      const even = { harm: rate, benefit: rate };
      const exact = chanceOf(40, even, (table) => mcnemar(table).p_exact <= 0.05);
      const mid = chanceOf(40, even, (table) => mcnemar(table).p_mid <= 0.05);
      const harm = chanceOf(40, even, (table) => mcnemar(table).p_harm <= 0.05);
      expect(exact).toBeLessThan(mid);
      expect(mid).toBeLessThanOrEqual(0.05);
      expect(harm).toBeLessThanOrEqual(0.05);
    }
  });
});

describe('A candidate whose damage is the margin itself', () => {
  const asked = { level: 0.9, margin: 0.05 };
  /** The chance that it is found to be tolerable, which should be 5 % at most. */
  const slipsBy = (items: number, test: (table: PairedTable) => number): number =>
    chanceOf(items, { harm: 0.05, benefit: 1e-9 }, (table) => test(table) < 0.05);
  const student = (table: PairedTable) => {
    const estimate = estimateMean({ values: valuesOf(table) });
    if (estimate.status !== 'estimated') throw new Error(estimate.reason);
    return studentTest(estimate, asked);
  };

  test("slips by Student's test when no item happens to differ, but not by the hull", () => {
    expect(slipsBy(30, (table) => student(table).p_within)).toBeGreaterThan(0.2);
    const careful = (table: PairedTable): number => {
      const augmented = augmentedTest({ values: valuesOf(table) }, asked);
      return augmented === null ? 1 : hull([augmented, student(table)]).p_within;
    };
    for (const items of [20, 30, 60]) expect(slipsBy(items, careful)).toBeLessThan(0.05);
  });

  test('slips by Tango as seldom as it should', () => {
    for (const items of [20, 30, 60]) {
      expect(slipsBy(items, (table) => tango(table, asked)?.p_within ?? 1)).toBeLessThan(0.06);
    }
  });
});

describe('Of 30 trials,', () => {
  const coverage = (method: typeof wilson, rate: number): number => {
    let total = 0;
    for (let successes = 0; successes <= 30; successes += 1) {
      if (covers(method({ successes, trials: 30 }, 0.95), rate))
        total += binomialPmf(successes, { trials: 30, rate });
    }
    return total;
  };
  const rates = Array.from({ length: 49 }, (_, i) => (i + 1) / 50);

  test('the exact interval never covers less than it says, and that of Wilson does on average', () => {
    for (const rate of rates) expect(coverage(clopperPearson, rate)).toBeGreaterThanOrEqual(0.95);
    const mean = rates.reduce((sum, rate) => sum + coverage(wilson, rate), 0) / rates.length;
    expect(mean).toBeGreaterThan(0.945);
    expect(mean).toBeLessThan(0.96);
  });
});

/** About normal: twelve uniform shares, less six (sum of variance 1). */
function aboutNormal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += randomShare(random);
  return sum;
}

test('Items that shift together raise false alarms twice as often, unless they are taken as clusters', () => {
  const random = createRandom(2024);
  const clusters = Array.from({ length: 100 }, (_, i) => `${i % 10}`);
  const alarms = { naive: 0, clustered: 0 };
  const runs = 2000;
  const alarm = (sample: Parameters<typeof estimateMean>[0]): number => {
    const estimate = estimateMean(sample);
    if (estimate.status !== 'estimated') return 0;
    const { low, high } = studentTest(estimate, { level: 0.95, margin: 0 });
    return low > 0 || high < 0 ? 1 : 0;
  };
  for (let run = 0; run < runs; run += 1) {
    const shifts = Array.from({ length: 10 }, () => 0.15 * aboutNormal(random));
    const values = clusters.map((_, i) => (shifts[i % 10] ?? 0) + 0.63 * aboutNormal(random));
    alarms.naive += alarm({ values });
    alarms.clustered += alarm({ values, clusters });
  }
  expect(alarms.naive / runs).toBeGreaterThan(0.08);
  expect(alarms.clustered / runs).toBeLessThan(0.065);
  expect(alarms.clustered / runs).toBeGreaterThan(0.035);
});

test('The nested bootstrap covers the mean damage of skewed scores at least about as often as it says', () => {
  const random = createRandom(99);
  const covered = { percentile: 0, bca: 0 };
  const runs = 50;
  for (let run = 0; run < runs; run += 1) {
    // Damages are 0 mostly, and now and then large; the mean is 0.3·0.5 = 0.15.
    const items = Array.from({ length: 25 }, () => ({
      baseline: [randomShare(random) < 0.3 ? randomShare(random) : 0],
      candidate: [0],
    }));
    const resamples = resampleDamage(items, run);
    if (resamples === null) throw new Error('there are 25 units');
    if (covers(percentileTest(resamples, { level: 0.9, margin: 0 }), 0.15)) covered.percentile += 1;
    if (covers(bcaTest(resamples, { level: 0.9, margin: 0 }), 0.15)) covered.bca += 1;
  }
  // Three standard errors of 50 runs are 13 %.
  expect(covered.percentile / runs).toBeGreaterThan(0.77);
  expect(covered.bca / runs).toBeGreaterThan(0.77);
  expect(covered.percentile / runs).toBeLessThan(1);
});
