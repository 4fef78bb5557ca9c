import type { Verdict } from '../../core/evaluation.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { runsOf, type Subject } from './subject.ts';

/** What `inconclusive` is to count as; absent lets it be what it is. */
export type InconclusiveAs = 'pass' | 'fail' | undefined;

/** How a command ends that has followed something to its end. */
export type Ending = {
  readonly exit_code: ExitCode;
  /** What is missing from the results; null when nothing is. */
  readonly problem: string | null;
};

/** Why something that is over has no report; null when it has one. */
export function failureOf({ id, status, error }: Subject): string | null {
  if (status === 'completed') return null;
  return error === null ? `${id} is ${status}` : `${id} is ${status}: ${error}`;
}

/** How to end for something that is completed. A run alone is as good as its sessions: it has no verdict. */
export function endingOf(subject: Subject, inconclusiveAs?: InconclusiveAs): Ending {
  if (subject.type === 'comparison') {
    return { exit_code: codeOf(subject.verdict ?? 'error', inconclusiveAs), problem: null };
  }
  const { errors, total } = subject.counts;
  if (errors === 0) return { exit_code: exitCodes.ok, problem: null };
  return {
    exit_code: exitCodes.failed,
    problem: `${errors} of ${total} results are missing because their sessions broke; \`pawl eval resume ${subject.id}\` tries them again`,
  };
}

/** What of each run did not have to be run, as sentences. */
export function reuseRemarks(subject: Subject): string[] {
  return runsOf(subject)
    .filter(({ counts }) => counts.reused > 0)
    .map(
      ({ agent_version, counts }) =>
        `Version ${agent_version}: ${counts.reused} of ${counts.total} results reused; --fresh runs them again.`,
    );
}

function codeOf(verdict: Verdict, inconclusiveAs: InconclusiveAs): ExitCode {
  switch (verdict) {
    case 'pass':
      return exitCodes.ok;
    case 'fail':
      return exitCodes.no;
    case 'error':
      return exitCodes.failed;
    case 'inconclusive':
      if (inconclusiveAs === undefined) return exitCodes.inconclusive;
      return inconclusiveAs === 'pass' ? exitCodes.ok : exitCodes.no;
    default:
      return verdict satisfies never;
  }
}
