import { partsOf, percent } from '../../core/assignment.ts';
import { PawlError } from '../../core/errors.ts';
import type { LiveCheck, LiveMetric, RolloutSettings, RolloutStep } from '../../core/rollout.ts';
import { readScorers } from '../online/online-scorers.ts';
import { isRelative } from './harm.ts';

/** A check as it is asked for; without a margin it has the usual one. */
export type CheckInput = { readonly metric: LiveMetric; readonly margin?: number | undefined };

/** What may be asked for; whatever is left out has its default. */
export type SettingsInput = {
  readonly steps?:
    | readonly (Pick<RolloutStep, 'weight'> & {
        readonly [K in Exclude<keyof RolloutStep, 'weight'>]?: RolloutStep[K] | undefined;
      })[]
    | undefined;
  readonly guardrails?: readonly CheckInput[] | undefined;
  readonly signals?: readonly CheckInput[] | undefined;
  /** As `readScorers` takes them. */
  readonly scorers?: unknown;
} & {
  readonly [K in 'alpha' | 'look_seconds' | 'patience_seconds' | 'on_rollback']?:
    | RolloutSettings[K]
    | undefined;
};

const usualWeights = [5, 10, 25, 50, 100];
const usualHold = { min_seconds: 3600, min_sessions: 50, approval: false };
const noHold = { min_seconds: 0, min_sessions: 0, approval: false };
const mostSteps = 20;
const mostChecks = 20;

/**
 * The settings of a rollout with every default filled in.
 * @throws PawlError `invalid_request`, with the field and what is allowed.
 */
export function readSettings(input: SettingsInput): RolloutSettings {
  const asked: NonNullable<SettingsInput['steps']> =
    input.steps ?? usualWeights.map((weight) => ({ weight }));
  const steps = asked.map((step): RolloutStep => {
    const hold = step.weight === 100 ? noHold : usualHold;
    const {
      weight,
      min_seconds = hold.min_seconds,
      min_sessions = hold.min_sessions,
      approval = false,
    } = step;
    return { weight, min_seconds, min_sessions, approval };
  });
  requireSteps(steps);
  const guardrails = (input.guardrails ?? [{ metric: 'failures' }]).map(readCheck);
  const usual = (['refusals', 'latency', 'cost'] as const).filter((metric) => !isAmong(guardrails, metric));
  const signals = (input.signals ?? usual.map((metric) => ({ metric }))).map(readCheck);
  requireChecks(guardrails, signals);
  const scorers = readScorers(input.scorers ?? []);
  const { alpha = 0.05, look_seconds = 10, patience_seconds = 86_400, on_rollback = 'drain' } = input;
  return { steps, guardrails, signals, scorers, alpha, look_seconds, patience_seconds, on_rollback };
}

function readCheck({ metric, margin }: CheckInput): LiveCheck {
  return { metric, margin: margin ?? (isRelative(metric) ? 0.25 : 0.05) };
}

function requireSteps(steps: readonly RolloutStep[]): void {
  if (steps.length < 2 || steps.length > mostSteps) {
    refuse(`steps: must be 2 to ${mostSteps}; a promotion that needs no canary is applied`);
  }
  for (const [i, { weight, min_seconds, min_sessions, approval }] of steps.entries()) {
    if (!(weight > 0 && weight <= 100) || weight !== percent(partsOf(weight))) {
      refuse(`steps.${i}.weight: must be a percentage above 0 and at most 100, with two decimals at most`);
    }
    const before = steps[i - 1]?.weight ?? 0;
    if (weight <= before) {
      refuse(
        `steps.${i}.weight: must be above ${before}, that of the step before; whoever has the candidate keeps it`,
      );
    }
    if (weight === 100 && (min_seconds > 0 || min_sessions > 0 || approval)) {
      refuse(`steps.${i}: at 100 the rollout is over and waits for nothing; let the step before it wait`);
    }
  }
  if (steps.at(-1)?.weight !== 100) {
    refuse(`steps.${steps.length - 1}.weight: must be 100 in the last step, where the alias moves`);
  }
}

function requireChecks(guardrails: readonly LiveCheck[], signals: readonly LiveCheck[]): void {
  if (guardrails.length === 0) {
    refuse('guardrails: must name one thing at least; without evidence no rollout goes on by itself');
  }
  if (guardrails.length > mostChecks) refuse(`guardrails: must be ${mostChecks} at most`);
  if (signals.length > mostChecks) refuse(`signals: must be ${mostChecks} at most`);
  for (const [field, checks] of Object.entries({ guardrails, signals })) {
    for (const [i, { metric, margin }] of checks.entries()) {
      if (margin > 1 && !isRelative(metric)) {
        refuse(
          `${field}.${i}.margin: must be at most 1 for ${metric}, which is never worse by more than that`,
        );
      }
      if (isAmong(checks.slice(0, i), metric)) {
        refuse(`${field}.${i}.metric: ${metric} is named already; each is watched once`);
      }
    }
  }
  const twice = signals.findIndex(({ metric }) => isAmong(guardrails, metric));
  if (twice !== -1) {
    refuse(`signals.${twice}.metric: ${signals[twice]?.metric} is a guardrail already; each is watched once`);
  }
}

function isAmong(checks: readonly LiveCheck[], metric: LiveMetric): boolean {
  return checks.some((check) => check.metric === metric);
}

function refuse(message: string): never {
  throw new PawlError('invalid_request', message);
}
