import { PawlError } from '../core/errors.ts';
import type { Catalog } from '../model/catalog.ts';
import type { App } from './http.ts';
import { type ModelResponse, modelListQuery, modelResponse } from './wire/models.ts';
import { idParams } from './wire/params.ts';

/** A page of models, which SDKs follow by the ids at its ends. */
export type ModelPageResponse = {
  readonly data: readonly ModelResponse[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
};

export function modelRoutes(app: App, { catalog }: { readonly catalog: Catalog }): void {
  app.get(
    '/v1/models',
    { schema: { querystring: modelListQuery } },
    async ({ query }): Promise<ModelPageResponse> => {
      const { limit, after_id = null, before_id = null, lifecycle } = query;
      // Whatever is served is active.
      const wanted = lifecycle === undefined || lifecycle.includes('active');
      const page = wanted
        ? await catalog.list({ limit, after_id, before_id })
        : { data: [], has_more: false };
      const data = page.data.map(modelResponse);
      const [first_id, last_id] = [data.at(0)?.id ?? null, data.at(-1)?.id ?? null];
      return { data, has_more: page.has_more, first_id, last_id };
    },
  );

  app.get('/v1/models/:id', { schema: { params: idParams } }, async ({ params }): Promise<ModelResponse> => {
    const model = catalog.find(params.id);
    if (model !== null) return modelResponse(model);
    throw new PawlError('model_not_found', `no model route serves ${params.id.slice(0, 256)}`);
  });
}
