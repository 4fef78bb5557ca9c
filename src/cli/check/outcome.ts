import type { Verdict } from '../../core/evaluation.ts';
import type { PinChange } from '../../pin/pin-changes.ts';
import type { InconclusiveAs } from '../eval/ending.ts';
import type { Subject } from '../eval/subject.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';

/** What was run or found for a pin, with its report as text. */
export type Evidence = {
  readonly subject: Subject;
  /** Whether it was there before. */
  readonly found: boolean;
  readonly table: string;
  readonly markdown: string;
};

/** What became of one pin. */
export type PinOutcome = {
  readonly change: PinChange;
  readonly verdict: Verdict;
  /** Why, in a sentence or two. */
  readonly reason: string;
  /** What a reader should know besides. */
  readonly remarks: readonly string[];
  /** Null where none was needed, or there is none. */
  readonly evidence: Evidence | null;
};

/** What became of all of them. */
export type CheckResult = {
  readonly file: string;
  /** What they were compared with, for people. */
  readonly base: string;
  readonly verdict: Verdict;
  readonly exit_code: ExitCode;
  readonly pins: readonly PinOutcome[];
};

/** The gravest first. */
const gravity: readonly Verdict[] = ['error', 'fail', 'inconclusive', 'pass'];

/** The worst verdict; pass for none. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return gravity.find((verdict) => verdicts.includes(verdict)) ?? 'pass';
}

/** How the command ends: by the worst pin, where inconclusive ones may count as something else. */
export function exitCodeOf(verdicts: readonly Verdict[], inconclusiveAs: InconclusiveAs): ExitCode {
  const counted = verdicts.map((one) => (one === 'inconclusive' ? (inconclusiveAs ?? one) : one));
  const codes: { readonly [V in Verdict]: ExitCode } = {
    error: exitCodes.failed,
    fail: exitCodes.no,
    inconclusive: exitCodes.inconclusive,
    pass: exitCodes.ok,
  };
  return codes[worstVerdict(counted)];
}

/** The result in one sentence. */
export function headline({ pins, base }: CheckResult): string {
  const changed = pins.filter(({ change }) => change.kind !== 'unchanged');
  if (changed.length === 0) return `no pin differs from ${base}`;
  const open = changed.filter(({ verdict }) => verdict !== 'pass').map(({ change }) => change.name);
  if (open.length === 1) return `${open.join('')} does not pass, compared with ${base}`;
  if (open.length > 1) return `${open.join(', ')} do not pass, compared with ${base}`;
  return changed.length === 1
    ? `the one pin that differs from ${base} passes`
    : `all ${changed.length} pins that differ from ${base} pass`;
}
