import { z } from 'zod';
import { PawlError } from '../core/errors.ts';
import type { Page } from '../core/page.ts';
import type { Calculation } from '../stats/calculation.ts';
import { catalog } from '../stats/catalog.ts';
import { createCalculator } from './calculator.ts';
import type { App } from './http.ts';
import { statisticParams } from './wire/stats.ts';

/** A statistic that can be calculated. */
export type StatisticResponse = Pick<Calculation, 'name' | 'title' | 'source' | 'example'> & {
  readonly type: 'statistic';
  /** JSON Schema of the input. */
  readonly input: Readonly<Record<string, unknown>>;
};

/** A statistic that was calculated. */
export type StatisticResultResponse = {
  readonly type: 'statistic_result';
  readonly name: string;
  readonly result: Readonly<Record<string, unknown>>;
};

/** Calculations about scores that are the client's own: nothing is kept. */
export function statRoutes(app: App): void {
  const calculator = createCalculator();
  app.addHook('preClose', async () => calculator.close());

  app.get('/pawl/v1/stats', async (): Promise<Page<StatisticResponse>> => {
    return { data: catalog.map(statisticResponse), next_page: null };
  });

  app.post(
    '/pawl/v1/stats/:name',
    { schema: { params: statisticParams } },
    async ({ params: { name }, body }): Promise<StatisticResultResponse> => {
      if (!catalog.some((one) => one.name === name)) {
        throw new PawlError('statistic_not_found', `statistic ${name.slice(0, 100)} does not exist`);
      }
      return { type: 'statistic_result', name, result: await calculator.calculate(name, body) };
    },
  );
}

function statisticResponse({ name, title, source, example, input }: Calculation): StatisticResponse {
  return { type: 'statistic', name, title, source, input: z.toJSONSchema(input, { io: 'input' }), example };
}
