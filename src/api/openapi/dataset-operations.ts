import {
  dataset,
  datasetChange,
  datasetDiff,
  datasetRevision,
  datasetSight,
  newCase,
  oneCase,
} from '../wire/answers/datasets.ts';
import { pageOf } from '../wire/answers/fields.ts';
import { json, type Operations, textOf } from './operation.ts';

const lines = textOf('JSON Lines: one case on each line.');
const table = textOf('CSV: a row of names, and then one case in each row.');
const notFound = ['dataset_not_found', 'dataset_revision_not_found'] as const;

/** Bringing cases, and looking at them. */
export const datasetOperations: Operations = {
  import_dataset: {
    route: 'POST /pawl/v1/datasets/import',
    tag: 'Datasets',
    summary: 'Makes a file the newest revision of a dataset.',
    description:
      'Makes the dataset if there is none of this name. The file may have up to 1 GiB. When anything is wrong with it, nothing has changed, and the message has a line for each complaint.',
    body: {
      'application/x-ndjson': lines,
      'application/jsonl': lines,
      'text/csv': table,
      'application/octet-stream': textOf('Either of them, as `format` says.'),
    },
    answer: json(datasetChange),
    errors: ['dataset_archived', 'invalid_dataset'],
  },
  create_dataset: {
    route: 'POST /pawl/v1/datasets',
    tag: 'Datasets',
    summary: 'Makes a list of cases the newest revision of a dataset.',
    description: 'Makes the dataset if there is none of this name. The body may have up to 32 MiB.',
    answer: json(datasetChange),
    errors: ['dataset_archived', 'invalid_dataset'],
  },
  list_datasets: {
    route: 'GET /pawl/v1/datasets',
    tag: 'Datasets',
    summary: 'Lists datasets, the newest first.',
    answer: json(pageOf(dataset)),
    errors: [],
  },
  retrieve_dataset: {
    route: 'GET /pawl/v1/datasets/:id',
    tag: 'Datasets',
    summary: 'Gives a dataset with one of its revisions.',
    answer: json(dataset),
    errors: notFound,
  },
  list_dataset_revisions: {
    route: 'GET /pawl/v1/datasets/:id/revisions',
    tag: 'Datasets',
    summary: 'Lists the revisions of a dataset, the newest first.',
    answer: json(pageOf(datasetRevision)),
    errors: ['dataset_not_found'],
  },
  list_cases: {
    route: 'GET /pawl/v1/datasets/:id/cases',
    tag: 'Datasets',
    summary: 'Lists the cases of a revision, in order.',
    answer: json(pageOf(oneCase)),
    errors: notFound,
  },
  create_case: {
    route: 'POST /pawl/v1/datasets/:id/cases',
    tag: 'Datasets',
    summary:
      'Adds a session, or what somebody has written, to the cases of the newest revision, and makes that a new one.',
    description:
      'The input of a session is what the user said; where there were several turns, the conversation up to the last thing that the user said.',
    answer: json(newCase),
    errors: ['dataset_not_found', 'dataset_archived', 'session_not_found', 'invalid_dataset'],
  },
  diff_dataset: {
    route: 'GET /pawl/v1/datasets/:id/diff',
    tag: 'Datasets',
    summary: 'Lists what has become of the cases from one revision to another.',
    answer: json(datasetDiff),
    errors: notFound,
  },
  sight_dataset: {
    route: 'GET /pawl/v1/datasets/:id/sight',
    tag: 'Datasets',
    summary: 'Says what a comparison on a revision could see, before anything is run.',
    answer: json(datasetSight),
    errors: notFound,
  },
  export_dataset: {
    route: 'GET /pawl/v1/datasets/:id/export',
    tag: 'Datasets',
    summary: 'Gives a revision as a file, which can be imported again.',
    answer: { 'application/x-ndjson': lines, 'text/csv': table },
    errors: notFound,
  },
  archive_dataset: {
    route: 'POST /pawl/v1/datasets/:id/archive',
    tag: 'Datasets',
    summary: 'Archives a dataset for good: it takes no more cases.',
    answer: json(dataset),
    errors: ['dataset_not_found'],
  },
};
