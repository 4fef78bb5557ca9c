import { Readable } from 'node:stream';
import { PawlError } from '../core/errors.ts';
import type { Datasets } from '../eval/dataset/datasets.ts';
import { type FileFormat, fileFeed, listFeed } from '../eval/dataset/feed.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { acceptFiles, receivedFile } from './upload.ts';
import {
  caseChangeResponse,
  caseCreate,
  caseListQuery,
  caseResponse,
  type DatasetChangeResponse,
  type DatasetDiffResponse,
  type DatasetResponse,
  datasetCreate,
  datasetDiffQuery,
  datasetExportQuery,
  datasetImportQuery,
  datasetListQuery,
  datasetQuery,
  datasetResponse,
  datasetRevisionListQuery,
  datasetRevisionResponse,
  type NewCaseResponse,
} from './wire/datasets.ts';
import { idParams, noBody } from './wire/params.ts';

/** The content types that a dataset comes and goes in. The first of each format is the one that answers have. */
const contentTypes: { readonly [F in FileFormat]: readonly [string, ...string[]] } = {
  jsonl: ['application/x-ndjson', 'application/jsonl'],
  csv: ['text/csv'],
};

/** Datasets, called by their id or name. */
export function datasetRoutes(app: App, datasets: Datasets): void {
  importRoute(app, datasets);
  readingRoutes(app, datasets);

  app.post(
    '/pawl/v1/datasets',
    { schema: { body: datasetCreate } },
    async ({ body: { cases, ...body }, actor }): Promise<DatasetChangeResponse> => {
      const given = { ...body, feed: listFeed(cases), mapping: {} };
      const { dataset, unchanged } = await datasets.bring(given, actor);
      return { ...datasetResponse(dataset), unchanged };
    },
  );

  app.post(
    '/pawl/v1/datasets/:id/cases',
    { schema: { params: idParams, body: caseCreate } },
    async ({ params, body: { session_id, ...given }, actor }): Promise<NewCaseResponse> => {
      const label =
        session_id === undefined ? given : { ...given, session_id: requireId('session', session_id) };
      const { dataset, unchanged, ...added } = await datasets.add(params.id, label, actor);
      return { ...caseResponse(added), dataset: { ...datasetResponse(dataset), unchanged } };
    },
  );

  app.post(
    '/pawl/v1/datasets/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params, actor }): Promise<DatasetResponse> =>
      datasetResponse(await datasets.archive(params.id, actor)),
  );
}

function importRoute(app: App, datasets: Datasets): void {
  const allowed = [...Object.values(contentTypes).flat(), 'application/octet-stream'];
  acceptFiles(app, allowed, (scope) => {
    scope.post(
      '/pawl/v1/datasets/import',
      { schema: { querystring: datasetImportQuery } },
      async (request): Promise<DatasetChangeResponse> => {
        const { name, format, ...mapping } = request.query;
        const file = receivedFile(request, allowed);
        const feed = fileFeed(file.bytes, format ?? formatOf(file.type));
        const { dataset, unchanged } = await datasets.bring({ name, feed, mapping }, request.actor);
        return { ...datasetResponse(dataset), unchanged };
      },
    );
  });
}

function readingRoutes(app: App, datasets: Datasets): void {
  app.get('/pawl/v1/datasets', { schema: { querystring: datasetListQuery } }, async ({ query }) => {
    const filter = { include_archived: query.include_archived, search: query.search };
    const page = await datasets.list(filter, pageRequest(query, lists.datasets));
    return { ...page, data: page.data.map(datasetResponse) };
  });

  app.get(
    '/pawl/v1/datasets/:id',
    { schema: { params: idParams, querystring: datasetQuery } },
    async ({ params, query }): Promise<DatasetResponse> =>
      datasetResponse(await datasets.retrieve(params.id, query.revision ?? null)),
  );

  app.get(
    '/pawl/v1/datasets/:id/revisions',
    { schema: { params: idParams, querystring: datasetRevisionListQuery } },
    async ({ params, query }) => {
      const page = await datasets.revisions(params.id, pageRequest(query, lists.dataset_revisions));
      return { ...page, data: page.data.map(datasetRevisionResponse) };
    },
  );

  app.get(
    '/pawl/v1/datasets/:id/cases',
    { schema: { params: idParams, querystring: caseListQuery } },
    async ({ params, query: { revision = null, case_id, search, ...query } }) => {
      const request = pageRequest({ ...query, order: 'asc' }, lists.cases);
      const page = await datasets.cases(params.id, revision, request, { case_id, search });
      return { ...page, data: page.data.map(caseResponse) };
    },
  );

  app.get(
    '/pawl/v1/datasets/:id/diff',
    { schema: { params: idParams, querystring: datasetDiffQuery } },
    async ({ params, query: { from, to, ...query } }): Promise<DatasetDiffResponse> => {
      const request = pageRequest({ ...query, order: 'asc' }, lists.case_changes);
      const diff = await datasets.diff(params.id, { from: from ?? null, to: to ?? null }, request);
      return {
        type: 'dataset_diff',
        from: datasetRevisionResponse(diff.from),
        to: datasetRevisionResponse(diff.to),
        data: diff.data.map(caseChangeResponse),
        next_page: diff.next_page,
      };
    },
  );

  app.get(
    '/pawl/v1/datasets/:id/export',
    { schema: { params: idParams, querystring: datasetExportQuery } },
    async ({ params, query }, reply) => {
      const pieces = await datasets.export(params.id, query.revision ?? null, query.format);
      reply.type(`${contentTypes[query.format][0]}; charset=utf-8`);
      // The next piece is read when the client has taken the one before.
      return reply.send(Readable.from(pieces, { objectMode: false }));
    },
  );
}

function formatOf(contentType: string): FileFormat {
  if (contentTypes.csv.includes(contentType)) return 'csv';
  if (contentTypes.jsonl.includes(contentType)) return 'jsonl';
  throw new PawlError(
    'invalid_request',
    `format: must be jsonl or csv, as ${contentType} does not say which`,
  );
}
