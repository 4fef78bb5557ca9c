import { z } from 'zod';
import type { RunReportResponse } from '../../reports.ts';
import { bareRun } from './eval-runs.ts';
import { capped, count, describes, listOf, share, text } from './fields.ts';
import { groupName, rowScope, sideShape } from './gate-rows.ts';

export const runReport = describes<RunReportResponse>()(
  z.object({
    schema: z.literal(1),
    run: bareRun.describe('The run.'),
    rows: listOf(
      z.object({
        ...sideShape,
        metric: text.describe('The scorer.'),
        scope: rowScope.describe('Whether it is about every case or about one group.'),
        group: groupName,
        cases: count.describe('Cases of this row.'),
        scored: count.describe('Those with a score.'),
        sees: share
          .nullable()
          .describe('The smallest drop that so many cases would show, at 80 % power; null when none.'),
      }),
    ).describe('By metric; for each, all cases first and then the groups by name.'),
    cases: capped(
      z.object({
        case_id: text.describe('The id of the case.'),
        group: text.nullable().describe('Its group; null for none.'),
        outcome: z
          .enum(['wrong', 'mixed', 'unscored', 'right'])
          .describe('In most of its epochs; `mixed` is evenly split, and `unscored` has no score in any.'),
      }),
    ).describe('Each case by the first scorer, in the order of the dataset.'),
    wrong: capped(
      z.object({
        case_id: text.describe('The id of the case.'),
        group: text.nullable().describe('Its group; null for none.'),
        passes: count.describe('Epochs in which it is right.'),
        epochs: count.describe('Scored epochs.'),
        target: text.describe('What was expected, as JSON, shortened.'),
        reply: text.describe('The reply of an epoch that is wrong, shortened.'),
        reason: text.nullable().describe('What the scorer said of it; null when it said nothing.'),
      }),
    ).describe('Cases that the first scorer finds wrong in most epochs.'),
    unscored: capped(
      z.object({ case_id: text.describe('The id of the case.'), reason: text.describe('Why.') }),
    ).describe('Cases without any score of the first scorer.'),
  }),
).meta({ id: 'RunReport', description: 'What one run scored by itself.' });
