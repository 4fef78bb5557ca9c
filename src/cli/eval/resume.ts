import { isOver } from '../../core/evaluation.ts';
import { callServer } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import { compareRuns, resumeRun } from './begin.ts';
import { readEvalFile } from './eval-file.ts';
import { embeddedOptions } from './eval-source.ts';
import { followToReport, type ReportOptions } from './follow.ts';
import { note } from './note.ts';
import { pathOfSubject, runsOf, type Subject, type SubjectName, subjectNamed } from './subject.ts';

export type ResumeOptions = ReportOptions & {
  readonly url?: string;
  readonly endpoint?: string;
  readonly file?: string;
};

/**
 * Goes on with a run or a comparison that was stopped, has failed or lacks results, and prints its report.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function resumeEval(id: string, options: ResumeOptions): Promise<void> {
  const named = requireSubject(id);
  const { url, endpoint, file } = options;
  const embedded = embeddedOptions(file === undefined ? null : readEvalFile(file), endpoint);
  await withServer({ ...options, embedded }, async (server) => {
    const resumed = await resumeSubject(server, named);
    await followToReport(server, resumed, { ...options, flags: { url, endpoint, file } });
  });
}

/** What an id names. @throws CommandError when it is neither a run nor a comparison. */
export function requireSubject(id: string): SubjectName {
  const named = subjectNamed(id);
  if (named !== null) return named;
  throw new CommandError(`${id} is no id of an eval run (erun_…) or a comparison (cmp_…)`);
}

/** A run or a comparison as it is now. @throws CommandError */
export async function retrieveSubject(server: OpenServer, named: SubjectName): Promise<Subject> {
  return callServer<Subject>(server, { method: 'GET', path: pathOfSubject(named) });
}

/**
 * Has a server go on with a run or a comparison, and gives what there is to follow: that itself, or a comparison of
 * the same runs, where nobody waits for them any more. @throws CommandError
 */
export async function resumeSubject(server: OpenServer, named: SubjectName): Promise<SubjectName> {
  const subject = await retrieveSubject(server, named);
  const resumed = await Promise.all(runsOf(subject).map(({ id }) => resumeRun(server, id)));
  if (subject.type === 'eval_run' || subject.status === 'completed') return subject;
  // A server that runs for long still waits for the runs; one of this process has just begun and does not.
  if (!isOver(subject.status) && !server.embedded) return subject;
  const { baseline, candidate } = subject;
  const next = await compareRuns(server, { baseline_run: baseline.id, candidate_run: candidate.id });
  note(`Comparison ${next.id} takes the place of ${subject.id}, on the same ${resumed.length} runs.`);
  return next;
}
