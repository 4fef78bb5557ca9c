import { PawlError } from '../core/errors.ts';
import type { Backtests } from '../eval/recorded/backtests.ts';
import type { ComparisonResponse } from './comparisons.ts';
import type { App } from './http.ts';
import { requireId } from './route.ts';
import { backtestCreate, scoringOf } from './wire/recorded.ts';

export function backtestRoutes(app: App, backtests: Backtests): void {
  app.post(
    '/pawl/v1/backtests',
    { schema: { body: backtestCreate } },
    async ({ body, actor }): Promise<ComparisonResponse> => {
      const { agent_id, expected_from = null, eval: _eval, scoring: _scoring, ...rest } = body;
      const by = scoringOf(body);
      if (by === null) throw new PawlError('invalid_request', 'eval: must be given, or else scoring');
      const asked = { ...rest, agent_id: requireId('agent', agent_id), by, expected_from };
      return { type: 'comparison', ...(await backtests.create(asked, actor)) };
    },
  );
}
