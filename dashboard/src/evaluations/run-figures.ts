import { percentText } from '../parts/quantities.ts';
import type { EvalRun } from './answers.ts';
import { pointsText } from './words.ts';

/** The mean so far by the first scorer, from 0 to 100 %; nothing before anything is scored. */
export function meanText({ plan, counts }: Pick<EvalRun, 'plan' | 'counts'>): string {
  const score = counts.scores[plan?.scorers[0]?.name ?? ''];
  return score === undefined || score.count === 0 ? '' : percentText(score.sum / score.count, 1);
}

/** What a run of this size can show, in a sentence. */
export function sightText(sees: number | null): string {
  if (sees === null) return 'So few cases cannot tell any loss from chance.';
  return `A loss of ${pointsText(sees)} points of 100 or more would be seen 4 times out of 5, if one in ten repeated answers is scored differently.`;
}

/** Two runs in the order in which they are compared: the older version first, and of one version the older run. */
export function inOrder<R extends Pick<EvalRun, 'agent_version' | 'created_at'>>(
  one: R,
  other: R,
): readonly [baseline: R, candidate: R] {
  const later =
    one.agent_version - other.agent_version || Date.parse(one.created_at) - Date.parse(other.created_at);
  return later > 0 ? [other, one] : [one, other];
}
