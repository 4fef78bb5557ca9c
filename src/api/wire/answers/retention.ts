import { z } from 'zod';
import type { RetentionListResponse, RetentionResponse } from '../../retention.ts';
import { count, describes, listOf, nextPage, text, time } from './fields.ts';

const days = z
  .int()
  .min(1)
  .nullable()
  .describe('Days since anything has happened in a session; null keeps sessions for ever.');
const exported = z.boolean().describe('Whether sessions are written into a file before they are deleted.');

export const retention = describes<RetentionResponse>()(
  z.object({
    type: z.literal('retention'),
    agent_id: text.describe('`agent_…`'),
    agent_name: text.describe('Its name.'),
    days,
    export: exported,
    source: z
      .enum(['agent', 'server'])
      .describe("Whose rule it is: the agent's own, or else the setting of the server."),
    updated_at: time.nullable().describe('When the agent got its rule; null when it has none.'),
    due: z
      .object({
        sessions: count.describe('How many would be deleted now.'),
        kept: count.describe('How many are as old, and something still needs them.'),
        more: z.boolean().describe('Whether there are more than were counted.'),
      })
      .describe('Sessions that are old enough to go.'),
  }),
).meta({ id: 'Retention', description: 'How long sessions of an agent are kept, and what it comes to now.' });

export const retentionList = describes<RetentionListResponse>()(
  z.object({
    data: listOf(retention).describe('The items, in order.'),
    next_page: nextPage,
    server: z
      .object({
        days,
        export: exported,
        file_days: z
          .int()
          .min(1)
          .nullable()
          .describe(
            'Days that a file is kept after its upload; null keeps files until somebody deletes them.',
          ),
      })
      .describe('What applies where agents have no rule of their own.'),
  }),
).meta({ id: 'RetentionList', description: 'How long sessions of each agent are kept.' });
