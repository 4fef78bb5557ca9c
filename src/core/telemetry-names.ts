/*
 * The names that telemetry goes by, from the semantic conventions of OpenTelemetry. They stand here alone, so that a
 * change of the conventions is a change of this file.
 */

/** The event that a flag was evaluated: https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/. */
export const flagEvaluationEvent = 'feature_flag.evaluation';

/** Who evaluates flags here, under `feature_flag.provider.name`. */
export const flagProvider = 'Pawl';

/** The attributes of that event. */
export const flagAttributes = {
  key: 'feature_flag.key',
  value: 'feature_flag.result.value',
  variant: 'feature_flag.result.variant',
  /** In small letters, where OpenFeature has capitals. */
  reason: 'feature_flag.result.reason',
  context_id: 'feature_flag.context.id',
  set_id: 'feature_flag.set.id',
  version: 'feature_flag.version',
  provider: 'feature_flag.provider.name',
} as const;
