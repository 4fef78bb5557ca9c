import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { durationText, numberText } from '../../parts/quantities.ts';
import { metricName } from './metric-words.ts';

/** Something that a step needs before the candidate gets more, and whether it is there. */
export type StepNeed = { readonly text: string; readonly isThere: boolean };

type Seen = Pick<RolloutResponse, 'settings' | 'step' | 'step_since' | 'evidence' | 'pause'>;

/** What the present step needs; `now` is in milliseconds since 1970. */
export function stepNeeds(
  { settings, step: number, step_since, evidence, pause }: Seen,
  now: number,
): StepNeed[] {
  const step = settings.steps[number - 1];
  const next = settings.steps[number];
  if (step === undefined || next === undefined) return [];
  const needs: StepNeed[] = [];
  if (step.min_seconds > 0) {
    const left = Date.parse(step_since) + step.min_seconds * 1000 - now;
    const rest = left > 0 ? `, ${durationText(left)} are left` : '';
    needs.push({
      text: `lasts ${durationText(step.min_seconds * 1000)} at least${rest}`,
      isThere: left <= 0,
    });
  }
  if (step.min_sessions > 0) {
    const had = evidence.sessions.find(({ weight }) => weight === step.weight)?.canary ?? 0;
    const [so, many] = [numberText(had), numberText(step.min_sessions)];
    needs.push({
      text: `${many} sessions of the candidate at least, ${so} so far`,
      isThere: had >= step.min_sessions,
    });
  }
  if (next.weight === 100) {
    for (const { metric, kind, status } of evidence.checks) {
      if (kind !== 'guardrail') continue;
      needs.push({
        text: `evidence that it is no worse in: ${metricName(metric).toLowerCase()}`,
        isThere: status === 'safe',
      });
    }
  }
  if (step.approval) needs.push({ text: 'somebody approves it', isThere: false });
  if (pause !== null) needs.push({ text: 'somebody lets it go on', isThere: false });
  return needs;
}

/** When the next step can be taken at the earliest, in milliseconds since 1970; null when there is none. */
export function earliestStep({ settings, step, step_since }: Seen): number | null {
  const now = settings.steps[step - 1];
  return now === undefined || settings.steps[step] === undefined
    ? null
    : Date.parse(step_since) + now.min_seconds * 1000;
}
