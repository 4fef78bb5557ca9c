import type { EvalResultResponse } from '../../../src/api/eval-runs.ts';
import type { CaseUsage } from './answers.ts';

/** What a scorer finds of a result; `unscored` is that it could not tell. */
export type Finding = 'right' | 'wrong' | 'unscored';

/** Values from here on are right; as the server has it. */
const passMark = 0.5;
const mostShown = 140;

/** What a scorer found of a result; null when its session broke. */
export function findingOf({ status, scores }: EvalResultResponse, metric: string): Finding | null {
  if (status === 'error') return null;
  const value = scores[metric]?.value ?? null;
  if (value === null) return 'unscored';
  return value >= passMark ? 'right' : 'wrong';
}

/** Why a result is scored as it is, or why there is none; null when a full score needs no words. */
export function reasonOf({ error, scores }: EvalResultResponse, metric: string): string | null {
  return error?.message ?? scores[metric]?.reason ?? null;
}

/** What was read out of a reply, or else the reply, shortened. */
export function answerText({ reading, outcome }: EvalResultResponse): string {
  const value = reading?.ok === true ? reading.value : (outcome?.reply ?? '');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}

/** All tokens of one answer. */
export function tokensOf({
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
}: CaseUsage): number {
  return input_tokens + output_tokens + cache_read_tokens + cache_write_tokens;
}

/** The result that is shown first of several repetitions: one that came out as preferred, or else the first. */
export function resultToShow(
  results: readonly EvalResultResponse[],
  { metric, prefers }: { readonly metric: string; readonly prefers: Finding },
): EvalResultResponse | undefined {
  return results.find((result) => findingOf(result, metric) === prefers) ?? results[0];
}
