import { z } from 'zod';
import { type Verdict, verdicts } from '../../../core/evaluation.ts';
import {
  type CaseLine,
  type CaseOutcome,
  caseOutcomes,
  type Damage,
  type GateReason,
  type GateReasonCode,
  type GateRow,
  type Interval,
  type RowScope,
  type RowSide,
  type RowTests,
} from '../../../eval/gate-report.ts';
import { tier } from './evals.ts';
import { capped, count, describes, share, text } from './fields.ts';

const reasonCode = describes<GateReasonCode>()(
  z.enum([
    'run_not_completed',
    'no_common_cases',
    'served_model_differs',
    'metric_missing',
    'scorer_differs',
    'group_missing',
    'gate_asks_nothing',
    'judge_too_weak',
    'too_few_scored',
    'unscored_may_be_lost',
    'must_pass_unscored',
    'must_pass_lost',
    'lost_too_many',
    'lost_too_many_in_all',
    'damage_above_margin',
    'damage_size_unsettled',
    'insufficient_data',
    'margin_unsettled',
    'within_margin',
    'detectable_within_margin',
    'improved',
    'few_enough_lost',
    'must_pass_kept',
    'not_asked',
    'must_pass_fails_on_both_sides',
    'must_pass_dropped',
    'hidden_by_average',
    'model_changed',
    'cases_left_out',
    'cases_unscored',
    'epochs_differ',
    'recorded',
  ]),
);

/** A gate's answer. */
export const verdict = describes<Verdict>()(z.enum(verdicts));
/** Whether figures are about every case or about one group. */
export const rowScope = describes<RowScope>()(z.enum(['all_cases', 'group']));
/** The group that figures are about. */
export const groupName = text
  .nullable()
  .describe('Null for all cases, and for the group of cases without one.');

export const gateReason = describes<GateReason>()(
  z.object({
    code: reasonCode.describe('Why, for programs.'),
    metric: text.nullable().describe('Null when it is not about one metric.'),
    scope: z.enum(['gate', 'all_cases', 'group']).describe('What it is about.'),
    group: groupName,
    text: text.describe('Why, as a sentence with the numbers in it.'),
  }),
).meta({ id: 'GateReason', description: 'Why a gate says what it says.' });

export const interval = describes<Interval>()(
  z.object({
    low: z.number().describe('The lower limit.'),
    high: z.number().describe('The upper limit.'),
    confidence: share.describe('The two-sided level.'),
    method: z.enum(['wilson', 'tango', 'student_t', 'clustered_t']).describe('How the limits were found.'),
  }),
).meta({ id: 'Interval', description: 'Two-sided limits.' });

/** The figures of one side, which a run's own report has as well. */
export const sideShape = {
  mean: share.nullable().describe('Weighted by the weights of the cases; null without scores.'),
  unweighted_mean: share.nullable().describe('Null when every case weighs the same.'),
  interval: interval.nullable().describe('Of the mean; null when it has none.'),
  passed: count.describe('Cases that are right in more than half of their epochs.'),
  reliability: z
    .object({
      epochs: count.describe('So many scored epochs a case needs to count here.'),
      cases: count.describe('Cases that have as many.'),
      pass_at_k: share.describe('Chance that at least one of so many epochs is right.'),
      pass_hat_k: share.describe('Chance that all of them are.'),
      flake_rate: share.describe('Chance that two epochs of a case differ.'),
    })
    .nullable()
    .describe('How repeatable the answers are; null where no case has two epochs.'),
};

const side = describes<RowSide>()(z.object(sideShape));

/** How well a judge agrees with people. */
export const agreementShape = {
  tpr: share.describe('Of the replies that people find right, the share that the judge finds right.'),
  tnr: share.describe('Of the replies that people find wrong, the share that the judge finds wrong.'),
  n: count.describe('Labelled replies that it was measured on.'),
  kappa: z.number().nullable().describe("Cohen's kappa; null when it is not defined."),
};

const damage = describes<Damage>()(
  z.object({
    mean: z.number().describe("The baseline's score less the candidate's: above 0, the candidate is worse."),
    unweighted_mean: z.number().nullable().describe('Null when every case weighs the same.'),
    differing: count.describe('Units whose scores differ at all.'),
    interval: interval.nullable().describe('Not adjusted for the number of rows; null for a single unit.'),
    widened: z
      .boolean()
      .describe('Whether so few units differ that the interval allows for units that nobody has seen.'),
    judge_factor: z
      .number()
      .nullable()
      .describe("What differences were divided by because the judge errs; null without a judge's record."),
  }),
);

const tests = describes<RowTests>()(
  z.object({
    harm: z
      .object({
        above: z.number().describe('The damage that is tested against.'),
        p: share.describe('One-sided.'),
        p_adjusted: share.describe('Adjusted for the number of rows.'),
        adjustment: z.enum(['holm', 'benjamini_hochberg']).describe('How it was adjusted.'),
        family: count.describe('How many rows it was adjusted for.'),
      })
      .nullable()
      .describe('Test that the damage is above a limit; null when the row is not judged.'),
    mcnemar: z
      .object({
        harmful: count.describe('Cases that are right under the baseline only.'),
        beneficial: count.describe('Cases that are right under the candidate only.'),
        exact_one_sided: share.describe('The exact p of harm.'),
        exact_two_sided: share.describe('The exact p of a difference.'),
        mid_p: share.describe('The mid-p of a difference.'),
      })
      .nullable()
      .describe('Only for scores of 0 and 1 in one epoch, of cases that are independent and weigh the same.'),
    sign_flip: z
      .object({
        p: share.describe('Two-sided.'),
        flips: count.describe('How many turns of signs were tried.'),
        exact: z.boolean().describe('Whether those were all there are.'),
      })
      .nullable()
      .describe('Test of no difference, by turning signs of whole units; null when there are too many.'),
  }),
);

export const gateRow = describes<GateRow>()(
  z.object({
    metric: text.describe('The scorer.'),
    scope: rowScope.describe('Whether it is about every case or about one group.'),
    group: groupName,
    tier: tier.describe('How much the row matters.'),
    margin: share.nullable().describe('Tolerated mean damage; null when the interval is not judged.'),
    verdict: z
      .enum([...verdicts, 'not_asked'])
      .describe('`not_asked` when the policy asks nothing of this row.'),
    reason: gateReason.describe('Why.'),
    cases: count.describe('Cases of this row that both sides have.'),
    scored: count.describe('Those with a score on both sides: all figures below are over these.'),
    unscored: z
      .object({
        baseline: count.describe('Under the baseline.'),
        candidate: count.describe('Under the candidate.'),
      })
      .describe('How many cases have no score; one may lack both.'),
    units: count.describe('Independent units: clusters, and cases without a cluster.'),
    epochs: count.describe('The most scored epochs that a case has on either side.'),
    baseline: side.describe('The one side.'),
    candidate: side.describe('The other side.'),
    lost: capped(text).describe('Cases right under the baseline and wrong under the candidate, by id.'),
    maybe_lost: capped(text).describe(
      'Cases right under the baseline and without a score under the candidate, by id.',
    ),
    gained: capped(text).describe('Cases that turned the other way, by id.'),
    damage: damage.nullable().describe('How much worse the candidate is on average; null without scores.'),
    tests: tests.describe('Tests beside the interval.'),
    sees: z
      .number()
      .nullable()
      .describe('The smallest true damage that 4 of 5 such rows would tell from none; null when unknown.'),
    settle: z
      .object({
        cases: count.nullable().describe('About how many cases in all; null when no number would do.'),
        more_epochs: z.boolean().describe('Whether more epochs help as well.'),
        text: text.describe('The same as a sentence.'),
      })
      .nullable()
      .describe('What would turn `inconclusive` into an answer; null in other rows.'),
  }),
).meta({ id: 'GateRow', description: 'One metric over all cases or over one group.' });

export const caseOutcome = describes<CaseOutcome>()(z.enum(caseOutcomes));

/** What became of one case of a comparison. */
export const caseLine = describes<CaseLine>()(
  z.object({
    case_id: text.describe('The id of the case.'),
    group: text.nullable().describe('Its group; null for none.'),
    must_pass: z.boolean().describe('Whether this one case is enough for the gate to fail.'),
    outcome: caseOutcome.describe(
      'In a majority of epochs: `right` or `wrong` on both sides, or turned; `mixed` has none.',
    ),
  }),
);
