import { isOver } from '../../core/evaluation.ts';
import { CommandError } from '../command-error.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson } from '../output.ts';
import { cancelRun, compareRuns } from './begin.ts';
import { commandLine } from './command-line.ts';
import { followToReport, type ReportOptions } from './follow.ts';
import { note } from './note.ts';
import { requireSubject, retrieveSubject } from './resume.ts';
import { runsOf } from './subject.ts';

type ServerFlag = { readonly url?: string };

/** Follows what runs on a server, and prints its report. @throws CommandError, ConfigError, InterruptedError */
export async function watchEval(id: string, options: ServerFlag & ReportOptions): Promise<void> {
  const named = requireSubject(id);
  await withServer(options, async (server) => {
    const flags = { url: options.url };
    if (server.embedded && !isOver((await retrieveSubject(server, named)).status)) {
      throw new CommandError(
        `${id} waits, and no server runs it; ${commandLine('resume', id, flags)} goes on with it`,
      );
    }
    await followToReport(server, named, { ...options, flags });
  });
}

/** Compares two runs and prints the report. @throws CommandError, ConfigError, InterruptedError */
export async function compareEvalRuns(
  runs: { readonly baseline_run: string; readonly candidate_run: string },
  options: ServerFlag & ReportOptions,
): Promise<void> {
  await withServer(options, async (server) => {
    const comparison = await compareRuns(server, runs);
    const { baseline, candidate } = comparison;
    note(
      `Version ${candidate.agent_version} against version ${baseline.agent_version} by eval ${candidate.eval_name}. This is comparison ${comparison.id}.`,
    );
    await followToReport(server, comparison, { ...options, flags: { url: options.url } });
  });
}

/** Stops a run, or both runs of a comparison. @throws CommandError, ConfigError */
export async function cancelEval(
  id: string,
  options: ServerFlag & { readonly output: Format },
): Promise<void> {
  const named = requireSubject(id);
  await withServer(options, async (server) => {
    const runs = runsOf(await retrieveSubject(server, named));
    const canceled = await Promise.all(runs.map((run) => cancelRun(server, run.id)));
    if (options.output === 'json') return printJson(canceled);
    for (const { id: run, status, counts } of canceled) {
      print(`${run} is ${status}, with ${counts.done} of ${counts.total} results.`);
    }
    const stopped = canceled.some(({ status }) => status === 'canceled');
    if (stopped) note(`${commandLine('resume', id, { url: options.url })} goes on with it.`);
  });
}
