/*
 * The names that telemetry goes by, from the semantic conventions of OpenTelemetry. They stand here alone, so that a
 * change of the conventions is a change of this file.
 */

/** Who evaluates flags here. */
const flagProvider = 'Pawl';

/** What came of evaluating a flag. What is undefined does not apply, and JSON leaves it out. */
export type FlagEvaluation = {
  /** The name that the flag was asked for by. */
  readonly key: string;
  readonly value: number;
  readonly variant: string;
  /** In small letters, where OpenFeature has capitals. */
  readonly reason: string;
  /** What the flag belongs to. */
  readonly set_id: string;
  /** Whom it was evaluated for. */
  readonly context_id: string | undefined;
  /** What decided. */
  readonly version: string | undefined;
};

/** The fields of the event that a flag was evaluated. */
export type FlagEvent = Readonly<Record<string, string | number | undefined>>;

/**
 * The event that a flag was evaluated, under its names:
 * https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/. `session_id` is ours, and is undefined
 * unless a session came of it.
 */
export function flagEvent(flag: FlagEvaluation, session_id: string | undefined): FlagEvent {
  return {
    event_name: 'feature_flag.evaluation',
    'feature_flag.key': flag.key,
    'feature_flag.result.value': flag.value,
    'feature_flag.result.variant': flag.variant,
    'feature_flag.result.reason': flag.reason,
    'feature_flag.set.id': flag.set_id,
    'feature_flag.context.id': flag.context_id,
    'feature_flag.version': flag.version,
    'feature_flag.provider.name': flagProvider,
    session_id,
  };
}
