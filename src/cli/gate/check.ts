import { appendFileSync } from 'node:fs';
import { CommandError, sentenceOf } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { begin, type RunOptions } from '../eval/begin.ts';
import { type EvalOptions, openEvalSource, readyEval } from '../eval/eval-source.ts';
import { followToReport, type ReportOptions } from '../eval/follow.ts';
import { fetchReport } from '../eval/report.ts';
import { withServer } from '../open-server.ts';

export type GateCheckOptions = EvalOptions &
  ReportOptions &
  RunOptions & { readonly candidate: number; readonly baseline?: number };

/**
 * Compares two versions and prints the report; the exit code is the verdict. A CI system that shows a summary gets
 * the report as Markdown.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function checkGate(name: string, options: GateCheckOptions): Promise<void> {
  const { candidate, baseline } = options;
  // Without a baseline there would be a run and no verdict.
  if (candidate === 1 && baseline === undefined)
    throw new CommandError(
      'There is no version before version 1; name the one to compare with by --baseline',
    );
  const source = openEvalSource(name, options);
  const { step_summary } = settingsHere();
  await withServer({ ...options, embedded: source.embedded }, async (server) => {
    const ready = await readyEval(server, source, options);
    const { flags } = source;
    const comparison = await begin(server, ready, { ...options, flags });
    await followToReport(server, comparison, { ...options, flags });
    if (step_summary === null) return;
    addTo(step_summary, await fetchReport(server, comparison, { format: 'markdown' }));
  });
}

function addTo(file: string, text: string): void {
  try {
    appendFileSync(file, text);
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${sentenceOf(error)}`, { cause: error });
  }
}
