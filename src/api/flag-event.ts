import type { Flag } from '../agent/flags.ts';
import type { Log } from '../core/log.ts';
import { flagEvent } from '../core/telemetry-names.ts';
import { reasonOf, variantOf } from './wire/ofrep.ts';

/** A flag that somebody got. */
type Evaluated = {
  /** The name that they asked for it by. */
  readonly key: string;
  readonly flag: Omit<Flag, 'config_hash'>;
  /** The session that was made with it; absent when none was. */
  readonly session_id?: string;
};

/**
 * Writes to the log that a flag was evaluated. Whom for is told by a hash alone, that of the rollout's units: the key
 * itself may be a person.
 */
export function logFlag(write: Log['info'], { key, flag, session_id }: Evaluated): void {
  const { rollout } = flag;
  const evaluation = {
    key,
    value: flag.version,
    variant: variantOf(flag),
    reason: reasons[reasonOf(flag)],
    set_id: flag.agent_id,
    context_id: rollout?.unit,
    // What decides is the rollout with its weight; without one there is nothing to decide.
    version: rollout === null ? undefined : `${rollout.id}:${rollout.weight}`,
  };
  write(flagEvent(evaluation, session_id), 'A flag was evaluated');
}

const reasons = { SPLIT: 'split', STATIC: 'static' } as const;
