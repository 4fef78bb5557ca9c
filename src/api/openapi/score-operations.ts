import { pageOf } from '../wire/answers/fields.ts';
import { sessionScore } from '../wire/answers/scores.ts';
import { json, type Operations } from './operation.ts';

/** What sessions were worth. */
export const scoreOperations: Operations = {
  create_session_score: {
    route: 'POST /pawl/v1/sessions/:id/scores',
    tag: 'Scores',
    summary: 'Says what a session was worth, at any time, and again to correct it.',
    description: 'Nothing else of the session changes. A rollout that it belongs to counts the score.',
    answer: json(sessionScore),
    errors: ['session_not_found', 'score_limit'],
  },
  list_session_scores: {
    route: 'GET /pawl/v1/sessions/:id/scores',
    tag: 'Scores',
    summary: 'Lists the scores of a session, the newest first.',
    answer: json(pageOf(sessionScore)),
    errors: ['session_not_found'],
  },
};
