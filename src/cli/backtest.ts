import { Command } from 'commander';
import { agentHelp } from './alias/release-options.ts';
import { addReportOptions, serverOption, wholeNumber } from './eval/options.ts';
import type { BacktestOptions } from './recorded/backtest.ts';
import { expectedOption } from './recorded/options.ts';

/** `pawl backtest`: what users have said, put to another version. */
export function backtestCommand(): Command {
  const command = new Command('backtest')
    .description('put what users said to a version, and compare its answers with what they were answered')
    .argument('<agent>', agentHelp)
    .requiredOption('--candidate <version>', 'the version to put it to', wholeNumber)
    .requiredOption('--eval <name>', 'the eval whose scorers and gate decide; its cases are not used')
    .option('--alias <alias>', 'take sessions that this alias gave its version (default: production)')
    .option('--version <version>', 'take sessions of this version instead', wholeNumber)
    .option('--from <time>', 'take sessions from this time on, as in 2026-01-31T12:00:00Z (default: a week)')
    .option('--to <time>', 'take sessions before this time (default: now)')
    .option('--limit <number>', 'how many sessions to take at most, the newest first', wholeNumber, 200)
    .option('--epochs <number>', 'how often the candidate is asked', wholeNumber, 1)
    .addOption(expectedOption());
  return addReportOptions(command)
    .addOption(serverOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ pawl backtest triage --candidate 4 --eval triage\n\nIt ends with 0 when the gate passes, 1 when it fails, and 2 when the results cannot tell.',
    )
    .action(async (agent: string, options: BacktestOptions) => {
      const { runBacktest } = await import('./recorded/backtest.ts');
      await runBacktest(agent, options);
    });
}
