import { isOver } from '../core/evaluation.ts';
import type { Comparison, ComparisonSummary, Comparisons } from '../eval/comparisons.ts';
import type { Evals } from '../eval/evals.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import type { WatchStreams } from './watch.ts';
import { comparisonCreate, comparisonListQuery } from './wire/evals.ts';
import { idParams } from './wire/params.ts';

/** A comparison as answers carry it. */
export type ComparisonResponse = Comparison & { readonly type: 'comparison' };

/** A comparison as lists carry it: without its report. */
export type ComparisonListed = ComparisonSummary & { readonly type: 'comparison' };

type Deps = {
  readonly comparisons: Comparisons;
  readonly evals: Evals;
  readonly watch_streams: WatchStreams;
};

export function comparisonRoutes(app: App, { comparisons, evals, watch_streams }: Deps): void {
  const answer = (comparison: Comparison): ComparisonResponse => ({ type: 'comparison', ...comparison });

  app.post('/pawl/v1/comparisons', { schema: { body: comparisonCreate } }, async ({ body }) => {
    if ('eval' in body) return answer(await comparisons.create(body));
    const { baseline_run, candidate_run } = body;
    return answer(
      await comparisons.compare({
        baseline_run: requireId('eval_run', baseline_run),
        candidate_run: requireId('eval_run', candidate_run),
      }),
    );
  });

  app.get('/pawl/v1/comparisons', { schema: { querystring: comparisonListQuery } }, async ({ query }) => {
    const eval_id = query.eval === undefined ? undefined : (await evals.retrieve(query.eval)).id;
    const page = await comparisons.list({ eval_id }, pageRequest(query, lists.comparisons));
    return { ...page, data: page.data.map((one): ComparisonListed => ({ type: 'comparison', ...one })) };
  });

  app.get('/pawl/v1/comparisons/:id', { schema: { params: idParams } }, async ({ params }) =>
    answer(await comparisons.retrieve(requireId('comparison', params.id))),
  );

  app.get(
    '/pawl/v1/comparisons/:id/stream',
    { schema: { params: idParams }, config: { stream: true } },
    async ({ params, actor }, reply) => {
      const id = requireId('comparison', params.id);
      await watch_streams.stream<ComparisonResponse>({
        ...{ reply, actor },
        event: 'comparison',
        watch: (tell) => comparisons.watch(id, (comparison) => tell(answer(comparison))),
        read: async () => answer(await comparisons.retrieve(id)),
        isOver: ({ status }) => isOver(status),
      });
    },
  );
}
