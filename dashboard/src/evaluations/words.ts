import type { JobStatus, Verdict } from '../../../src/core/evaluation.ts';
import type { Tone } from '../parts/badge.tsx';
import { costText, durationText, numberText } from '../parts/quantities.ts';
import type { CaseOutcome, GateReport, GateRow, ReportSide, ResourceRow } from './answers.ts';

/** Whether nothing more happens to something that stands so, unless somebody resumes it. */
export function isOver(status: JobStatus): boolean {
  return status !== 'pending' && status !== 'running';
}

/** Scores in points, a hundred to the full score: 0.0449 is `4.5`. */
export function pointsText(value: number): string {
  return (value * 100).toFixed(1).replace(/\.0$/, '').replace(/^-0$/, '0').replace('-', '−');
}

/** The name of a group; cases without one have no name either. */
export function groupText(group: string | null): string {
  return group ?? '(no group)';
}

/** What a row of a report is about. */
export function scopeText({ scope, group }: Pick<GateRow, 'scope' | 'group'>): string {
  return scope === 'all_cases' ? 'All cases' : groupText(group);
}

/** What the two sides are called where one name for each is enough: `version 1` and `version 2`. */
export function sideTexts({
  baseline,
  candidate,
}: {
  readonly baseline: Pick<ReportSide, 'agent_id' | 'agent_version'>;
  readonly candidate: Pick<ReportSide, 'agent_id' | 'agent_version'>;
}): readonly [baseline: string, candidate: string] {
  const same = baseline.agent_id === candidate.agent_id && baseline.agent_version === candidate.agent_version;
  const [before, after] = [`version ${baseline.agent_version}`, `version ${candidate.agent_version}`];
  if (same) return [`${before}, before`, `${after}, after`];
  if (before === after) return [`${before} (baseline)`, `${after} (candidate)`];
  return [before, after];
}

/** The verdict in one sentence. */
export function headline(report: Pick<GateReport, 'verdict' | 'baseline' | 'candidate'>): string {
  const [before, after] = sideTexts(report);
  const said: { readonly [V in Verdict]: string } = {
    pass: `${after} loses no more than is tolerated against ${before}.`,
    fail: `${after} must not take the place of ${before}.`,
    inconclusive: `It is not settled whether ${after} is worse than ${before}; that is no pass.`,
    error: `${after} could not be compared with ${before} as the gate asks.`,
  };
  const sentence = said[report.verdict];
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** What became of a case between two versions, in words, and how it looks. */
export const outcomeWords: { readonly [O in CaseOutcome]: { readonly text: string; readonly tone: Tone } } = {
  lost: { text: 'turned wrong', tone: 'bad' },
  gained: { text: 'turned right', tone: 'good' },
  unscored: { text: 'not scored', tone: 'warn' },
  wrong: { text: 'wrong in both', tone: 'calm' },
  mixed: { text: 'mixed', tone: 'calm' },
  right: { text: 'right in both', tone: 'calm' },
};

/** How a look of the whole page follows from a verdict. */
export const verdictLooks: { readonly [V in Verdict]: 'good' | 'bad' | 'warn' } = {
  pass: 'good',
  fail: 'bad',
  inconclusive: 'warn',
  error: 'bad',
};

/** What runs take, with its unit. */
export const resourceWords: {
  readonly [R in ResourceRow['resource']]: {
    readonly text: string;
    readonly format: (value: number) => string;
  };
} = {
  latency_ms: { text: 'Time to answer', format: durationText },
  tokens: { text: 'Tokens', format: (value) => numberText(Math.round(value)) },
  cost_usd: { text: 'Cost', format: costText },
};

/** A change of something that is counted, with its sign: `+1.2 s`. */
export function changeText(difference: number, format: (value: number) => string): string {
  if (difference === 0) return 'the same';
  return `${difference > 0 ? '+' : '−'}${format(Math.abs(difference))}`;
}
