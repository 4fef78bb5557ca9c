import { PawlError } from '../core/errors.ts';
import { type DatasetSight, datasetSight } from '../eval/can-see.ts';
import type { Datasets } from '../eval/dataset/datasets.ts';
import type { App } from './http.ts';
import { datasetSightQuery } from './wire/datasets.ts';
import { idParams } from './wire/params.ts';

/** What a dataset could show, as answers carry it. */
export type DatasetSightResponse = DatasetSight & { readonly type: 'dataset_sight' };

/** What a comparison could see, before anything is run. */
export function sightRoutes(app: App, datasets: Datasets): void {
  app.get(
    '/pawl/v1/datasets/:id/sight',
    { schema: { params: idParams, querystring: datasetSightQuery } },
    async ({ params, query }): Promise<DatasetSightResponse> => {
      const { revision } = await datasets.retrieve(params.id, query.revision ?? null);
      if (revision === null)
        throw new PawlError('dataset_revision_not_found', `dataset ${params.id} has no cases yet`);
      return { type: 'dataset_sight', ...datasetSight(revision, query.epochs) };
    },
  );
}
