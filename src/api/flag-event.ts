import type { Flag } from '../agent/flags.ts';
import type { Log, LogFields } from '../core/log.ts';
import { flagAttributes, flagEvaluationEvent, flagProvider } from '../core/telemetry-names.ts';
import { reasonOf, variantOf } from './wire/ofrep.ts';

/** A flag that somebody got, the name they asked for it by, and what else the line is to say. */
type Evaluated = {
  readonly key: string;
  readonly flag: Omit<Flag, 'config_hash'>;
  readonly fields?: LogFields;
};

/**
 * Writes to the log that a flag was evaluated. Whom for is told by a hash alone, that of the rollout's units: the key
 * itself may be a person.
 */
export function logFlag(log: Log, { key, flag, fields }: Evaluated): void {
  const { rollout, version } = flag;
  const split =
    rollout === null
      ? {}
      : {
          [flagAttributes.context_id]: rollout.unit,
          // What decides is the rollout with its weight; without one there is nothing to decide.
          [flagAttributes.version]: `${rollout.id}:${rollout.weight}`,
        };
  log.info(
    {
      event_name: flagEvaluationEvent,
      [flagAttributes.key]: key,
      [flagAttributes.value]: version,
      [flagAttributes.variant]: variantOf(flag),
      [flagAttributes.reason]: reasonOf(flag).toLowerCase(),
      [flagAttributes.set_id]: flag.agent_id,
      ...split,
      [flagAttributes.provider]: flagProvider,
      ...fields,
    },
    'A flag was evaluated',
  );
}
