import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { EvalResponse } from '../../api/evals.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson, table } from '../output.ts';

type Options = { readonly url?: string; readonly eval?: string; readonly output: Format };

/** How many of each kind are shown, the newest first. */
const most = 20;

/** Lists evals, comparisons and runs, or those of one eval. @throws CommandError, ConfigError */
export async function listEvals(options: Options): Promise<void> {
  await withServer(options, async (server) => {
    const of = options.eval === undefined ? '' : `&eval=${encodeURIComponent(options.eval)}`;
    const [evals, comparisons, runs] = await Promise.all([
      options.eval === undefined ? newest<EvalResponse>(server, 'evals') : [],
      newest<ComparisonResponse>(server, `comparisons`, of),
      newest<EvalRunResponse>(server, 'eval_runs', of),
    ]);
    if (options.output === 'json') return printJson({ evals, comparisons, eval_runs: runs });
    const sections = [
      section(['EVAL', 'REVISION', 'AGENT', 'DATASET', 'CHANGED'], evals.map(evalCells)),
      section(['COMPARISON', 'EVAL', 'VERSIONS', 'VERDICT', 'CREATED'], comparisons.map(comparisonCells)),
      section(['EVAL RUN', 'EVAL', 'VERSION', 'STATUS', 'RESULTS', 'SCORES', 'CREATED'], runs.map(runCells)),
    ];
    const shown = sections.filter((lines) => lines !== null);
    print(
      shown.length === 0 ? 'There is nothing yet; `pawl eval run FILE` runs an eval.' : shown.join('\n\n'),
    );
  });
}

async function newest<T>(access: ServerAccess, kind: string, query = ''): Promise<readonly T[]> {
  const path = `/pawl/v1/${kind}?limit=${most}${query}`;
  return (await callServer<{ readonly data: readonly T[] }>(access, { method: 'GET', path })).data;
}

function section(heads: readonly string[], rows: readonly (readonly string[])[]): string | null {
  return rows.length === 0 ? null : table(heads, rows);
}

function evalCells({ name, revision, definition, updated_at }: EvalResponse): string[] {
  return [name, String(revision), definition.agent, definition.dataset.name, updated_at];
}

function comparisonCells(comparison: ComparisonResponse): string[] {
  const { id, baseline, candidate, verdict, status, created_at } = comparison;
  const versions = `v${candidate.agent_version} against v${baseline.agent_version}`;
  return [id, candidate.eval_name, versions, verdict ?? status, created_at];
}

function runCells(run: EvalRunResponse): string[] {
  const { id, eval_name, agent_version, recorded, status, counts, created_at } = run;
  const scores = Object.entries(counts.scores).flatMap(([name, { sum, count }]) =>
    count === 0 ? [] : [`${name} ${(sum / count).toFixed(2)}`],
  );
  const results = `${counts.done}/${counts.total}`;
  const version = `v${agent_version}${recorded === null ? '' : ', recorded'}`;
  return [id, eval_name, version, status, results, scores.join(' '), created_at];
}
