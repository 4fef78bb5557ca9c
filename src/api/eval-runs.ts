import { isOver } from '../core/evaluation.ts';
import type { Datasets } from '../eval/dataset/datasets.ts';
import type { Evals } from '../eval/evals.ts';
import type { EvalRun } from '../eval/result.ts';
import { type EvalResult, listResults } from '../eval/results.ts';
import type { Runs } from '../eval/runs.ts';
import type { Store } from '../store/dialect.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import type { WatchStreams } from './watch.ts';
import { evalResultListQuery, evalRunCreate, evalRunListQuery } from './wire/evals.ts';
import { idParams, noBody } from './wire/params.ts';

/** An eval run as answers carry it. */
export type EvalRunResponse = EvalRun & { readonly type: 'eval_run' };

/** What one case came to in one epoch, as answers carry it. */
export type EvalResultResponse = EvalResult & { readonly type: 'eval_result' };

function evalRunResponse(run: EvalRun): EvalRunResponse {
  return { type: 'eval_run', ...run };
}

type Deps = {
  readonly runs: Runs;
  readonly evals: Evals;
  readonly datasets: Datasets;
  readonly store: Store;
  readonly watch_streams: WatchStreams;
};

export function evalRunRoutes(app: App, { runs, evals, datasets, store, watch_streams }: Deps): void {
  app.post(
    '/pawl/v1/eval_runs',
    { schema: { body: evalRunCreate } },
    async ({ body }): Promise<EvalRunResponse> => evalRunResponse(await runs.create(body)),
  );

  app.get('/pawl/v1/eval_runs', { schema: { querystring: evalRunListQuery } }, async ({ query }) => {
    const { eval: name, dataset, agent_id, agent_version, status } = query;
    const eval_id = name === undefined ? undefined : (await evals.retrieve(name)).id;
    const dataset_id = dataset === undefined ? undefined : (await datasets.retrieve(dataset, null)).id;
    const filter = { eval_id, agent_id, agent_version, status, dataset_id };
    const page = await runs.list(filter, pageRequest(query, lists.eval_runs));
    return { ...page, data: page.data.map(evalRunResponse) };
  });

  app.get('/pawl/v1/eval_runs/:id', { schema: { params: idParams } }, async ({ params }) =>
    evalRunResponse(await runs.retrieve(requireId('eval_run', params.id))),
  );

  app.get(
    '/pawl/v1/eval_runs/:id/results',
    { schema: { params: idParams, querystring: evalResultListQuery } },
    async ({ params, query }) => {
      const run = await runs.retrieve(requireId('eval_run', params.id));
      const request = pageRequest({ ...query, order: 'asc' }, lists.eval_results);
      const { errors, case_id, search, ungrouped, found } = query;
      const group = ungrouped ? null : query.group;
      const page = await listResults(store, { run, errors, case_id, search, group, found }, request);
      return {
        ...page,
        data: page.data.map((result): EvalResultResponse => ({ type: 'eval_result', ...result })),
      };
    },
  );

  app.get(
    '/pawl/v1/eval_runs/:id/stream',
    { schema: { params: idParams }, config: { stream: true } },
    async ({ params }, reply) => {
      const id = requireId('eval_run', params.id);
      await watch_streams.stream<EvalRunResponse>({
        reply,
        event: 'eval_run',
        watch: (tell) => runs.watch(id, (run) => tell(evalRunResponse(run))),
        read: async () => evalRunResponse(await runs.retrieve(id)),
        isOver: ({ status }) => isOver(status),
      });
    },
  );

  for (const verb of ['cancel', 'resume'] as const) {
    app.post(
      `/pawl/v1/eval_runs/:id/${verb}`,
      { schema: { params: idParams, body: noBody } },
      async ({ params }) => evalRunResponse(await runs[verb](requireId('eval_run', params.id))),
    );
  }
}
