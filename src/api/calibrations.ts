import { PawlError } from '../core/errors.ts';
import type { Calibration, Calibrations } from '../eval/calibrations.ts';
import type { Evals } from '../eval/evals.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { calibrationCreate, calibrationListQuery } from './wire/evals.ts';

/** A calibration as answers carry it. */
export type CalibrationResponse = Calibration & { readonly type: 'calibration' };

type Deps = { readonly calibrations: Calibrations; readonly evals: Evals };

export function calibrationRoutes(app: App, { calibrations, evals }: Deps): void {
  const answer = (calibration: Calibration): CalibrationResponse => ({ type: 'calibration', ...calibration });

  app.post('/pawl/v1/calibrations', { schema: { body: calibrationCreate } }, async ({ body }, reply) => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort(new PawlError('overloaded', 'The client hung up')));
    const asked = { run: requireId('eval_run', body.run), splits: body.splits };
    return answer(await calibrations.create(asked, gone.signal));
  });

  app.get('/pawl/v1/calibrations', { schema: { querystring: calibrationListQuery } }, async ({ query }) => {
    const eval_id = query.eval === undefined ? undefined : (await evals.retrieve(query.eval)).id;
    const page = await calibrations.list({ eval_id }, pageRequest(query, lists.calibrations));
    return { ...page, data: page.data.map(answer) };
  });
}
