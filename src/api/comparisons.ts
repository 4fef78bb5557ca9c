import { isOver } from '../core/evaluation.ts';
import type { ComparedCase, ComparedCases, ComparedCasesRoom } from '../eval/compared-cases.ts';
import type { Comparison, ComparisonSummary, Comparisons } from '../eval/comparisons.ts';
import type { Evals } from '../eval/evals.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import type { WatchStreams } from './watch.ts';
import { comparedCaseListQuery, comparisonCreate, comparisonListQuery } from './wire/evals.ts';
import { idParams } from './wire/params.ts';

/** A comparison as answers carry it. */
export type ComparisonResponse = Comparison & { readonly type: 'comparison' };

/** A comparison as lists carry it: without its report. */
export type ComparisonListed = ComparisonSummary & { readonly type: 'comparison' };

/** A case of a comparison as answers carry it. */
export type ComparedCaseResponse = ComparedCase & { readonly type: 'compared_case' };

/** A page of them, and how many there are. */
export type ComparedCasesResponse = Omit<ComparedCases, 'data'> & {
  readonly data: readonly ComparedCaseResponse[];
};

type Deps = {
  readonly comparisons: Comparisons;
  readonly comparedCases: ComparedCasesRoom;
  readonly evals: Evals;
  readonly watch_streams: WatchStreams;
};

export function comparisonRoutes(app: App, { comparisons, comparedCases, evals, watch_streams }: Deps): void {
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
    const { agent_id, agent_version, status, verdict } = query;
    const filter = { eval_id, agent_id, agent_version, status, verdict };
    const page = await comparisons.list(filter, pageRequest(query, lists.comparisons));
    return { ...page, data: page.data.map((one): ComparisonListed => ({ type: 'comparison', ...one })) };
  });

  app.get('/pawl/v1/comparisons/:id', { schema: { params: idParams } }, async ({ params }) =>
    answer(await comparisons.retrieve(requireId('comparison', params.id))),
  );

  app.get(
    '/pawl/v1/comparisons/:id/cases',
    { schema: { params: idParams, querystring: comparedCaseListQuery } },
    async ({ params, query }): Promise<ComparedCasesResponse> => {
      const { metric, sort, ungrouped, search, outcomes } = query;
      const group = ungrouped ? null : query.group;
      const request = pageRequest({ ...query, order: 'asc' }, lists[`cases_by_${sort}`]);
      const filter = { metric, sort, group, search, outcomes };
      const page = await comparedCases.list(requireId('comparison', params.id), filter, request);
      return { ...page, data: page.data.map((one) => ({ type: 'compared_case', ...one })) };
    },
  );

  app.get(
    '/pawl/v1/comparisons/:id/stream',
    { schema: { params: idParams }, config: { stream: true } },
    async ({ params }, reply) => {
      const id = requireId('comparison', params.id);
      await watch_streams.stream<ComparisonResponse>({
        reply,
        event: 'comparison',
        watch: (tell) => comparisons.watch(id, (comparison) => tell(answer(comparison))),
        read: async () => answer(await comparisons.retrieve(id)),
        isOver: ({ status }) => isOver(status),
      });
    },
  );
}
