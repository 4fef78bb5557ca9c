import type { RunningMode } from '../../core/release.ts';
import { CommandError } from '../command-error.ts';
import { parseYaml, readText } from '../yaml-file.ts';
import type { WatchedMetric } from './rollout-options.ts';

/** How a rollout is to go about it, as the command is told. */
export type RolloutPlan = {
  readonly steps: readonly number[];
  readonly stepSeconds?: number;
  readonly stepSessions?: number;
  readonly approval?: readonly number[];
  readonly guardrail?: readonly WatchedMetric[];
  readonly signal?: readonly WatchedMetric[];
  /** False for `--no-signals`. */
  readonly signals: boolean;
  readonly lookSeconds?: number;
  readonly patienceSeconds?: number;
  readonly alpha?: number;
  readonly onRollback?: RunningMode;
  /** A file. */
  readonly scorers?: string;
  readonly reason?: string;
};

/**
 * What to ask the server for. What is left out has the server's defaults.
 * @throws CommandError when a step is to be approved that is none, or waits and is the end; or the file cannot be read.
 */
export function newRollout(promotion_id: string, plan: RolloutPlan): object {
  const { guardrail, signal, signals, scorers, reason } = plan;
  return {
    promotion_id,
    steps: stepsOf(plan),
    guardrails: guardrail,
    signals: signals ? signal : [],
    look_seconds: plan.lookSeconds,
    patience_seconds: plan.patienceSeconds,
    alpha: plan.alpha,
    on_rollback: plan.onRollback,
    scorers: scorers === undefined ? undefined : parseYaml(readText(scorers), scorers),
    reason,
  };
}

function stepsOf({ steps, stepSeconds, stepSessions, approval = [] }: RolloutPlan): object[] {
  const unknown = approval.find((weight) => weight === 100 || !steps.includes(weight));
  if (unknown !== undefined) {
    throw new CommandError(
      `--approval ${unknown}: must be a step before 100; it is that step's end which somebody approves`,
    );
  }
  return steps.map((weight) =>
    // The last is the end, and waits for nothing.
    weight === 100
      ? { weight }
      : { weight, min_seconds: stepSeconds, min_sessions: stepSessions, approval: approval.includes(weight) },
  );
}
