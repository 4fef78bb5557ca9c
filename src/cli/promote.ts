import { Command } from 'commander';
import { agentHelp, aliasOption, reasonOption } from './alias/release-options.ts';
import { serverOption, wholeNumber } from './eval/options.ts';
import { outputOption } from './output.ts';
import type { PromoteOptions } from './promotion/promote.ts';

/** `pawl promote`: the way forward, on evidence and with the consent of others. */
export function promoteCommand(): Command {
  return new Command('promote')
    .description(
      'ask that an alias be moved to a version, and measure that version against what it stands for',
    )
    .argument('<agent>', agentHelp)
    .argument('<version>', 'the candidate', wholeNumber)
    .addOption(aliasOption())
    .option(
      '--eval <name>',
      'the eval that has to pass (default: the one that the policy of the alias names)',
    )
    .option(
      '--comparison <id>',
      'a comparison that is to be the evidence (default: one that fits, or a new one)',
    )
    .addOption(reasonOption())
    .option('--no-wait', 'ask for it, and end')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', help)
    .action(async (agent: string, version: number, options: PromoteOptions) => {
      const { promote } = await import('./promotion/promote.ts');
      await promote(agent, version, options);
    });
}

const help = `
Example:
  $ pawl promote triage 3 --eval triage --reason 'Invoices go to billing again'

It ends with 0 when the gate passes, 1 when it fails, and 2 when the results cannot tell.`;
