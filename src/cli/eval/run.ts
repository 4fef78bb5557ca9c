import { withServer } from '../open-server.ts';
import { begin, type RunOptions } from './begin.ts';
import { type EvalOptions, openEvalSource, readyEval } from './eval-source.ts';
import { followToReport, type ReportOptions } from './follow.ts';

export type EvalRunOptions = EvalOptions & RunOptions & ReportOptions;

/**
 * Runs an eval and prints its report.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function runEval(name: string, options: EvalRunOptions): Promise<void> {
  const source = openEvalSource(name, options);
  await withServer({ ...options, embedded: source.embedded }, async (server) => {
    const { flags } = source;
    const subject = await begin(server, await readyEval(server, source, options), { ...options, flags });
    await followToReport(server, subject, { ...options, flags });
  });
}
