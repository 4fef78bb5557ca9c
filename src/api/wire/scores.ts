import { z } from 'zod';
import { scoreNamePattern, scoreNameRule } from '../../core/session-score.ts';
import { limit, page, text } from './fields.ts';

const maxComment = 2000;
const expected = 'must be a number from 0 to 1, or true or false';

export const scoreCreate = z
  .strictObject({
    name: z
      .string()
      .regex(scoreNamePattern, scoreNameRule)
      .describe(
        'What is said of the session, such as `helpful`. Of several scores with one name the last counts.',
      ),
    value: z
      .union([z.number().min(0).max(1), z.boolean()], expected)
      .transform(Number)
      .describe('From 0, the worst, to 1, the best; true stands for 1, and false for 0.'),
    comment: text(1, maxComment).optional().describe('Why, in words for people.'),
    agent_id: z
      .string()
      .optional()
      .describe('The agent that the session is of, `agent_…`; for any other, the score is refused.'),
  })
  .meta({ id: 'NewSessionScore', description: 'What a session was worth.' });

export const scoreListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: z.enum(['asc', 'desc']).default('desc').describe('desc gives the newest first.'),
});
