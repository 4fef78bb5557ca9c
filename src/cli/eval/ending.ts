import type { Verdict } from '../../core/evaluation.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { runsOf, type Subject } from './subject.ts';

/** How a command ends that has followed something to its end. */
export type Ending = {
  readonly exit_code: ExitCode;
  /** What went wrong on the way, so that there is no answer or only part of one; null when nothing did. */
  readonly problem: string | null;
};

/** What `inconclusive` is to count as; absent lets it be what it is. */
export type InconclusiveAs = 'pass' | 'fail' | undefined;

/** How to end for something that is over. A run alone is as good as its sessions: it has no verdict. */
export function endingOf(subject: Subject, inconclusiveAs: InconclusiveAs): Ending {
  const { id, status, error } = subject;
  if (status !== 'completed') {
    const why = error === null ? '' : `: ${error}`;
    return { exit_code: exitCodes.failed, problem: `${id} is ${status}${why}` };
  }
  if (subject.type === 'comparison') {
    const { verdict } = subject;
    if (verdict === null) return { exit_code: exitCodes.failed, problem: `${id} has no verdict` };
    return { exit_code: codeOf(verdict, inconclusiveAs), problem: null };
  }
  const { errors, total } = subject.counts;
  if (errors === 0) return { exit_code: exitCodes.ok, problem: null };
  return {
    exit_code: exitCodes.failed,
    problem: `${errors} of ${total} results are missing because their sessions broke; \`pawl eval resume ${id}\` tries them again`,
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
