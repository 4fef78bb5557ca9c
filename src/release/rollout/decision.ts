import { partsOf } from '../../core/assignment.ts';
import type {
  LiveMetric,
  PauseCause,
  RolloutPause,
  RolloutSettings,
  RolloutStep,
} from '../../core/rollout.ts';
import type { CheckResult } from './checks.ts';
import type { LiveEvidence } from './evidence.ts';

/** What a look sees. Times are microseconds since 1970. */
export type LookedAt = {
  readonly settings: RolloutSettings;
  /** The step that the rollout is at, from 0. */
  readonly step: number;
  readonly step_since: number;
  /** How long the step was paused, up to now; microseconds. */
  readonly paused_us: number;
  readonly evidence: LiveEvidence;
  readonly checks: readonly CheckResult[];
  readonly pause: RolloutPause | null;
  /** What a person has said to go on in spite of: signals, and `inconclusive`. */
  readonly accepted: readonly string[];
  readonly last_traffic_at: number;
  readonly last_look_at: number | null;
  readonly now: number;
};

/** What a look leads to, and why. */
export type LookDecision =
  | { readonly type: 'roll_back'; readonly metric: LiveMetric; readonly reason: string }
  | {
      readonly type: 'pause';
      readonly cause: PauseCause;
      readonly metric: LiveMetric | null;
      readonly reason: string;
    }
  /** On to the next step, which at 100 % is the end. */
  | { readonly type: 'advance'; readonly reason: string }
  | { readonly type: 'wait'; readonly waits_for: WaitsFor; readonly reason: string };

export type WaitsFor = 'time' | 'sessions' | 'evidence' | 'person';

/** A sample ratio with a p-value below this stops all conclusions. */
export const sampleRatioAlpha = 0.001;
const noTrafficSeconds = 86_400;

/**
 * Decides what a look leads to. A sample ratio that does not fit stops everything, because nothing can be concluded
 * then; a broken guardrail comes before whatever else there is, and works in a pause as well. The candidate gets more
 * only when time, sessions, evidence and, where it is asked for, a person are there.
 */
export function decideLook(seen: LookedAt): LookDecision {
  const { evidence, checks, pause, accepted } = seen;
  if (pause?.cause === 'sample_ratio') return waitForPerson(pause);
  if (evidence.ratio.p < sampleRatioAlpha) {
    const { control, canary } = evidence.units;
    const reason = `${canary} of ${control + canary} went to the canary, which does not fit its weight (p ${shown(evidence.ratio.p)}); nothing can be concluded until the cause is found`;
    return { type: 'pause', cause: 'sample_ratio', metric: null, reason };
  }
  const broken = checks.find(({ kind, status }) => kind === 'guardrail' && status === 'broken');
  if (broken !== undefined) return { type: 'roll_back', metric: broken.metric, reason: said(broken) };
  if (pause !== null) return waitForPerson(pause);
  const worse = checks.find(
    ({ kind, status, metric }) => kind === 'signal' && status === 'broken' && !accepted.includes(metric),
  );
  if (worse !== undefined) {
    return { type: 'pause', cause: 'signal', metric: worse.metric, reason: said(worse) };
  }
  if (secondsFrom(seen.last_traffic_at, seen.now) >= noTrafficSeconds) {
    const reason = 'the canary has had no session for a day';
    return { type: 'pause', cause: 'no_traffic', metric: null, reason };
  }
  return decideStep(seen);
}

function decideStep(seen: LookedAt): LookDecision {
  const { settings, step: index, now, step_since, last_look_at } = seen;
  const step = settings.steps[index];
  const next = settings.steps[index + 1];
  if (step === undefined || next === undefined)
    throw new Error(`A rollout is at step ${index}, which is its last`);
  if (now < Math.max(step_since, last_look_at ?? 0)) {
    return wait('time', 'the clock is behind the last look; it goes on when the clock has caught up');
  }
  const lasted = secondsFrom(step_since, now);
  if (lasted < step.min_seconds) {
    return wait('time', `the step lasts ${step.min_seconds} s at least; ${Math.floor(lasted)} s are over`);
  }
  const sessions = sessionsAt(seen.evidence, step);
  if (sessions < step.min_sessions) {
    return wait('sessions', `the step needs ${step.min_sessions} sessions of the canary; it has ${sessions}`);
  }
  const lacking = next.weight === 100 ? unproven(seen.checks) : null;
  if (lacking !== null) return decideUnproven(seen, lacking, lasted);
  if (step.approval) {
    const reason = `the step at ${step.weight} % has everything, and waits for a person to approve it`;
    return { type: 'pause', cause: 'approval', metric: null, reason };
  }
  return { type: 'advance', reason: `the step at ${step.weight} % has everything that it needs` };
}

/** At the end, no evidence of harm is not enough: every guardrail has to show that there is none. */
function unproven(checks: readonly CheckResult[]): string | null {
  const open = checks.filter(({ kind, status }) => kind === 'guardrail' && status !== 'safe');
  if (open.length === 0) return null;
  const named = open.map(({ metric, margin }) => `${metric} (margin ${margin})`).join(', ');
  return `it is not shown yet that the candidate is no worse in ${named}`;
}

/** While it is paused, nobody waits for evidence, so that patience does not run out. */
function decideUnproven(seen: LookedAt, lacking: string, lasted: number): LookDecision {
  const { settings, accepted, paused_us } = seen;
  const waited = lasted - paused_us / 1_000_000;
  if (waited < settings.patience_seconds || accepted.includes('inconclusive'))
    return wait('evidence', lacking);
  const reason = `${lacking} after ${settings.patience_seconds} s; a person has to decide`;
  return { type: 'pause', cause: 'inconclusive', metric: null, reason };
}

/** Sessions of the canary that have ended a turn in a step. */
function sessionsAt({ sessions }: LiveEvidence, { weight }: RolloutStep): number {
  const parts = partsOf(weight);
  return sessions.find((one) => one.weight === parts)?.canary ?? 0;
}

function said({ metric, margin, p, alpha, harm, control, canary }: CheckResult): string {
  const proof =
    p === null
      ? `worse by ${shown(harm.low)} at least, margin ${shown(margin)}`
      : `p ${shown(p)}, limit ${shown(alpha)}`;
  return `${metric}: the canary is worse (${shown(canary.mean)} for ${shown(control.mean)}; ${proof})`;
}

function waitForPerson({ reason }: RolloutPause): LookDecision {
  return wait('person', `it is paused: ${reason}`);
}

function wait(waits_for: WaitsFor, reason: string): LookDecision {
  return { type: 'wait', waits_for, reason };
}

function secondsFrom(since: number, now: number): number {
  return (now - since) / 1_000_000;
}

function shown(value: number | null): string {
  return value === null ? 'unknown' : String(Number(value.toPrecision(3)));
}
