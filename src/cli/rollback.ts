import { Command, Option } from 'commander';
import { runningModes } from '../core/release.ts';
import { agentHelp, aliasOption, reasonOption } from './alias/release-options.ts';
import type { RollbackOptions } from './alias/roll-back.ts';
import { serverOption, wholeNumber } from './eval/options.ts';
import { outputOption } from './output.ts';

/** `pawl rollback`: the way back, in one call and without a question. */
export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('take an alias back to the version that was good before, at once')
    .argument('<agent>', agentHelp)
    .option(
      '--to <version>',
      'the version to go back to (default: the one that was good before)',
      wholeNumber,
    )
    .addOption(aliasOption())
    .addOption(
      new Option('--running <mode>', 'what becomes of sessions on the version taken away')
        .choices(runningModes)
        .default('drain'),
    )
    .option('--from <version>', 'do nothing unless it stands for this version now', wholeNumber)
    .option(
      '--force',
      'take a version as well that the alias has never stood for (of a protected alias, admins only)',
    )
    .addOption(reasonOption())
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', help)
    .action(async (agent: string, options: RollbackOptions) => {
      const { rollBack } = await import('./alias/roll-back.ts');
      await rollBack(agent, options);
    });
}

const help = `
While a rollout gives a candidate part of the sessions, that is what is taken back, and the alias stays where it is
unless --to names another version.

Sessions that are open: with drain they go on, with stop_new_turns they end the turn that they are in and take no
more messages, and with interrupt the turn is interrupted as well.

Example:
  $ pawl rollback triage --reason 'Invoices go to the wrong team'

It ends with 1 when the server refuses: there is nothing to go back to, or the alias has moved meanwhile.`;
