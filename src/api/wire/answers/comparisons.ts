import { z } from 'zod';
import { jobStatuses } from '../../../core/evaluation.ts';
import type { ComparedSide } from '../../../eval/compared-cases.ts';
import type { CalibrationReport } from '../../../eval/gate-report.ts';
import type { ComparisonOrigin } from '../../../eval/recorded/origin.ts';
import type { CalibrationResponse } from '../../calibrations.ts';
import type {
  ComparedCaseResponse,
  ComparedCasesResponse,
  ComparisonListed,
  ComparisonResponse,
} from '../../comparisons.ts';
import { bareRun } from './eval-runs.ts';
import { gatePolicy } from './evals.ts';
import { capped, count, describes, listOf, nextPage, share, text, time } from './fields.ts';
import { gateReport } from './gate-report.ts';
import { caseOutcome, groupName, interval, rowScope, verdict } from './gate-rows.ts';

const taken = {
  taken: count.describe('How many became cases.'),
  left_out: z.record(z.string(), count).describe('How many did not, by the reason.'),
  expected_from: z
    .literal('recorded')
    .nullable()
    .describe('Whether the recorded answer was the expected one; null when nothing was expected.'),
};

const origin = describes<ComparisonOrigin>()(
  z.discriminatedUnion('type', [
    z
      .object({
        type: z.literal('backtest'),
        alias: text.nullable().describe('The alias that gave the sessions their version; null for any way.'),
        from: time.describe('Sessions that were made from then on.'),
        to: time.describe('Sessions that were made before then.'),
        limit: count.describe('The most cases that were asked for.'),
        ...taken,
      })
      .meta({ title: 'Backtest' }),
    z
      .object({
        type: z.literal('shadow'),
        shadow_id: text.describe('`shdw_…`'),
        ...taken,
      })
      .meta({ title: 'Shadow' }),
  ]),
);

const listedShape = {
  type: z.literal('comparison'),
  id: text.describe('`cmp_…`'),
  eval_id: text.describe('`eval_…`'),
  status: z.enum(jobStatuses).describe('Where it stands.'),
  baseline: bareRun.describe('The run of the version that is served now.'),
  candidate: bareRun.describe('The run of the version that is to take its place.'),
  gate: gatePolicy.describe('What it has to show.'),
  origin: origin
    .nullable()
    .describe('Where its cases come from, when they are what users said; null for those of a dataset.'),
  verdict: verdict.nullable().describe("The gate's answer; null until it is completed."),
  error: text.nullable().describe('Why it failed; null when it did not.'),
  created_at: time.describe('When it was made.'),
  ended_at: time.nullable().describe('When it was over; null before.'),
};

export const listedComparison = describes<ComparisonListed>()(z.object(listedShape)).meta({
  id: 'ListedComparison',
  description: 'A comparison without its report.',
});

export const comparison = describes<ComparisonResponse>()(
  z.object({
    ...listedShape,
    report: gateReport.nullable().describe('What the gate found; null until it is completed.'),
  }),
).meta({ id: 'Comparison', description: 'Two runs set against each other, case by case.' });

const comparedSide = describes<ComparedSide>()(
  z.object({
    score: share.nullable().describe('Mean over the epochs that have a score; null when none has.'),
    passes: count.describe('Of those epochs, how many are right.'),
    epochs: count.describe('How many epochs have a score.'),
    errors: count.describe('Epochs whose session broke.'),
    latency_ms: z.number().nullable().describe('Mean over the epochs; null without an outcome.'),
    tokens: z.number().nullable().describe('Mean over the epochs; null without an outcome.'),
    cost_usd: z.number().nullable().describe('Mean over the epochs; null without a price.'),
  }),
);

const comparedCase = describes<ComparedCaseResponse>()(
  z.object({
    type: z.literal('compared_case'),
    case_id: text.describe('The id of the case.'),
    group: groupName,
    must_pass: z.boolean().describe('Whether this one case is enough for the gate to fail.'),
    outcome: caseOutcome.describe('What became of it, in a majority of epochs.'),
    damage: z
      .number()
      .nullable()
      .describe("The baseline's score less the candidate's; null without a score on both sides."),
    baseline: comparedSide.describe('What the baseline made of it.'),
    candidate: comparedSide.describe('What the candidate made of it.'),
  }),
).meta({ id: 'ComparedCase', description: 'A case that both runs of a comparison have.' });

export const comparedCases = describes<ComparedCasesResponse>()(
  z.object({
    data: listOf(comparedCase).describe('The cases, in order.'),
    next_page: nextPage,
    metric: text.nullable().describe('The scorer that decides; null where no scorer counts.'),
    total: count.describe('How many cases there are in all pages.'),
    outcomes: z
      .object({
        lost: count.describe('Right under the baseline, wrong under the candidate.'),
        gained: count.describe('The other way.'),
        unscored: count.describe('Without a score on some side.'),
        wrong: count.describe('Wrong on both sides.'),
        mixed: count.describe('Without a majority on some side.'),
        right: count.describe('Right on both sides.'),
      })
      .describe('How many came out how, of all that are not left out for something else.'),
  }),
).meta({ id: 'ComparedCases', description: 'One page of the cases of a comparison.' });

const rate = z.object({
  splits: count.describe('How many splits.'),
  rate: share.describe('Their share.'),
  interval: interval.describe('Of the share.'),
});

const report = describes<CalibrationReport>()(
  z.object({
    schema: z.literal(1),
    run_id: text.describe('`erun_…`'),
    policy: gatePolicy.describe('What was asked.'),
    seed: count.describe('Every random number behind this report comes from it.'),
    splits: count.describe('How often the epochs were split in two.'),
    epochs: count.describe('Epochs on each side of a split.'),
    cases: count.describe('Cases of the run.'),
    rates: z
      .object({
        pass: rate.describe('Splits that pass.'),
        fail: rate.describe('Splits that fail: false alarms.'),
        inconclusive: rate.describe('Splits that cannot tell.'),
        error: rate.describe('Splits that cannot be judged.'),
      })
      .describe('Splits by verdict.'),
    sees: capped(
      z.object({
        metric: text.describe('The scorer.'),
        scope: rowScope.describe('Whether it is about every case or about one group.'),
        group: groupName,
        cases: count.describe('Cases of this row.'),
        damage: z.number().nullable().describe('The smallest damage that would be seen; null when unknown.'),
      }),
    ).describe('What so many epochs on each side can see: means over the splits.'),
  }),
);

export const calibration = describes<CalibrationResponse>()(
  z.object({
    type: z.literal('calibration'),
    id: text.describe('`calib_…`'),
    eval_id: text.describe('`eval_…`'),
    key: text.describe('Hash of the dataset revision, the scorers and the gate: it holds for no others.'),
    report: report.describe('How the gate decided.'),
    created_at: time.describe('When it was made.'),
  }),
).meta({
  id: 'Calibration',
  description: 'How a gate decides when nothing has changed, measured on one run.',
});
