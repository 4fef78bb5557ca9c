import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { type Me, mayActAs } from '../../shell/me.ts';

/** Everything that people can do with a rollout. */
export type RolloutDeed = 'pause' | 'resume' | 'advance' | 'abort' | 'retry';

/** Why somebody may not do something with a rollout, in words; null when they may. The server decides all the same. */
export function whyNot(
  deed: RolloutDeed,
  { status, pause, ended_at }: Pick<RolloutResponse, 'status' | 'pause' | 'ended_at'>,
  me: Me | undefined,
): string | null {
  if (me === undefined) return 'It is not known yet who you are';
  if (!mayActAs(me, 'releaser')) return `Your role is ${me.role}; this needs a releaser`;
  if (deed === 'retry') {
    if (ended_at === null) return 'It is still under way';
    return status === 'completed' ? 'It came to its end; there is nothing to try again' : null;
  }
  if (ended_at !== null) return 'It is over';
  if (deed === 'pause') return pause === null ? null : 'It is paused';
  if (pause?.cause === 'sample_ratio' && (deed === 'resume' || deed === 'advance')) {
    return 'Sessions do not get the versions in the right parts; abort it, find the cause, and try again';
  }
  if (deed !== 'resume') return null;
  if (pause === null) return 'It is not paused';
  return pause.cause === 'approval' ? 'It waits for approval: approve the step' : null;
}
