import { Command } from 'commander';
import { outputOption } from './output.ts';
import { exampleText } from './server-command.ts';
import type { RestoreOptions } from './transfer/restore.ts';

/** `pawl restore`: what a backup holds, in an empty database. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('fill an empty database with a backup')
    .argument('<file>', 'the file, as `pawl backup` wrote it')
    .option('--data-dir <folder>', 'folder of the data (default: the one that is configured here)')
    .addOption(outputOption())
    .addHelpText('after', exampleText({ line: 'pawl restore monday.pawl --data-dir .pawl', note }))
    .action(async (file: string, options: RestoreOptions) => {
      const { restore } = await import('./transfer/restore.ts');
      await restore(file, options);
    });
}

const note = 'The database is the one that `pawl serve` would use here: PostgreSQL when DATABASE_URL is set.';
