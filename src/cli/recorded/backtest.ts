import { agentIdOf } from '../alias/agent-id.ts';
import type { ReportOptions } from '../eval/follow.ts';
import { withServer } from '../open-server.ts';
import { followRecorded } from './follow-recorded.ts';

export type BacktestOptions = ReportOptions & {
  readonly url?: string;
  readonly candidate: number;
  readonly eval: string;
  readonly alias?: string;
  readonly version?: number;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly epochs: number;
  readonly expectedFrom?: 'recorded';
};

/**
 * Begins a backtest and follows it to its report; the exit code is the verdict.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function runBacktest(agent: string, options: BacktestOptions): Promise<void> {
  const { candidate, alias, version, from, to, limit, epochs, expectedFrom } = options;
  await withServer(options, async (server) => {
    const body = {
      ...{ agent_id: await agentIdOf(server, agent), candidate_version: candidate, eval: options.eval },
      ...{ alias, version, from, to, limit, epochs, expected_from: expectedFrom },
    };
    await followRecorded(server, { path: '/pawl/v1/backtests', body }, options);
  });
}
