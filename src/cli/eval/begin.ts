import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import { counted } from '../../core/quantities.ts';
import type { EvalRun } from '../../eval/result.ts';
import { callServer, RefusedError, type ServerAccess } from '../api-client.ts';
import type { OpenServer } from '../open-server.ts';
import type { ReadyEval } from './eval-source.ts';
import { note } from './note.ts';
import { type StartOptions, startComparison, startRun } from './start.ts';
import type { Subject } from './subject.ts';

/** Which versions run, and where their runs depart from what the eval says. */
export type RunOptions = Omit<StartOptions, 'flags'> & {
  /** Absent takes the latest. */
  readonly candidate?: number;
  /** Absent takes what `production` stands for, or else the version before the candidate, where there is one. */
  readonly baseline?: number | 'none';
};

/** Starts what was asked for: a comparison of two versions, or the run of one. @throws CommandError, InterruptedError */
export async function begin(
  server: OpenServer,
  ready: ReadyEval,
  options: RunOptions & StartOptions,
): Promise<Subject> {
  const comparison = options.baseline === 'none' ? null : await beginComparison(server, ready, options);
  if (comparison === null) {
    const run = await startRun(server, ready, options, options.candidate);
    note(`${what(ready, run)}. This is eval run ${run.id}.`);
    return run;
  }
  const { baseline, candidate, id } = comparison;
  note(`${what(ready, candidate)}, against version ${baseline.agent_version}. This is comparison ${id}.`);
  note(outlook(candidate));
  return comparison;
}

/** Null when nobody has named a baseline, and there is no version before the candidate. */
async function beginComparison(
  server: OpenServer,
  ready: ReadyEval,
  options: RunOptions & StartOptions,
): Promise<ComparisonResponse | null> {
  const { candidate, baseline } = options;
  const versions = {
    candidate_version: candidate,
    baseline_version: baseline === 'none' ? undefined : baseline,
  };
  try {
    return await startComparison(server, ready, options, versions);
  } catch (error) {
    // Only the server knows the latest version. It has begun nothing when it has no baseline for it.
    const alone =
      baseline === undefined &&
      error instanceof RefusedError &&
      error.message.startsWith('baseline_version: ');
    if (!alone) throw error;
    return null;
  }
}

/** Has two runs compared, whether they are over or not. @throws CommandError */
export async function compareRuns(
  access: ServerAccess,
  body: { readonly baseline_run: string; readonly candidate_run: string },
): Promise<ComparisonResponse> {
  return callServer<ComparisonResponse>(access, { method: 'POST', path: '/pawl/v1/comparisons', body });
}

/** Stops a run, if it is not over. @throws CommandError */
export async function cancelRun(access: ServerAccess, id: string): Promise<EvalRunResponse> {
  return changeRun(access, id, 'cancel');
}

/** Goes on with a run that has not all its results. @throws CommandError */
export async function resumeRun(access: ServerAccess, id: string): Promise<EvalRunResponse> {
  return changeRun(access, id, 'resume');
}

async function changeRun(access: ServerAccess, id: string, verb: string): Promise<EvalRunResponse> {
  const path = `/pawl/v1/eval_runs/${encodeURIComponent(id)}/${verb}`;
  return callServer<EvalRunResponse>(access, { method: 'POST', path });
}

function what({ eval: one }: ReadyEval, { agent_id, agent_version, epochs, counts }: EvalRun): string {
  const cases = counted(counts.total / epochs, 'case');
  const run = `Eval ${one.name} (revision ${one.revision}) of version ${agent_version} of ${agent_id}`;
  return `${run}: ${cases} × ${counted(epochs, 'epoch')}`;
}

/** What a comparison of so many cases can show at best, said before it begins. */
function outlook({ sees, counts, epochs }: EvalRun): string {
  const cases = counted(counts.total / epochs, 'case');
  if (sees !== null) {
    return `So many cases show a loss of ${(sees * 100).toFixed(1)} points or more, 4 times out of 5.`;
  }
  return `${cases} can show no loss by an interval; rules on lost cases and must_pass cases decide all the same.`;
}
