import { z } from 'zod';
import { jobStatuses } from '../../../core/evaluation.ts';
import type {
  Flip,
  FlipSide,
  GateReport,
  Pairing,
  ReportSide,
  ResourceRow,
} from '../../../eval/gate-report.ts';
import { gatePolicy } from './evals.ts';
import { capped, count, describes, listOf, share, text, time } from './fields.ts';
import { agreementShape, caseLine, gateReason, gateRow, interval, verdict } from './gate-rows.ts';

const side = describes<ReportSide>()(
  z.object({
    run_id: text.describe('`erun_…`'),
    status: z.enum(jobStatuses).describe('Where the run stood.'),
    agent_id: text.describe('`agent_…`'),
    agent_name: text.describe('The name of the agent.'),
    agent_version: count.describe('The version that was run.'),
    config_hash: text.describe('Hash of the configuration that sessions ran with.'),
    model: text.describe('The model that the version names.'),
    served_by: listOf(text).describe('Who answered, sorted; `provider/model`.'),
    dataset: z
      .object({
        name: text.describe('Its name.'),
        hash: text.describe('The hash of the revision.'),
        cases: count.describe('How many cases it has.'),
      })
      .describe('The cases that were asked.'),
    epochs: count.describe('How often each case was asked.'),
    pawl_version: text.describe('The version of the server.'),
    errors: count.describe('Cases and epochs whose sessions broke.'),
    ended_at: time.nullable().describe('When the run was over.'),
  }),
);

const pairing = describes<Pairing>()(
  z.object({
    common: count.describe('Cases that both sides have, unchanged: the report is about these.'),
    changed: capped(text).describe('Cases that both sides have, but whose content differs.'),
    only_baseline: capped(text).describe('Cases that only the baseline has.'),
    only_candidate: capped(text).describe('Cases that only the candidate has.'),
  }),
);

const flipSide = describes<FlipSide>()(
  z.object({
    value: share.describe('Mean over epochs.'),
    passes: count.describe('Epochs in which the case is right.'),
    epochs: count.describe('Scored epochs.'),
    reason: text
      .nullable()
      .describe(
        'What the scorer said of one epoch that stands for the majority; null for a plain full score.',
      ),
    reading: text
      .nullable()
      .describe(
        'What was read out of the reply, as JSON, shortened; null when it is not known or unreadable.',
      ),
    reply: text.nullable().describe('The reply, shortened to 500 characters; null when it is not known.'),
  }),
);

const flip = describes<Flip>()(
  z.object({
    case_id: text.describe('The id of the case.'),
    group: text.nullable().describe('Its group; null for none.'),
    turned: z.enum(['lost', 'gained']).describe('`lost` from right to wrong, `gained` the other way.'),
    must_pass: z.boolean().describe('Whether this one case is enough for the gate to fail.'),
    input: text.nullable().describe('The message, shortened to 500 characters; null when it is not known.'),
    target: text.nullable().describe('What was expected, as JSON, shortened; null when it is not known.'),
    baseline: flipSide.describe('What the baseline said.'),
    candidate: flipSide.describe('What the candidate said.'),
  }),
);

const resource = describes<ResourceRow>()(
  z.object({
    resource: z.enum(['latency_ms', 'tokens', 'cost_usd']).describe('What was taken.'),
    cases: count.describe('Cases that have the figure on both sides.'),
    baseline: z.number().nullable().describe('Mean under the baseline.'),
    candidate: z.number().nullable().describe('Mean under the candidate.'),
    difference: z.number().nullable().describe('Candidate less baseline: above 0, the candidate takes more.'),
    interval: interval.nullable().describe('Of the difference; null when it has none.'),
  }),
);

export const gateReport = describes<GateReport>()(
  z.object({
    schema: z.literal(1),
    verdict: verdict.describe('The answer of the gate. Only `pass` is a pass.'),
    reasons: capped(gateReason).describe('What decided the verdict, the gravest first; never empty.'),
    warnings: capped(gateReason).describe('What a reader should know and what did not change the verdict.'),
    eval: z
      .object({
        id: text.describe('`eval_…`'),
        name: text.describe('Its name.'),
        revision: count.describe('The revision that was run.'),
      })
      .describe("The eval of the candidate's run."),
    baseline: side.describe('The run of the version that is served now.'),
    candidate: side.describe('The run of the version that is to take its place.'),
    pairing: pairing.describe('Which cases could be set against each other.'),
    policy: gatePolicy.describe('What was asked.'),
    seed: count.describe('Every random number behind this report comes from it.'),
    judges: listOf(z.object({ metric: text.describe('The judge.'), ...agreementShape })).describe(
      'The judges whose agreement with people is known; differences by their metrics are corrected for it.',
    ),
    rows: capped(gateRow).describe('By metric; for each, all cases first and then the groups by name.'),
    worst_group: z
      .object({
        group: text.nullable().describe('Null for cases without a group.'),
        damage: z.number().describe('Its mean damage.'),
      })
      .nullable()
      .describe('The group with the most damage by the first metric; null without groups or scores.'),
    flips: capped(flip).describe('Cases that turned by the first metric: lost ones first.'),
    cases: capped(caseLine).describe('What became of the cases by the first metric, turned ones first.'),
    flaky: capped(text).describe('Cases that are sometimes right and sometimes wrong on both sides, by id.'),
    resources: listOf(resource).describe('What the runs took; it decides nothing.'),
  }),
).meta({ id: 'GateReport', description: 'What a gate found, complete in itself and kept as evidence.' });
