import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import type { ReadyEval } from './eval-source.ts';
import { note } from './note.ts';
import { count } from './quantities.ts';
import type { Subject } from './subject.ts';

/** Which versions run, and where their runs depart from what the eval says. */
export type RunOptions = {
  /** Absent takes the latest. */
  readonly candidate?: number;
  /** Absent takes the version before the candidate, where there is one. */
  readonly baseline?: number | 'none';
  /** Absent takes the eval's own. */
  readonly agent?: string;
  readonly epochs?: number;
  readonly fresh?: true;
};

/** Starts what was asked for: a comparison of two versions, or the run of one. @throws CommandError */
export async function begin(access: ServerAccess, ready: ReadyEval, options: RunOptions): Promise<Subject> {
  const candidate = await startRun(access, ready, options, options.candidate);
  const version = options.baseline ?? (candidate.agent_version > 1 ? candidate.agent_version - 1 : 'none');
  if (version === 'none') {
    note(`${what(ready, candidate)}. This is eval run ${candidate.id}.`);
    return candidate;
  }
  try {
    // Both sides have to see the same cases, also when somebody changes the dataset in between.
    const sameCases = { ...ready, dataset_revision: candidate.dataset_revision_id };
    const baseline = await startRun(access, sameCases, options, version);
    const comparison = await compareRuns(access, { baseline_run: baseline.id, candidate_run: candidate.id });
    note(`${what(ready, candidate)}, against version ${version}. This is comparison ${comparison.id}.`);
    note(outlook(candidate));
    return comparison;
  } catch (error) {
    await cancelRun(access, candidate.id).catch(() => {});
    throw error;
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

/** The server may have to ask another endpoint first. */
const timeoutMs = 60_000;

/** Starts one run. @throws CommandError */
export async function startRun(
  access: ServerAccess,
  { eval: { id, revision }, dataset_revision }: ReadyEval,
  { agent, epochs, fresh }: RunOptions,
  version: number | undefined,
): Promise<EvalRunResponse> {
  return callServer<EvalRunResponse>(access, {
    method: 'POST',
    path: '/pawl/v1/eval_runs',
    body: {
      ...{ eval: id, eval_revision: revision },
      ...{ agent_id: agent, agent_version: version, epochs, fresh },
      ...(dataset_revision === null ? {} : { dataset_revision }),
    },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

function what(
  { eval: one }: ReadyEval,
  { agent_id, agent_version, epochs, counts }: EvalRunResponse,
): string {
  const cases = count(counts.total / epochs, 'case');
  const run = `Eval ${one.name} (revision ${one.revision}) of version ${agent_version} of ${agent_id}`;
  return `${run}: ${cases} × ${count(epochs, 'epoch')}`;
}

/** What a comparison of so many cases can show at best, said before it begins. */
function outlook({ sees, counts, epochs }: EvalRunResponse): string {
  const cases = count(counts.total / epochs, 'case');
  if (sees !== null) {
    return `So many cases show a loss of ${(sees * 100).toFixed(1)} points or more, 4 times out of 5.`;
  }
  return `${cases} can show no loss by an interval; rules on lost cases and must_pass cases decide all the same.`;
}
