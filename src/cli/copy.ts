import { Command } from 'commander';
import { outputOption } from './output.ts';
import { exampleText } from './server-command.ts';
import type { CopyOptions } from './transfer/copy.ts';

/** `pawl copy`: from one database to another, as when one process is to become many. */
export function copyCommand(): Command {
  return new Command('copy')
    .description('copy everything from one database into another, empty one')
    .requiredOption('--from <place>', 'where it is: a folder of data, or env:NAME')
    .requiredOption('--to <place>', 'where it is to be: a folder of data, or env:NAME')
    .addOption(outputOption())
    .addHelpText('after', exampleText({ line: 'pawl copy --from .pawl --to env:DATABASE_URL', note }))
    .action(async (options: CopyOptions) => {
      const { copy } = await import('./transfer/copy.ts');
      await copy(options);
    });
}

const note =
  'env:NAME is the PostgreSQL database whose URL is in that variable: on a command line others could read its password.';
