import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import { idPrefixes } from '../../core/ids.ts';
import type { EvalRun } from '../../eval/result.ts';

/** What a command follows to its end: one eval run, or a comparison of two. */
export type Subject = EvalRunResponse | ComparisonResponse;

/** Which one, before it has been asked for. */
export type SubjectName = Pick<Subject, 'type' | 'id'>;

/** What an id names; null when that is neither an eval run nor a comparison. */
export function subjectNamed(id: string): SubjectName | null {
  if (id.startsWith(`${idPrefixes.eval_run}_`)) return { type: 'eval_run', id };
  return id.startsWith(`${idPrefixes.comparison}_`) ? { type: 'comparison', id } : null;
}

/** Where the API has it. */
export function pathOfSubject({ type, id }: SubjectName): string {
  return `/pawl/v1/${type}s/${encodeURIComponent(id)}`;
}

/** Its runs, the baseline's first. */
export function runsOf(subject: Subject): readonly EvalRun[] {
  return subject.type === 'eval_run' ? [subject] : [subject.baseline, subject.candidate];
}
