import { z } from 'zod';
import { jobStatuses } from '../../../core/evaluation.ts';
import type { CalibrationReport } from '../../../eval/gate-report.ts';
import type { ComparisonOrigin } from '../../../eval/recorded/origin.ts';
import type { CalibrationResponse } from '../../calibrations.ts';
import type { ComparisonListed, ComparisonResponse } from '../../comparisons.ts';
import { bareRun } from './eval-runs.ts';
import { gatePolicy } from './evals.ts';
import { capped, count, describes, share, text, time } from './fields.ts';
import { gateReport } from './gate-report.ts';
import { groupName, interval, rowScope, verdict } from './gate-rows.ts';

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
