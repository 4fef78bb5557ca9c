import { z } from 'zod';
import type { Json } from '../../core/evaluation.ts';
import type { Case } from '../../eval/case.ts';
import type { Dataset } from '../../eval/dataset/datasets.ts';
import type { CaseChange } from '../../eval/dataset/diff.ts';
import { fileFormats } from '../../eval/dataset/feed.ts';
import type { KeptCase } from '../../eval/dataset/pages.ts';
import type { DatasetRevision } from '../../eval/dataset/revision.ts';
import { flag, limit, lookup, newestFirst, page, search, text, versionNumber } from './fields.ts';

const format = z.enum(fileFormats, `must be ${fileFormats.join(' or ')}`);
const column = (what: string) => text(1, 200).optional().describe(`The column that holds ${what}.`);
const revisionHelp = 'A revision by its id, or by at least the first 8 characters of its hash.';
const revision = z.string().optional().describe(`${revisionHelp} Absent takes the newest.`);
const onePage = { limit: limit(20, 100), page };
const name = z.string().meta({
  description: 'From 1 to 100 letters, digits, dots, dashes and underscores; a letter or digit first.',
});

/** Where a file goes and how it is read. Each role may name the column that plays it. */
export const datasetImportQuery = z.strictObject({
  name,
  format: format.optional().describe('What the file is; absent goes by its content type.'),
  id: column('the ids of cases, unique within the file'),
  input: column('the inputs: a text, or a list of messages'),
  target: column('what is expected'),
  group: column('the part of the dataset that a case is reported under'),
  cluster: column('the source that a case shares with others'),
  weight: column('how much a case counts in means, from 0.000001 to 1000000'),
  must_pass: column('whether one case is enough for the gate to fail'),
  split: column('the split that a case belongs to'),
});

/** A dataset that fits into one request. What cases must be is checked where they are read. */
export const datasetCreate = z
  .strictObject({
    name,
    description: text(0, 2000).optional().describe('Absent leaves the description as it is.'),
    cases: z
      .array(z.unknown())
      .describe('All cases of the revision, each an object as a line of a JSON Lines file holds it.'),
  })
  .meta({ id: 'NewDataset', description: 'A dataset, or what one is to hold from now on.' });

export const datasetListQuery = z.strictObject({
  ...onePage,
  order: newestFirst,
  search: search('Only datasets with this in their name or description.'),
  include_archived: flag('Whether archived ones are listed as well.'),
});
export const datasetQuery = z.strictObject({ revision });
export const datasetSightQuery = z.strictObject({
  revision,
  epochs: versionNumber
    .refine((epochs) => epochs <= 100, 'must be a whole number from 1 to 100')
    .optional()
    .describe('How often each case is asked, 100 times at most; absent takes what evals usually do.'),
});
export const datasetRevisionListQuery = z.strictObject(onePage);
export const caseListQuery = z.strictObject({
  ...onePage,
  revision,
  search: search('Only cases with this in their id.'),
  case_id: lookup.optional().describe('Only the case with exactly this id.'),
});
export const datasetExportQuery = z.strictObject({
  revision,
  format: format.default('jsonl').describe('What file to make of it.'),
});
export const datasetDiffQuery = z.strictObject({
  ...onePage,
  from: z.string().optional().describe(`${revisionHelp} Absent takes the one before \`to\`.`),
  to: revision,
});

const json = z.unknown().transform((value) => value as Json | undefined);
const label = (what: string) => json.optional().describe(what);

/** A session or an input, and what makes a case of it. What the values must be is checked where cases are read. */
export const caseCreate = z
  .strictObject({
    session_id: z.string().optional().describe('The session that the input is taken from, `sesn_…`.'),
    input: label('What is asked: a text, or a list of messages. Either this or `session_id` is given.'),
    target: json
      .refine((value) => value !== undefined, 'must be given')
      .transform((value) => value ?? null)
      .describe('What is expected, as any JSON; null states nothing.'),
    id: label('A text, unique within the dataset; absent is made of the content.'),
    group: label('A text: the part of the dataset that it is reported under.'),
    cluster: label('A text: the source that it shares with other cases.'),
    weight: label('A number from 0.000001 to 1000000: how much it counts in means. 1 unless stated.'),
    must_pass: label('A boolean: whether this one case is enough for the gate to fail.'),
    split: label('A text: the split that it belongs to.'),
  })
  .refine(({ session_id, input }) => (session_id === undefined) !== (input === undefined), {
    path: ['session_id'],
    message: 'must be given, or else input',
  })
  .meta({ id: 'NewCase', description: 'A session or an input, and what makes a case of it.' });

/** A revision of a dataset as answers carry it. */
export type DatasetRevisionResponse = DatasetRevision & { readonly type: 'dataset_revision' };

/** A dataset with the revision that it points to, or the one that was asked for; null before the first. */
export type DatasetResponse = Omit<Dataset, 'revision'> & {
  readonly type: 'dataset';
  readonly revision: DatasetRevisionResponse | null;
};

/** The answer to bringing cases. `unchanged` says that the dataset had a revision with just these. */
export type DatasetChangeResponse = DatasetResponse & { readonly unchanged: boolean };

/** A case of a revision; `hash` is that of its content. */
export type CaseResponse = Case & { readonly type: 'case'; readonly hash: string };

/** The answer to adding a case: the case, and the dataset as it is with it. */
export type NewCaseResponse = CaseResponse & { readonly dataset: DatasetChangeResponse };

/** What has become of a case between two revisions. */
export type CaseChangeResponse = Omit<CaseChange, 'place'> & { readonly type: 'case_change' };

/** One page of the changes from one revision to another. */
export type DatasetDiffResponse = {
  readonly type: 'dataset_diff';
  readonly from: DatasetRevisionResponse;
  readonly to: DatasetRevisionResponse;
  readonly data: readonly CaseChangeResponse[];
  readonly next_page: string | null;
};

export function datasetResponse({ revision: held, ...row }: Dataset): DatasetResponse {
  return { type: 'dataset', ...row, revision: held === null ? null : datasetRevisionResponse(held) };
}

export function datasetRevisionResponse(row: DatasetRevision): DatasetRevisionResponse {
  return { type: 'dataset_revision', ...row };
}

export function caseResponse({ case: one, hash }: Pick<KeptCase, 'case' | 'hash'>): CaseResponse {
  return { type: 'case', ...one, hash };
}

export function caseChangeResponse({ place: _place, ...change }: CaseChange): CaseChangeResponse {
  return { type: 'case_change', ...change };
}
