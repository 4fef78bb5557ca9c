import { z } from 'zod';
import { agreement } from './agreement.ts';
import { binomialMidP, binomialTest } from './binomial.ts';
import { type Calculation, calculation } from './calculation.ts';
import { flipsNeeded, mcnemarPower } from './exact-power.ts';
import { correctedDifference, correctedRate } from './judge-correction.ts';
import { mcnemar } from './mcnemar.ts';
import { estimateMean, standardErrorOf, studentInterval } from './mean.ts';
import { type Adjustment, adjustPValues } from './multiplicity.ts';
import { bonettPrice, newcombePaired, tango, wald } from './paired-difference.ts';
import { comparePairedScores } from './paired-scores.ts';
import { casesForFlips, casesForMargin, casesForMean, detectableFlips, detectableMean } from './power.ts';
import { clopperPearson, jeffreys, wilson, zeroFailureBound } from './proportion.ts';
import { flakeRate, isFlaky, passAllK, passAtK, varianceParts } from './reliability.ts';
import { requireThat } from './requirements.ts';
import { sum } from './sample.ts';
import { sequentialCatalog } from './sequential-catalog.ts';
import { fisherExact, newcombe } from './two-proportions.ts';

const count = z.int().min(0).max(1e9);
const cell = z.int().min(0).max(1e8);
const finite = z.number().min(-1e50).max(1e50);
const column = z.array(finite).max(100_000);
const halfColumn = z.array(finite).max(50_000);
const share = z.number().min(0).max(1);
const level = z
  .number()
  .min(0.5)
  .max(0.999)
  .default(0.95)
  .describe('Level of the two-sided interval. 0.9 stands for two one-sided tests at 5 %.');
const marginHelp = 'The damage that is tolerated; the tests ask whether it is exceeded.';
const seed = z
  .int()
  .min(0)
  .default(1)
  .describe('Seed of all that is drawn at random; the same seed gives the same result.');
const clusters = z
  .array(z.union([z.string().max(1000), z.number()]))
  .max(100_000)
  .optional()
  .describe(
    'For each item, the name of the cluster that it belongs to. Absent: each item stands for itself.',
  );
const weights = z
  .array(z.number().min(1e-50).max(1e50))
  .max(100_000)
  .optional()
  .describe('For each item, how much it counts, above 0. Absent: all alike.');
const alpha = z.number().gt(0).max(0.5).default(0.05).describe('The error rate of the test.');
const design = {
  alpha,
  power: z
    .number()
    .min(0.5)
    .lt(1)
    .default(0.8)
    .describe('The share of real effects that the test is to find.'),
  sides: z
    .literal([1, 2])
    .default(1)
    .describe('1 when only harm is looked for, 2 when a difference either way is.'),
};
const proportion = (what: string) =>
  z
    .strictObject({
      successes: count.describe('How many of the trials succeeded.'),
      trials: count.describe('How many trials there were.'),
    })
    .describe(what);

const pairedTable = calculation({
  name: 'paired-table',
  title: 'Two versions on the same right-or-wrong items: did the candidate do harm?',
  source: 'McNemar 1947; Tango 1998; Newcombe 1998; Bonett & Price 2012; Fagerland, Lydersen & Laake 2013',
  input: z.strictObject({
    both_right: cell.describe('Items that both versions got right.'),
    harmful: cell.describe('Items that the baseline got right and the candidate wrong.'),
    beneficial: cell.describe('Items that the baseline got wrong and the candidate right.'),
    both_wrong: cell.describe('Items that both versions got wrong.'),
    level,
    margin: z.number().gt(-1).lt(1).default(0).describe(marginHelp),
  }),
  example: { both_right: 59, harmful: 6, beneficial: 16, both_wrong: 80 },
  compute: (table) => {
    const items = table.both_right + table.harmful + table.beneficial + table.both_wrong;
    return {
      items,
      damage: items === 0 ? null : (table.harmful - table.beneficial) / items,
      mcnemar: mcnemar(table),
      tango: tango(table, table),
      bonett_price: bonettPrice(table, table.level),
      newcombe: newcombePaired(table, table.level),
      wald: wald(table, table.level),
    };
  },
});

const pairedScores = calculation({
  name: 'paired-scores',
  title: 'Two versions on the same scored items: how much worse is the candidate on average?',
  source: 'Student 1908; Fisher 1935; Wilcoxon 1945; Efron 1987; Bonett & Price 2012; Miller 2024',
  input: z.strictObject({
    baseline: halfColumn.describe('The score of each item under the baseline.'),
    candidate: halfColumn.describe('The score of each item under the candidate, in the same order.'),
    clusters,
    weights,
    level,
    margin: finite.default(0).describe(marginHelp),
    seed,
  }),
  example: { baseline: [0.9, 0.8, 1, 0.7, 0.95, 0.6], candidate: [0.85, 0.8, 0.9, 0.4, 0.9, 0.65] },
  compute: ({ clusters: names, ...input }) =>
    comparePairedScores({ ...input, clusters: names?.map(String) }, input),
});

const oneProportion = calculation({
  name: 'proportion',
  title: 'A success rate with its intervals',
  source: 'Wilson 1927; Clopper & Pearson 1934; Brown, Cai & DasGupta 2001; Hanley & Lippman-Hand 1983',
  input: z.strictObject({
    successes: count.describe('How many of the trials succeeded.'),
    trials: count.describe('How many trials there were.'),
    level,
    hypothesis: share.default(0.5).describe('The rate that the exact tests ask about.'),
  }),
  example: { successes: 13, trials: 16 },
  compute: ({ successes, trials, level: asked, hypothesis: rate }) => ({
    rate: trials === 0 ? null : successes / trials,
    wilson: wilson({ successes, trials }, asked),
    clopper_pearson: clopperPearson({ successes, trials }, asked),
    jeffreys: jeffreys({ successes, trials }, asked),
    // One-sided, and about failures: what is left of the trials has to be none.
    zero_failure_bound: successes < trials ? null : zeroFailureBound(trials, asked),
    p_exact: binomialTest(successes, { trials, rate }),
    p_mid: binomialMidP(successes, { trials, rate }),
  }),
});

const twoProportions = calculation({
  name: 'two-proportions',
  title: 'Two success rates of different items: how far are they apart?',
  source: 'Newcombe 1998; Fisher 1935',
  input: z.strictObject({
    first: proportion('The one rate.'),
    second: proportion('The other rate, which is taken off the first.'),
    level,
  }),
  example: { first: { successes: 7, trials: 34 }, second: { successes: 1, trials: 34 } },
  compute: ({ level: asked, ...rates }) => ({
    newcombe: newcombe(rates, asked),
    p_fisher: fisherExact(rates),
  }),
});

const mean = calculation({
  name: 'mean',
  title: 'A mean score with its standard error, also for items that come in clusters',
  source: 'Student 1908; Miller 2024',
  input: z.strictObject({ values: column.describe('The score of each item.'), clusters, weights, level }),
  example: { values: [1, 0, 1, 1, 0, 1, 1, 1], clusters: ['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd'] },
  compute: ({ level: asked, clusters: names, ...input }) => {
    const sample = { ...input, clusters: names?.map(String) };
    const estimate = estimateMean(sample);
    return {
      ...estimate,
      interval: estimate.status === 'estimated' ? studentInterval(estimate, asked) : null,
      se_uncorrected: standardErrorOf(estimateMean(sample, { correction: false })),
      se_without_clusters: standardErrorOf(estimateMean({ ...sample, clusters: undefined })),
    };
  },
});

const multiplicity = calculation({
  name: 'multiplicity',
  title: 'Several p-values at once: which of them still count?',
  source: 'Bonferroni; Holm 1979; Hochberg 1988; Benjamini & Hochberg 1995',
  input: z.strictObject({
    p_values: z.array(share).max(10_000).describe('The p-values, in any order.'),
    alpha,
  }),
  example: { p_values: [0.001, 0.012, 0.03, 0.2] },
  compute: ({ p_values, alpha: asked }) => {
    const adjust = (method: Adjustment) => {
      const adjusted = adjustPValues(p_values, { method, alpha: asked });
      return { rejections: adjusted.filter((one) => one.rejected).length, p_values: adjusted };
    };
    return {
      bonferroni: adjust('bonferroni'),
      holm: adjust('holm'),
      hochberg: adjust('hochberg'),
      benjamini_hochberg: adjust('benjamini_hochberg'),
    };
  },
});

const powerPaired = calculation({
  name: 'power-paired',
  title: 'How many right-or-wrong items a comparison of two versions needs',
  source: 'Miettinen 1968; Connor 1987; exact power by enumeration',
  input: z.strictObject({
    harm_rate: share.describe('The share of items that the candidate is expected to lose.'),
    benefit_rate: share.describe('The share of items that the candidate is expected to win.'),
    cases: z
      .array(z.int().min(1).max(10_000))
      .min(1)
      .max(20)
      .default([30, 50, 100, 200, 400])
      .describe('Numbers of items to work the power out for.'),
    ...design,
  }),
  example: { harm_rate: 0.1, benefit_rate: 0.05 },
  compute: ({ harm_rate, benefit_rate, cases, ...asked }) => {
    const rates = { harm_rate, benefit_rate };
    const discordance = harm_rate + benefit_rate;
    return {
      cases_needed: harm_rate === benefit_rate ? null : casesForFlips(rates, asked),
      flips_needed: harm_rate > benefit_rate ? flipsNeeded(harm_rate / discordance, asked) : null,
      table: cases.map((items) => ({
        cases: items,
        exact_one_sided_power: mcnemarPower({ ...rates, cases: items, alpha: asked.alpha }),
        detectable_damage: detectableFlips({ cases: items, discordance }, asked),
      })),
    };
  },
});

const powerMean = calculation({
  name: 'power-mean',
  title: 'How many scored items a comparison of two versions needs, and what so many can see',
  source: 'Miller 2024',
  input: z.strictObject({
    between_items: finite.min(0).describe('Variance of the true difference from item to item.'),
    within_baseline: finite
      .min(0)
      .default(0)
      .describe('Variance of one trial of an item under the baseline.'),
    within_candidate: finite
      .min(0)
      .default(0)
      .describe('Variance of one trial of an item under the candidate.'),
    trials_baseline: count.min(1).default(1).describe('Trials of each item under the baseline.'),
    trials_candidate: count.min(1).default(1).describe('Trials of each item under the candidate.'),
    difference: finite.gt(0).optional().describe('A difference of means that the comparison is to see.'),
    cases: count.min(1).optional().describe('A number of items that there are.'),
    ...design,
    sides: design.sides.default(2),
  }),
  example: { between_items: 0.1111, within_baseline: 0.1667, within_candidate: 0.1667, cases: 198 },
  compute: ({ difference, cases, alpha: error, power, sides, ...variance }) => {
    const plan = { alpha: error, power, sides };
    return {
      cases_needed: difference === undefined ? null : casesForMean(variance, difference, plan),
      detectable_difference: cases === undefined ? null : detectableMean(variance, cases, plan),
    };
  },
});

const powerMargin = calculation({
  name: 'power-margin',
  title: 'How many items it takes until the upper limit of a damage comes under a margin',
  source: 'The sample size of a non-inferiority test of a mean',
  input: z.strictObject({
    deviation: finite
      .gt(0)
      .describe('Standard deviation of the damage of an item: √n times the standard error.'),
    expected_damage: finite.default(0).describe('The damage that is expected.'),
    margin: finite.describe('The damage that is tolerated.'),
    level,
    power: design.power,
  }),
  example: { deviation: 0.4, expected_damage: 0.01, margin: 0.05, level: 0.9 },
  compute: (plan) => ({ cases_needed: casesForMargin(plan) }),
});

const mostTrials = 100_000;

const reliability = calculation({
  name: 'reliability',
  title: 'Items that were tried several times: how reliably do they pass?',
  source: 'Chen et al. 2021 (pass@k); Yao et al. 2024 (pass^k); Miller 2024 (variance)',
  input: z.strictObject({
    items: z
      .array(
        z.strictObject({
          trials: z.int().min(1).max(1000).describe('How often the item was tried.'),
          passes: z.int().min(0).max(1000).describe('How often it passed.'),
        }),
      )
      .min(1)
      .max(10_000)
      .describe('One entry for each item.'),
    k: z
      .array(z.int().min(1).max(1000))
      .max(20)
      .default([1, 2, 3])
      .describe('Values of k for pass@k and pass^k.'),
  }),
  example: {
    items: [
      { trials: 3, passes: 3 },
      { trials: 3, passes: 1 },
      { trials: 3, passes: 2 },
    ],
    k: [1, 3],
  },
  compute: ({ items, k }) => {
    requireThat(
      sum(items.map(({ trials }) => trials)) <= mostTrials,
      `items: must have at most ${mostTrials} trials in all`,
    );
    return {
      items: items.length,
      flaky_items: items.filter(isFlaky).length,
      flake_rate: meanOfKnown(items.map(flakeRate)),
      // An item with fewer than k trials cannot answer, and the mean over the others would be one of other items.
      pass_at_k: k.map((one) => ({ k: one, chance: meanOfAll(items.map((item) => passAtK(item, one))) })),
      pass_all_k: k.map((one) => ({ k: one, chance: meanOfAll(items.map((item) => passAllK(item, one))) })),
      variance: varianceParts(
        items.map(({ trials, passes }) => Array.from({ length: trials }, (_, i) => (i < passes ? 1 : 0))),
      ),
    };
  },
});

const judge = calculation({
  name: 'agreement',
  title: 'A judge against people: how well do they agree, and what would people have said?',
  source: 'Cohen 1960; Wilson 1927; Rogan & Gladen 1978',
  input: z.strictObject({
    both_pass: count.describe('Answers that the judge and people passed.'),
    judge_only: count.describe('Answers that only the judge passed.'),
    human_only: count.describe('Answers that only people passed.'),
    both_fail: count.describe('Answers that neither passed.'),
    observed: proportion('What the judge made of other answers; its passes are the successes.').optional(),
    difference: z
      .strictObject({
        difference: z.number().min(-1).max(1).describe('A difference of two shares that the judge passed.'),
        se: finite.min(0).describe('Its standard error.'),
      })
      .describe('What the judge made of two versions.')
      .optional(),
    level,
    seed,
  }),
  example: {
    both_pass: 92,
    judge_only: 15,
    human_only: 8,
    both_fail: 85,
    observed: { successes: 80, trials: 100 },
  },
  compute: ({ observed, difference, ...table }) => ({
    ...agreement(table, table.level),
    corrected_rate: observed === undefined ? null : correctedRate(table, observed, table),
    corrected_difference: difference === undefined ? null : correctedDifference(table, difference, table),
  }),
});

/** Everything that can be calculated, in the order in which it is listed. */
export const catalog: readonly Calculation[] = [
  pairedTable,
  pairedScores,
  oneProportion,
  twoProportions,
  mean,
  multiplicity,
  powerPaired,
  powerMean,
  powerMargin,
  reliability,
  judge,
  ...sequentialCatalog,
];

function meanOfKnown(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((one) => one !== null);
  return known.length === 0 ? null : sum(known) / known.length;
}

function meanOfAll(numbers: readonly (number | null)[]): number | null {
  return numbers.includes(null) ? null : meanOfKnown(numbers);
}
