import { z } from 'zod';
import { PawlError } from '../../core/errors.ts';
import type { Json } from '../../core/evaluation.ts';
import type { OnlineScorer } from '../../core/rollout.ts';
import { scoreNamePattern, scoreNameRule } from '../../core/session-score.ts';
import { type ScorerConfig, scorerConfig } from '../../eval/scorers/scorers.ts';
import { targetNeededBy } from '../../eval/scorers/without-target.ts';

const mostScorers = 10;
/** What one part of all places is. */
const leastSample = 0.0001;

const onlineScorer = z
  .strictObject({
    name: z.string().regex(scoreNamePattern, scoreNameRule),
    sample: z.number().min(leastSample).max(1),
    scorer: scorerConfig,
  })
  .superRefine(({ name, scorer }, context) => {
    const complaint = complaintAbout(scorer, name);
    if (complaint === null) return;
    context.addIssue({ code: 'custom', path: ['scorer', ...complaint.path], message: complaint.message });
  });

const onlineScorers = z
  .array(onlineScorer)
  .max(mostScorers, `must have at most ${mostScorers} scorers`)
  .superRefine((scorers, context) => {
    const names = scorers.map(({ name }) => name);
    names.forEach((name, place) => {
      if (names.indexOf(name) === place) return;
      context.addIssue({
        code: 'custom',
        path: [place, 'name'],
        message: `must be unique: ${name} is taken`,
      });
    });
  });

/**
 * Reads the scorers of a rollout: at most 10, each with a name of its own, and none that needs an expected value.
 * Defaults are filled in, and each scorer's own name is that of its scores.
 * @throws PawlError `invalid_request`, with the field below `scorers` and what is allowed.
 */
export function readScorers(input: unknown): readonly OnlineScorer[] {
  const parsed = onlineScorers.safeParse(input);
  if (parsed.success) {
    return parsed.data.map(({ name, sample, scorer }) => {
      return { name, sample, scorer: { ...scorer, name } as Json };
    });
  }
  const [issue] = parsed.error.issues;
  const field = ['scorers', ...(issue?.path ?? [])].join('.');
  throw new PawlError('invalid_request', `${field}: ${issue?.message ?? 'must be a list of scorers'}`);
}

function complaintAbout(
  scorer: ScorerConfig,
  name: string,
): { readonly path: readonly string[]; readonly message: string } | null {
  const needed = targetNeededBy(scorer);
  if (needed !== null) {
    return { path: needed.field === null ? [] : [needed.field], message: needed.reason };
  }
  if (scorer.type === 'judge' && scorer.agreement !== null) {
    return {
      path: ['agreement'],
      message: 'must be null: a judge is measured in evals, not on live sessions',
    };
  }
  // Its type is what its name is when it is left out.
  if (scorer.name !== name && scorer.name !== scorer.type) {
    return { path: ['name'], message: `must be left out: its scores are called ${name}` };
  }
  return null;
}
