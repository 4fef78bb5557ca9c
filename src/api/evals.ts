import type { Eval, Evals } from '../eval/evals.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { evalDefinition, evalListQuery, evalQuery } from './wire/evals.ts';
import { idParams, noBody } from './wire/params.ts';

/** An eval as answers carry it. */
export type EvalResponse = Eval & { readonly type: 'eval' };

export function evalRoutes(app: App, evals: Evals): void {
  const answer = (one: Eval): EvalResponse => ({ type: 'eval', ...one });

  app.post(
    '/pawl/v1/evals',
    { schema: { body: evalDefinition } },
    async ({ body, actor }): Promise<EvalResponse> => {
      return answer(await evals.put(body, actor));
    },
  );

  app.get('/pawl/v1/evals', { schema: { querystring: evalListQuery } }, async ({ query }) => {
    const { include_archived, search, dataset } = query;
    const page = await evals.list({ include_archived, search, dataset }, pageRequest(query, lists.evals));
    return { ...page, data: page.data.map(answer) };
  });

  app.get(
    '/pawl/v1/evals/:id',
    { schema: { params: idParams, querystring: evalQuery } },
    async ({ params, query }): Promise<EvalResponse> =>
      answer(await evals.retrieve(params.id, query.revision)),
  );

  app.post(
    '/pawl/v1/evals/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params, actor }): Promise<EvalResponse> => answer(await evals.archive(params.id, actor)),
  );
}
