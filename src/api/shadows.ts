import type { Shadow, ShadowDetails } from '../eval/shadow/shadow.ts';
import type { Shadows } from '../eval/shadow/shadows.ts';
import type { ComparisonResponse } from './comparisons.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams, noBody } from './wire/params.ts';
import { scoringOf, shadowCompare, shadowCreate, shadowListQuery } from './wire/recorded.ts';

/** A shadow as answers carry it. */
export type ShadowResponse = ShadowDetails & { readonly type: 'shadow' };

/** A shadow as lists carry it: without what has come of it. */
export type ShadowListed = Shadow & { readonly type: 'shadow' };

const path = '/pawl/v1/shadows/:id';

export function shadowRoutes(app: App, shadows: Shadows): void {
  const answer = (shadow: ShadowDetails): ShadowResponse => ({ type: 'shadow', ...shadow });
  const idOf = ({ id }: { id: string }): string => requireId('shadow', id);

  app.post('/pawl/v1/shadows', { schema: { body: shadowCreate } }, async ({ body, actor }) =>
    answer(await shadows.create({ ...body, agent_id: requireId('agent', body.agent_id) }, actor)),
  );

  app.get('/pawl/v1/shadows', { schema: { querystring: shadowListQuery } }, async ({ query }) => {
    const { agent_id, status } = query;
    const page = await shadows.list({ agent_id, status }, pageRequest(query, lists.shadows));
    return { ...page, data: page.data.map((one): ShadowListed => ({ type: 'shadow', ...one })) };
  });

  app.get(path, { schema: { params: idParams } }, async ({ params }) =>
    answer(await shadows.retrieve(idOf(params))),
  );

  app.post(`${path}/stop`, { schema: { params: idParams, body: noBody } }, async ({ params, actor }) =>
    answer(await shadows.end(idOf(params), actor)),
  );

  app.post(
    `${path}/comparison`,
    { schema: { params: idParams, body: shadowCompare } },
    async ({ params, body, actor }): Promise<ComparisonResponse> => {
      const asked = { by: scoringOf(body), expected_from: body.expected_from ?? null };
      return { type: 'comparison', ...(await shadows.compare(idOf(params), asked, actor)) };
    },
  );
}
