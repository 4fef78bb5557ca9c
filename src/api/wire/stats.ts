import { z } from 'zod';
import { catalog } from '../../stats/catalog.ts';

/** Any name is taken here, since one that is not known is not found. */
export const statisticParams = z.strictObject({
  name: z.string().meta({ enum: catalog.map(({ name }) => name), description: 'Which statistic.' }),
});

/** What the statistics take, one of these each. The thread that calculates checks it. */
export const statisticInput = z
  .union(
    catalog.map(({ name, title, example, input }) =>
      input.meta({ title: name, description: title, examples: [example] }),
    ),
  )
  .describe('What the statistic of this name takes.');
