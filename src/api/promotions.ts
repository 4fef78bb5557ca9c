import type { Promotion, PromotionDetails } from '../release/promotion.ts';
import type { Promotions } from '../release/promotions.ts';
import type { Reviews } from '../release/reviews.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams } from './wire/params.ts';
import {
  promotionCreate,
  promotionEnd,
  promotionEvaluate,
  promotionListQuery,
  promotionReview,
} from './wire/release.ts';

/** A promotion as answers carry it. */
export type PromotionResponse = PromotionDetails & { readonly type: 'promotion' };

/** A promotion as lists carry it: without what was said about it, and what it lacks. */
export type PromotionListed = Promotion & { readonly type: 'promotion' };

type Deps = { readonly promotions: Promotions; readonly reviews: Reviews };

const path = '/pawl/v1/promotions/:id';

export function promotionRoutes(app: App, { promotions, reviews }: Deps): void {
  const answer = (promotion: PromotionDetails): PromotionResponse => ({ type: 'promotion', ...promotion });
  const idOf = ({ id }: { id: string }): string => requireId('promotion', id);

  app.post('/pawl/v1/promotions', { schema: { body: promotionCreate } }, async ({ body, actor }) => {
    const { agent_id, version, reason = null, ...rest } = body;
    const asked = { agent_id: requireId('agent', agent_id), candidate_version: version, reason };
    const { alias, eval: named, comparison } = rest;
    return answer(await promotions.create({ ...asked, alias, eval: named, comparison }, actor));
  });

  app.get('/pawl/v1/promotions', { schema: { querystring: promotionListQuery } }, async ({ query }) => {
    const { agent_id, alias, status, search } = query;
    const page = await promotions.list(
      { agent_id, alias, status, search },
      pageRequest(query, lists.promotions),
    );
    return { ...page, data: page.data.map((one): PromotionListed => ({ type: 'promotion', ...one })) };
  });

  app.get(path, { schema: { params: idParams } }, async ({ params }) =>
    answer(await promotions.retrieve(idOf(params))),
  );

  app.post(
    `${path}/evaluate`,
    { schema: { params: idParams, body: promotionEvaluate } },
    async ({ params, body, actor }) =>
      answer(await promotions.evaluate(idOf(params), { version: body.version, eval: body.eval, by: actor })),
  );

  // Anybody who may edit may comment; for the rest, the room asks for a reviewer.
  app.post(
    `${path}/reviews`,
    { schema: { params: idParams, body: promotionReview } },
    async ({ params, body, actor }) => {
      const { decision, comment = null, basis_hash } = body;
      return answer(await reviews.review(idOf(params), { decision, comment, basis_hash }, actor));
    },
  );

  app.post(
    `${path}/withdraw`,
    { schema: { params: idParams, body: promotionEnd } },
    async ({ params, body, actor }) =>
      answer(await promotions.withdraw(idOf(params), { by: actor, reason: body.reason ?? null })),
  );

  app.post(
    `${path}/apply`,
    { schema: { params: idParams, body: promotionEnd }, config: { role: 'releaser' } },
    async ({ params, body, actor }) =>
      answer(await promotions.apply(idOf(params), { by: actor, reason: body.reason ?? null })),
  );
}
