import { z } from 'zod';
import { type Calculation, calculation } from './calculation.ts';
import { compareSequentially, confidenceSequence } from './confidence-sequence.ts';
import { cuped } from './cuped.ts';
import { advanceFailureProcess, startFailureProcess } from './failure-process.ts';
import { crossingChances, obrienFlemingBounds, pocockBounds } from './group-sequential.ts';
import { mixtureSprt } from './mixture-sprt.ts';
import { type Moments, varianceOf } from './moments.ts';
import { normalQuantile } from './normal.ts';
import { posteriorRates } from './posterior-rates.ts';
import { rateSequence } from './rate-sequence.ts';
import { requireThat } from './requirements.ts';
import { advanceSampleRatio, noAssignments } from './sample-ratio.ts';

const count = z.int().min(0).max(1e9);
const finite = z.number().min(-1e50).max(1e50);
const alpha = z
  .number()
  .min(1e-6)
  .lt(0.5)
  .default(0.05)
  .describe('The chance of a false alarm, over all looks together.');
const decide_at = (what: string) =>
  z
    .int()
    .min(1)
    .max(1e9)
    .default(1000)
    .describe(`The number of ${what} after which a decision is expected; choose it beforehand.`);
const rate = (what: string) =>
  z
    .strictObject({
      successes: z.int().min(0).max(1e8).describe('How many of the trials succeeded.'),
      trials: z.int().min(0).max(1e8).describe('How many trials there were.'),
    })
    .describe(what);
const summary = z
  .strictObject({
    n: count.describe('How many scores there are.'),
    mean: finite.describe('Their mean.'),
    variance: finite.min(0).describe('Their variance, with n − 1.'),
  })
  .describe('The scores of a version.');

const failureProcess = calculation({
  name: 'failure-process',
  title: 'A canary watched continuously: does it fail more often than the control?',
  source: 'Ville 1939; Howard et al. 2021; Lindon & Malek 2022',
  input: z.strictObject({
    looks: z
      .array(
        z.strictObject({
          canary_failures: count.describe('Sessions of the canary that failed.'),
          control_failures: count.describe('Sessions of the control that failed.'),
          weight: z
            .number()
            .min(0)
            .max(1)
            .describe('The share of sessions that the canary was given when these began.'),
        }),
      )
      .min(1)
      .max(1000)
      .describe('One entry for each look, with what came since the look before.'),
    concentration: z
      .number()
      .min(0.001)
      .max(1e6)
      .default(10)
      .describe('How firmly the mixture is centred on the weight; 10 is tuned to some ninety failures.'),
    alpha,
  }),
  example: {
    looks: [
      { canary_failures: 8, control_failures: 20, weight: 0.1 },
      { canary_failures: 4, control_failures: 10, weight: 0.1 },
    ],
  },
  compute: ({ looks, concentration, alpha: asked }) => {
    const { steps, harm, either } = looks.reduce(advanceFailureProcess, startFailureProcess(concentration));
    return {
      harm: { ...harm, alarm: harm.p <= asked },
      either: { ...either, alarm: either.p <= asked },
      steps,
    };
  },
});

const sampleRatio = calculation({
  name: 'sample-ratio',
  title: 'Do versions get the sessions that their weights entitle them to?',
  source: 'Good 1967; Lindon & Malek 2022',
  input: z.strictObject({
    looks: z
      .array(
        z.strictObject({
          counts: z.array(count).min(1).max(100).describe('How many sessions each version got.'),
          weights: z.array(z.number().min(0).max(1e9)).min(1).max(100).describe('Their weights then.'),
        }),
      )
      .min(1)
      .max(1000)
      .describe('One entry for each look, with what came since the look before.'),
    alpha: alpha.default(0.001),
  }),
  example: { looks: [{ counts: [9386, 614], weights: [95, 5] }] },
  compute: ({ looks, alpha: asked }) => {
    const { log_m, p, steps } = looks.reduce(advanceSampleRatio, noAssignments);
    return { log_m, p, mismatch: p <= asked, steps };
  },
});

const meanSequence = calculation({
  name: 'confidence-sequence',
  title: 'Mean scores of two versions watched continuously: how far are they apart?',
  source: 'Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024',
  input: z.strictObject({
    steps: z
      .array(z.strictObject({ baseline: summary, candidate: summary }))
      .min(1)
      .max(1000)
      .describe(
        'The scores so far, summed up for each step of the rollout in which the weights stayed the same.',
      ),
    min_scores: count
      .min(2)
      .default(50)
      .describe('A step counts from so many scores of each version; take 100 for scores with a long tail.'),
    alpha,
    decide_at: decide_at('sessions'),
  }),
  example: {
    steps: [
      { baseline: { n: 950, mean: 0.81, variance: 0.04 }, candidate: { n: 50, mean: 0.78, variance: 0.05 } },
      { baseline: { n: 900, mean: 0.74, variance: 0.05 }, candidate: { n: 100, mean: 0.7, variance: 0.05 } },
    ],
  },
  compute: ({ steps, ...design }) =>
    compareSequentially(
      steps.map(({ baseline, candidate }) => ({
        baseline: momentsFrom(baseline),
        candidate: momentsFrom(candidate),
      })),
      design,
    ),
});

const differenceSequence = calculation({
  name: 'difference-sequence',
  title: 'A difference with its standard error, looked at after so many sessions',
  source: 'Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024',
  input: z.strictObject({
    difference: finite.describe('The difference of means.'),
    se: z.number().min(1e-50).max(1e50).describe('Its standard error.'),
    n: count.min(1).describe('The sessions of both versions that it rests on.'),
    alpha,
    decide_at: decide_at('sessions'),
  }),
  example: { difference: 0.234377, se: 0.129831, n: 6461, decide_at: 5000 },
  compute: ({ difference, se, n, ...design }) => confidenceSequence({ difference, se, n }, design),
});

const rateWatched = calculation({
  name: 'rate-sequence',
  title: 'A success rate with an interval that may be looked at after every trial',
  source: 'Howard, Ramdas, McAuliffe & Sekhon 2021',
  input: z.strictObject({
    successes: count.describe('How many of the trials succeeded.'),
    trials: count.describe('How many trials there were.'),
    alpha,
    decide_at: decide_at('trials'),
  }),
  example: { successes: 700, trials: 1000, decide_at: 100 },
  compute: ({ successes, trials, ...design }) => ({
    rate: trials === 0 ? null : successes / trials,
    interval: rateSequence({ successes, trials }, design),
  }),
});

const mixtureTest = calculation({
  name: 'mixture-sprt',
  title: 'The mixture sequential probability ratio test of two balanced streams',
  source: 'Robbins 1970; Johari, Koomen, Pekelis & Walsh 2022',
  input: z.strictObject({
    n: count.min(1).describe('Scores of each stream.'),
    difference: finite.describe('The difference of the two means.'),
    variance: z.number().min(1e-50).max(1e50).describe('The variance of a score, the same in both streams.'),
    effect_variance: z
      .number()
      .min(1e-50)
      .max(1e50)
      .describe('The variance of the differences that are thought likely.'),
  }),
  example: { n: 100, difference: 0.3, variance: 1, effect_variance: 0.1 },
  compute: (streams) => {
    const log_ratio = mixtureSprt(streams);
    return { log_ratio, p: Math.min(1, Math.exp(-log_ratio)) };
  },
});

const groupSequential = calculation({
  name: 'group-sequential',
  title: 'A few planned looks: which bounds keep the error rate, and what peeking does to it',
  source: 'Armitage, McPherson & Rowe 1969; Pocock 1977; O’Brien & Fleming 1979',
  input: z.strictObject({
    looks: z
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe('How often one will look, each time after as many items.'),
    alpha,
  }),
  example: { looks: 5 },
  compute: (plan) => {
    const pocock = pocockBounds(plan);
    const obrien_fleming = obrienFlemingBounds(plan);
    const fixed = -normalQuantile(plan.alpha / 2);
    const peeking = crossingChances(pocock.bounds.map(() => fixed));
    return {
      pocock_constant: pocock.constant,
      obrien_fleming_constant: obrien_fleming.constant,
      table: peeking.map((false_alarms, i) => ({
        look: i + 1,
        pocock: pocock.bounds[i],
        obrien_fleming: obrien_fleming.bounds[i],
        fixed,
        false_alarms_of_fixed: false_alarms,
      })),
    };
  },
});

const cupedScores = calculation({
  name: 'cuped',
  title: 'Mean scores of two versions, less what was known of the users before',
  source: 'Deng, Xu, Kohavi & Walker 2013',
  input: z.strictObject({
    scores: z.array(finite).max(100_000).describe('The score of each session.'),
    covariates: z
      .array(finite)
      .max(100_000)
      .describe("For each session, what was known before: its user's score under an earlier version."),
    roles: z
      .array(z.union([z.literal('baseline'), z.literal('candidate')]))
      .max(100_000)
      .describe('For each session, which version served it: baseline or candidate.'),
  }),
  example: {
    scores: [0.9, 0.7, 0.8, 0.4, 0.6, 0.5],
    covariates: [0.8, 0.9, 0.9, 0.5, 0.6, 0.7],
    roles: ['baseline', 'candidate', 'baseline', 'candidate', 'baseline', 'candidate'],
  },
  compute: ({ scores, covariates, roles }) => {
    for (const [field, { length }] of [['covariates', covariates] as const, ['roles', roles] as const]) {
      const complaint = `${field}: must have ${scores.length} entries, one for each score`;
      requireThat(length === scores.length, complaint);
    }
    const rowsOf = (role: string) => ({
      scores: scores.filter((_, i) => roles[i] === role),
      covariates: covariates.filter((_, i) => roles[i] === role),
    });
    const adjusted = cuped({ baseline: rowsOf('baseline'), candidate: rowsOf('candidate') });
    if (adjusted === null) return { adjusted: null };
    const { baseline, candidate, ...fit } = adjusted;
    return { adjusted: { ...fit, baseline: figuresOf(baseline), candidate: figuresOf(candidate) } };
  },
});

const posterior = calculation({
  name: 'posterior-rates',
  title: 'Two success rates as beliefs: how likely is the candidate the better one?',
  source: 'Miller 2015; Stucchio 2015',
  input: z.strictObject({ baseline: rate("The baseline's rate."), candidate: rate("The candidate's rate.") }),
  example: { baseline: { successes: 49, trials: 100 }, candidate: { successes: 51, trials: 100 } },
  compute: posteriorRates,
});

/** What can be calculated of data that are looked at again and again, in the order in which it is listed. */
export const sequentialCatalog: readonly Calculation[] = [
  failureProcess,
  sampleRatio,
  meanSequence,
  differenceSequence,
  rateWatched,
  mixtureTest,
  groupSequential,
  cupedScores,
  posterior,
];

function momentsFrom({ n, mean, variance }: z.output<typeof summary>): Moments {
  return { n, mean, m2: variance * Math.max(0, n - 1) };
}

function figuresOf(moments: Moments): Readonly<Record<string, unknown>> {
  return { n: moments.n, mean: moments.n === 0 ? null : moments.mean, variance: varianceOf(moments) };
}
