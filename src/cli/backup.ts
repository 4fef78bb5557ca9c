import { Command } from 'commander';
import { serverOption } from './eval/options.ts';
import { outputOption } from './output.ts';
import { exampleText } from './server-command.ts';
import type { BackupOptions } from './transfer/back-up.ts';

/** `pawl backup`: everything in one file. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('write everything that is kept into one file, also while a server is running')
    .argument('<file>', 'the file; one that is there is replaced once the new one is whole')
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', exampleText({ line: 'pawl backup monday.pawl', note }))
    .action(async (file: string, options: BackupOptions) => {
      const { backUp } = await import('./transfer/back-up.ts');
      await backUp(file, options);
    });
}

const note =
  'Without a server, it reads the data that `pawl serve` would use here, and leaves one that uses them alone.';
