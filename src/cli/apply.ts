import { Command, InvalidArgumentError } from 'commander';
import { lockOption, pathsHelp } from './agent-files/options.ts';
import type { ApplyOptions } from './agent-files/run-apply.ts';
import { serverOption } from './eval/options.ts';
import { outputOption } from './output.ts';

/** `pawl apply`: from agent files onto the server. */
export function applyCommand(): Command {
  return new Command('apply')
    .description('make the agents and versions that are kept as files')
    .argument('[paths...]', pathsHelp)
    .option('-m, --message <text>', 'why, kept with each version that is made', readMessage)
    .option('--yes', 'apply the plan without asking')
    .option('--force', 'let the files win over what others have changed on the server')
    .addOption(lockOption())
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', "\nExample:\n  $ pawl apply -m 'Refunds go to billing'")
    .action(async (paths: string[], options: ApplyOptions) => {
      const { runApply } = await import('./agent-files/run-apply.ts');
      await runApply(paths, options);
    });
}

const longestMessage = 1000;

function readMessage(text: string): string {
  if (text !== '' && text.length <= longestMessage) return text;
  throw new InvalidArgumentError(`It has to have from 1 to ${longestMessage} characters.`);
}
