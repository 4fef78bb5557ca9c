import { z } from 'zod';
import { aliasPattern } from '../../core/agent-reference.ts';
import { wholeWeight } from '../../core/assignment.ts';
import { shadowStatuses } from '../../core/evaluation.ts';
import type { Scoring } from '../../eval/recorded/scoring.ts';
import { inlineScoring } from './evals.ts';
import { limit, lookup, page, text, time } from './fields.ts';

const version = z.int().min(1);
const aliasName = z.string().regex(aliasPattern, 'must be the name of an alias');
const mostSessions = 5000;

const scoringFields = {
  eval: text(1, 200)
    .optional()
    .describe(
      'The id of an eval, or its name: its reply reader, scorers and gate are taken, and not its cases.',
    ),
  scoring: inlineScoring.optional().describe('What would stand in an eval about scoring, in place of one.'),
  expected_from: z
    .literal('recorded', 'must be "recorded", or be left out')
    .optional()
    .describe('Takes what was answered as what is expected: scores then say how far the two agree.'),
};

type ScoringFields = {
  readonly eval?: string | undefined;
  readonly scoring?: z.output<typeof inlineScoring> | undefined;
};

/** By what it is to be scored; null when nothing is said. */
export function scoringOf({ eval: named, scoring }: ScoringFields): Scoring | null {
  if (named !== undefined) return { eval: named };
  return scoring === undefined ? null : { scoring };
}

function hasBoth({ eval: named, scoring }: ScoringFields): boolean {
  return named !== undefined && scoring !== undefined;
}

const notBoth = 'must not be given beside an eval';

export const backtestCreate = z
  .strictObject({
    agent_id: text(1, 200).describe('The id of the agent.'),
    alias: aliasName
      .optional()
      .describe(
        'Takes sessions that this alias gave the version that it stands for. Absent takes `production`, unless a version is named.',
      ),
    version: version.optional().describe('Takes sessions of this version.'),
    candidate_version: version.describe('The version to put it to.'),
    from: time.describe('Takes sessions that were made from then on; absent is seven days before `to`.'),
    to: time.describe('Takes sessions that were made before then; absent is now.'),
    limit: z
      .int()
      .min(1)
      .max(mostSessions)
      .default(200)
      .describe('How many sessions are taken at most, the newest first.'),
    epochs: z.int().min(1).max(100).default(1).describe('How often the candidate is asked.'),
    ...scoringFields,
  })
  .refine((fields) => !hasBoth(fields), { path: ['scoring'], message: notBoth })
  .refine((fields) => scoringOf(fields) !== null, {
    path: ['eval'],
    message: 'must be given, or else scoring',
  })
  .meta({ id: 'NewBacktest', description: 'Which sessions to put to which version, and how to score it.' });

export const shadowCreate = z
  .strictObject({
    agent_id: text(1, 200).describe('The id of the agent.'),
    alias: aliasName.describe('Whose sessions are copied.'),
    candidate_version: version.describe('The version that answers the copies.'),
    sample: z
      .number()
      .min(1 / wholeWeight)
      .max(1)
      .default(0.1)
      .describe('The part of the sessions that is copied, from 0.0001 to 1.'),
    max_sessions: z
      .int()
      .min(1)
      .max(mostSessions)
      .default(200)
      .describe('After how many copied sessions it stops by itself.'),
    eval: text(1, 200).optional().describe('The id or name of the eval that its comparisons score by.'),
  })
  .meta({ id: 'NewShadow', description: 'Whose sessions to copy, and to which version.' });

export const shadowCompare = z
  .strictObject(scoringFields)
  .refine((fields) => !hasBoth(fields), { path: ['scoring'], message: notBoth })
  .meta({
    id: 'ShadowComparison',
    description: 'How to score both sides; absent goes by the eval of the shadow.',
  });

export const shadowListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  agent_id: lookup.optional().describe('Only shadows of one agent.'),
  status: z.enum(shadowStatuses).optional().describe('Only shadows that stand so.'),
});
