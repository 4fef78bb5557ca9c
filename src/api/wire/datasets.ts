import { z } from 'zod';
import type { Json } from '../../core/evaluation.ts';
import type { Case } from '../../eval/case.ts';
import type { Dataset } from '../../eval/dataset/datasets.ts';
import type { CaseChange } from '../../eval/dataset/diff.ts';
import { fileFormats } from '../../eval/dataset/feed.ts';
import type { KeptCase } from '../../eval/dataset/pages.ts';
import type { DatasetRevision } from '../../eval/dataset/revision.ts';
import { flag, limit, page, text } from './fields.ts';

const format = z.enum(fileFormats, `must be ${fileFormats.join(' or ')}`);
const column = text(1, 200).optional();
const revision = z.string().optional();
const onePage = { limit: limit(20, 100), page };

/** Where a file goes and how it is read. Each role may name the column that plays it. */
export const datasetImportQuery = z.strictObject({
  name: z.string(),
  format: format.optional(),
  ...{ id: column, input: column, target: column, group: column },
  ...{ cluster: column, weight: column, must_pass: column, split: column },
});

/** A dataset that fits into one request. What cases must be is checked where they are read. */
export const datasetCreate = z.strictObject({
  name: z.string(),
  description: text(0, 2000).optional(),
  cases: z.array(z.unknown()),
});

export const datasetListQuery = z.strictObject({ ...onePage, include_archived: flag });
export const datasetQuery = z.strictObject({ revision });
export const datasetRevisionListQuery = z.strictObject(onePage);
export const caseListQuery = z.strictObject({ ...onePage, revision });
export const datasetExportQuery = z.strictObject({ revision, format: format.default('jsonl') });
export const datasetDiffQuery = z.strictObject({ ...onePage, from: revision, to: revision });

const json = z.unknown().transform((value) => value as Json | undefined);

/** A session and what makes a case of it. What the values must be is checked where cases are read. */
export const sessionCase = z.strictObject({
  session_id: z.string(),
  target: json.refine((value) => value !== undefined, 'must be given').transform((value) => value ?? null),
  ...{ id: json.optional(), group: json.optional(), cluster: json.optional() },
  ...{ weight: json.optional(), must_pass: json.optional(), split: json.optional() },
});

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

/** The answer to making a case of a session: the case, and the dataset as it is with it. */
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
