import { z } from 'zod';
import { limit, lookup, page, text, time } from './fields.ts';

/** A hundred years: nobody means more, and every time that it leads to can be told. */
const mostDays = 36_500;

export const retentionRule = z
  .strictObject({
    days: z
      .int()
      .min(1)
      .max(mostDays)
      .nullable()
      .describe('Days since anything has happened in a session; null keeps sessions for ever.'),
    export: z
      .boolean()
      .optional()
      .describe(
        'Whether sessions are written into a file before they are deleted; absent does what the server does by itself.',
      ),
    reason: text(1, 2000).optional().describe('Why, for the audit log.'),
  })
  .meta({ id: 'RetentionRule', description: 'How long sessions of an agent are to be kept.' });

export const retentionListQuery = z.strictObject({ limit: limit(20, 100), page });

export const sessionExportQuery = z.strictObject({
  agent_id: lookup.optional().describe('Only sessions of one agent, `agent_…`.'),
  'created_at[gte]': time.describe('Only sessions that were made from this time on.'),
  'created_at[lt]': time.describe('Only sessions that were made before this time.'),
});
