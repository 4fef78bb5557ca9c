import type { EvidenceSeries } from '../release/rollout/evidence-series.ts';
import type { Rollout, RolloutDetails, RolloutEvent } from '../release/rollout/rollout.ts';
import type { Rollouts } from '../release/rollout/rollouts.ts';
import { readSettings } from '../release/rollout/settings.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import type { WatchStreams } from './watch.ts';
import { idParams } from './wire/params.ts';
import {
  rolloutAdvance,
  rolloutCreate,
  rolloutEnd,
  rolloutEventListQuery,
  rolloutListQuery,
  rolloutSaid,
} from './wire/rollouts.ts';

/** A rollout as answers carry it. */
export type RolloutResponse = RolloutDetails & { readonly type: 'rollout' };

/** A rollout as lists carry it: without its evidence. */
export type RolloutListed = Rollout & { readonly type: 'rollout' };

/** Something that happened to a rollout, as answers carry it; `event` says what. */
export type RolloutEventResponse = Omit<RolloutEvent, 'type'> & {
  readonly type: 'rollout_event';
  readonly event: RolloutEvent['type'];
};

/** How the evidence of a rollout came about, as answers carry it. */
export type EvidenceSeriesResponse = EvidenceSeries & { readonly type: 'rollout_evidence' };

type Deps = { readonly rollouts: Rollouts; readonly watch_streams: WatchStreams };

const config = { role: 'releaser' } as const;
const path = '/pawl/v1/rollouts/:id';
const answer = (rollout: RolloutDetails): RolloutResponse => ({ type: 'rollout', ...rollout });
const idOf = ({ id }: { id: string }): string => requireId('rollout', id);

export function rolloutRoutes(app: App, deps: Deps): void {
  readingRoutes(app, deps);
  changingRoutes(app, deps);
}

function readingRoutes(app: App, { rollouts, watch_streams }: Deps): void {
  app.get('/pawl/v1/rollouts', { schema: { querystring: rolloutListQuery } }, async ({ query }) => {
    const { agent_id, alias, status, search } = query;
    const page = await rollouts.list({ agent_id, alias, status, search }, pageRequest(query, lists.rollouts));
    return { ...page, data: page.data.map((one): RolloutListed => ({ type: 'rollout', ...one })) };
  });

  app.get(path, { schema: { params: idParams } }, async ({ params }) =>
    answer(await rollouts.retrieve(idOf(params))),
  );

  app.get(
    `${path}/events`,
    { schema: { params: idParams, querystring: rolloutEventListQuery } },
    async ({ params, query }) => {
      const page = await rollouts.events(idOf(params), pageRequest(query, lists.rollout_events));
      return { ...page, data: page.data.map(eventResponse) };
    },
  );

  app.get(
    `${path}/evidence`,
    { schema: { params: idParams } },
    async ({ params }): Promise<EvidenceSeriesResponse> => ({
      type: 'rollout_evidence',
      ...(await rollouts.series(idOf(params))),
    }),
  );

  app.get(
    `${path}/stream`,
    { schema: { params: idParams }, config: { stream: true } },
    async ({ params }, reply) => {
      const id = idOf(params);
      await watch_streams.stream<RolloutResponse>({
        reply,
        event: 'rollout',
        watch: (tell) => rollouts.watch(id, (rollout) => tell(answer(rollout))),
        read: async () => answer(await rollouts.retrieve(id)),
        isOver: ({ ended_at }) => ended_at !== null,
      });
    },
  );
}

function changingRoutes(app: App, { rollouts }: Deps): void {
  app.post('/pawl/v1/rollouts', { schema: { body: rolloutCreate }, config }, async ({ body, actor }) => {
    const { promotion_id, reason = null, ...asked } = body;
    const id = requireId('promotion', promotion_id);
    return answer(await rollouts.start(id, readSettings(asked), { by: actor, reason }));
  });

  app.post(
    `${path}/advance`,
    { schema: { params: idParams, body: rolloutAdvance }, config },
    async ({ params, body, actor }) => {
      const { step, reason = null } = body;
      return answer(await rollouts.advance(idOf(params), { by: actor, reason, step }));
    },
  );

  for (const verb of ['pause', 'resume', 'retry'] as const) {
    app.post(
      `${path}/${verb}`,
      { schema: { params: idParams, body: rolloutSaid }, config },
      async ({ params, body, actor }) =>
        answer(await rollouts[verb](idOf(params), { by: actor, reason: body.reason ?? null })),
    );
  }

  for (const [verb, takeBack] of [
    ['abort', 'abort'],
    ['rollback', 'rollBack'],
  ] as const) {
    app.post(
      `${path}/${verb}`,
      { schema: { params: idParams, body: rolloutEnd }, config },
      async ({ params, body, actor }) => {
        const { running, reason = null } = body;
        return answer(await rollouts[takeBack](idOf(params), { by: actor, reason, running }));
      },
    );
  }
}

function eventResponse({ type, ...rest }: RolloutEvent): RolloutEventResponse {
  return { type: 'rollout_event', event: type, ...rest };
}
