import { percentText } from '../../parts/quantities.ts';

/** A step as it is typed; the last one, at 100 %, waits for nothing. */
export type StepDraft = {
  readonly key: number;
  readonly weight: string;
  readonly minutes: string;
  readonly sessions: string;
  readonly approval: boolean;
};

/** A step as the server takes it. */
export type AskedStep = {
  readonly weight: number;
  readonly min_seconds?: number;
  readonly min_sessions?: number;
  readonly approval?: boolean;
};

const usualWeights = ['5', '10', '25', '50', '100'];

/** What is proposed: a part of the traffic that grows, an hour and fifty sessions each. */
export function usualSteps(): StepDraft[] {
  return usualWeights.map((weight, key) => ({ ...newStep(key), weight }));
}

/** Another step, of which the share is to be typed. */
export function newStep(key: number): StepDraft {
  return { key, weight: '', minutes: '60', sessions: '50', approval: false };
}

/** Steps as the server takes them, or what is wrong with them. */
export function readSteps(drafts: readonly StepDraft[]): AskedStep[] | string {
  const steps: AskedStep[] = [];
  let before = 0;
  for (const [index, draft] of drafts.entries()) {
    const [weight, minutes, sessions] = [draft.weight, draft.minutes, draft.sessions].map(Number);
    const named = `Step ${index + 1}`;
    if (weight === undefined || !(weight > before && weight <= 100)) {
      return `${named}: the share has to be above ${percentText(before / 100)} and at most 100 %`;
    }
    before = weight;
    if (weight === 100) {
      steps.push({ weight });
      continue;
    }
    if (minutes === undefined || !(minutes >= 0)) return `${named}: the minutes have to be 0 or more`;
    if (sessions === undefined || !(Number.isInteger(sessions) && sessions >= 0)) {
      return `${named}: the sessions have to be a whole number`;
    }
    const { approval } = draft;
    steps.push({ weight, min_seconds: Math.round(minutes * 60), min_sessions: sessions, approval });
  }
  if (steps.length < 2) return 'There have to be two steps at least';
  return before === 100 ? steps : 'The last step has to be 100 %';
}
