import { z } from 'zod';
import type { DatasetSummary } from '../../../eval/case.ts';
import type { DatasetSightResponse } from '../../sights.ts';
import type {
  CaseChangeResponse,
  CaseResponse,
  DatasetChangeResponse,
  DatasetDiffResponse,
  DatasetResponse,
  DatasetRevisionResponse,
  NewCaseResponse,
} from '../datasets.ts';
import { count, describes, json, listOf, nextPage, share, text, time } from './fields.ts';

const summary = describes<DatasetSummary>()(
  z.object({
    groups: listOf(
      z.object({
        group: text.nullable().describe('Null for cases without one.'),
        cases: count.describe('How many cases it has.'),
      }),
    ).describe('Cases by group.'),
    clusters: count.describe('How many clusters there are.'),
    must_pass: count.describe('Cases of which one is enough for the gate to fail.'),
    without_target: count.describe('Cases that state nothing that is expected.'),
    targets: listOf(text)
      .nullable()
      .describe('The distinct targets where they are short texts, at most 100; null when there are more.'),
  }),
);

export const datasetRevision = describes<DatasetRevisionResponse>()(
  z.object({
    type: z.literal('dataset_revision'),
    id: text.describe('`drev_…`'),
    dataset_id: text.describe('`dset_…`'),
    hash: text.describe('SHA-256 over the hashes of the cases, in order: equal hashes are equal contents.'),
    cases: count.describe('How many cases it holds.'),
    summary: summary.describe('What the cases are, counted.'),
    created_at: time.describe('When it was made.'),
  }),
).meta({ id: 'DatasetRevision', description: 'What a dataset held at one moment. It never changes.' });

const datasetShape = {
  type: z.literal('dataset'),
  id: text.describe('`dset_…`'),
  name: text.describe('Unique, among archived ones too.'),
  description: text.nullable().describe('What it is for; null where nobody said.'),
  revision: datasetRevision
    .nullable()
    .describe('The revision that was asked for, or else the newest; null before there is one.'),
  created_at: time.describe('When it was made.'),
  updated_at: time.describe('When it last changed.'),
  archived_at: time.nullable().describe('When it was archived; null while it takes cases.'),
};

export const dataset = describes<DatasetResponse>()(z.object(datasetShape)).meta({
  id: 'Dataset',
  description: 'A set of cases under a name, with one of its revisions.',
});

export const datasetChange = describes<DatasetChangeResponse>()(
  z.object({
    ...datasetShape,
    unchanged: z.boolean().describe('Whether the dataset had a revision with just these cases.'),
  }),
).meta({ id: 'DatasetChange', description: 'A dataset that cases were brought to.' });

const caseShape = {
  type: z.literal('case'),
  id: text.describe('Unique within a revision, and the same from revision to revision.'),
  input: z
    .union([
      text,
      listOf(
        z.object({
          role: z.enum(['user', 'assistant']).describe('Who says it.'),
          content: text.describe('What is said.'),
        }),
      ),
    ])
    .nullable()
    .describe("What is sent: a text or messages; null where an eval's template makes it of `fields`."),
  target: json.describe('What is expected; null states nothing.'),
  group: text.nullable().describe('The part of the dataset that it is reported under; null for none.'),
  cluster: text.nullable().describe('The source that it shares with other cases; null stands alone.'),
  weight: z.number().describe('How much it counts in means, from 0.000001 to 1000000.'),
  must_pass: z.boolean().describe('Whether this one case is enough for the gate to fail.'),
  split: text.nullable().describe('The split that it belongs to; null for none.'),
  fields: z.record(z.string(), json).describe('Every other column, for templates and scorers.'),
  hash: text.describe('SHA-256 of its content.'),
};

export const oneCase = describes<CaseResponse>()(z.object(caseShape)).meta({
  id: 'Case',
  description: 'An input, what is expected of it, and remarks: one line of a dataset.',
});

export const newCase = describes<NewCaseResponse>()(
  z.object({ ...caseShape, dataset: datasetChange.describe('The dataset as it is with it.') }),
).meta({ id: 'AddedCase', description: 'A case that was added.' });

const caseChange = describes<CaseChangeResponse>()(
  z.object({
    type: z.literal('case_change'),
    change: z.enum(['added', 'changed', 'removed']).describe('What has become of it.'),
    case_id: text.describe('The id of the case.'),
    fields: listOf(text).describe('The parts that differ, as in `fields.subject`; empty unless it changed.'),
  }),
).meta({ id: 'CaseChange', description: 'What has become of a case between two revisions.' });

export const datasetDiff = describes<DatasetDiffResponse>()(
  z.object({
    type: z.literal('dataset_diff'),
    from: datasetRevision.describe('The older revision.'),
    to: datasetRevision.describe('The newer one.'),
    data: listOf(caseChange).describe(
      'What was added or changed in the order of the newer, then what was removed.',
    ),
    next_page: nextPage,
  }),
).meta({ id: 'DatasetDiff', description: 'One page of the changes from one revision to another.' });

const seenLoss = share
  .nullable()
  .describe('The smallest loss that would be told from none 4 times out of 5; null when none would be.');

export const datasetSight = describes<DatasetSightResponse>()(
  z.object({
    type: z.literal('dataset_sight'),
    cases: count.describe('Cases of the revision.'),
    epochs: count.describe('How often each is asked.'),
    damage: seenLoss,
    text: text.describe('The same in a sentence, with what it assumes.'),
    groups: listOf(
      z.object({
        group: text.nullable().describe('Its name; null for cases without one.'),
        cases: count.describe('Its cases.'),
        damage: seenLoss,
      }),
    ).describe('The first hundred groups.'),
  }),
).meta({ id: 'DatasetSight', description: 'What a comparison on a dataset could see.' });
