import type { RolloutResponse } from '../../api/rollouts.ts';
import { plain } from '../../core/plain-text.ts';
import { checkSentence } from './check-text.ts';
import { inWords, waitsFor } from './rollout-standing.ts';

/**
 * What is new about a rollout since it was last seen, line by line; nothing where only numbers have grown. What is
 * watched comes first, because it explains the rest. `before` is null at the beginning.
 */
export function rolloutChanges(before: RolloutResponse | null, now: RolloutResponse): string[] {
  const known = new Map(before?.evidence.checks.map(({ metric, status }) => [metric, status]));
  const changed = now.evidence.checks.filter(
    ({ metric, status }) => status !== (known.get(metric) ?? 'open'),
  );
  const stands = before === null || keyOf(before) !== keyOf(now) ? [standsLine(now)] : [];
  const at = now.ended_at ?? now.last_look_at ?? now.created_at;
  return [...changed.map(checkSentence), ...stands].map((line) => plain(`${at}  ${line}`));
}

function standsLine(rollout: RolloutResponse): string {
  const { weight, step, settings, status, pause, decision, ended_at } = rollout;
  const place = `${weight} %  step ${step} of ${settings.steps.length}  ${inWords(status)}`;
  if (pause !== null) return `${place} (${pause.cause}): ${pause.reason}`;
  if (ended_at !== null) return decision?.type === endedBy[status] ? `${place}: ${decision?.reason}` : place;
  const waits = waitsFor(rollout);
  return waits === null ? place : `${place}, waits for ${waits}`;
}

/** What a look decides that ends a rollout so. Any other end is a person's. */
const endedBy: { readonly [S in RolloutResponse['status']]?: string } = {
  completed: 'advance',
  rolled_back: 'roll_back',
};

/** Whatever is worth a line when it is another one. */
function keyOf({ status, step, pause, decision }: RolloutResponse): string {
  const waits = decision?.type === 'wait' ? decision.waits_for : null;
  return JSON.stringify([status, step, pause?.since, status === 'running' ? waits : null]);
}
