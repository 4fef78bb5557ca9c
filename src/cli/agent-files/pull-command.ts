import { Command } from 'commander';
import { serverOption } from '../eval/options.ts';
import { outputOption } from '../output.ts';
import { lockOption } from './options.ts';
import type { PullOptions } from './run-pull.ts';

/** `pawl pull`: from the server into files. */
export function pullCommand(): Command {
  return new Command('pull')
    .description('write what the server has into the files of agents')
    .argument('[targets...]', 'files, or ids of agents (default: all that the lock knows)')
    .option('--as <file>', 'the file of an agent that the lock does not know (default: agents/NAME.md)')
    .option('--force', 'write over what was never applied')
    .addOption(lockOption())
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ pawl pull agents/triage.md')
    .action(async (targets: string[], options: PullOptions) => {
      const { runPull } = await import('./run-pull.ts');
      await runPull(targets, options);
    });
}
