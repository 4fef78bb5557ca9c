import { z } from 'zod';
import { scoreSources } from '../../../core/session-score.ts';
import type { SessionScoreResponse } from '../../scores.ts';
import { count, describes, share, text, time } from './fields.ts';
import { actor } from './release.ts';

export const sessionScore = describes<SessionScoreResponse>()(
  z.object({
    type: z.literal('session_score'),
    id: text.describe('`score_…`'),
    session_id: text.describe('`sesn_…`'),
    position: count.describe("Which of the session's scores it is, from 1."),
    name: text.describe('What is said of the session.'),
    value: share.describe('From 0, the worst, to 1, the best.'),
    comment: text.nullable().describe('Why; null when nobody said.'),
    source: z
      .enum(scoreSources)
      .describe('`api`: somebody has posted it; `scorer`: a scorer of a rollout gave it.'),
    actor: actor.describe('Whose key it was posted with.'),
    created_at: time.describe('When it was given.'),
  }),
).meta({ id: 'SessionScore', description: 'What somebody says a session was worth. It never changes.' });
