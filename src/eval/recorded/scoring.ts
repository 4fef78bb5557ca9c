import { PawlError } from '../../core/errors.ts';
import type { EvalDefinition } from '../definition.ts';
import type { Eval, Evals } from '../evals.ts';
import type { ScorerConfig } from '../scorers/scorers.ts';
import { targetNeededBy } from '../scorers/without-target.ts';

/** What recorded answers are scored by, when no eval is named. */
export type InlineScoring = Pick<
  EvalDefinition,
  'reply' | 'labels' | 'scorers' | 'concurrency' | 'limits' | 'seed' | 'gate'
>;

/** By what answers are scored and judged: an eval, by its id or name, or what would stand in one. */
export type Scoring = { readonly eval: string } | { readonly scoring: InlineScoring };

export type ScoringRequest = {
  readonly by: Scoring;
  /** Whether the recorded answer is the expected one. */
  readonly expected_from: 'recorded' | null;
};

/**
 * The definition that recorded cases of an agent are scored by: that of the eval, without all that is about its own
 * dataset. Its message is what the user said, and no group has a tier of its own.
 * @throws PawlError `eval_not_found`, `eval_archived`, and `invalid_request` when a scorer needs an expected value and
 *   there is none.
 */
export async function recordedDefinition(
  evals: Evals,
  { by, expected_from }: ScoringRequest,
  about: { readonly agent_id: string; readonly dataset: string },
): Promise<EvalDefinition> {
  const source = 'eval' in by ? await requireScores(evals, by.eval) : null;
  const parts = 'eval' in by ? source?.definition : by.scoring;
  if (parts === undefined) throw new Error('An eval has a definition');
  if (expected_from === null) requireNoTargets(parts.scorers, 'eval' in by ? 'eval' : 'scoring.scorers');
  const { reply, labels, scorers, concurrency, limits, seed, gate } = parts;
  return {
    name: `${(source?.name ?? about.agent_id).slice(0, 91)}.recorded`,
    agent: about.agent_id,
    dataset: { name: about.dataset, revision: null },
    environment: source?.definition.environment ?? null,
    ...{ endpoint: null, message: null, epochs: null },
    ...{ reply, labels, scorers, concurrency, limits, seed },
    gate: { ...gate, groups: {} },
  };
}

/** An eval that may score something. @throws PawlError `eval_not_found`, `eval_archived` */
export async function requireScores(evals: Evals, idOrName: string): Promise<Eval> {
  const found = await evals.retrieve(idOrName);
  if (found.archived_at === null) return found;
  throw new PawlError('eval_archived', `eval ${found.name} is archived and scores nothing more`);
}

function requireNoTargets(scorers: readonly ScorerConfig[], field: string): void {
  const needy = scorers.find((scorer) => targetNeededBy(scorer) !== null);
  if (needy === undefined) return;
  throw new PawlError(
    'invalid_request',
    `${field}: the scorer ${needy.name} needs an expected value, which recorded sessions do not have; take another one, or expected_from "recorded" for agreement with what was answered`,
  );
}
