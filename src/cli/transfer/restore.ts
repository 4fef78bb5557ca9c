import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { loadConfig, processEnvironment } from '../../config.ts';
import { CommandError } from '../command-error.ts';
import { databasePlace } from '../database-place.ts';
import { type Format, print, printJson } from '../output.ts';
import { interruptible } from './interruptible.ts';
import { showBytes } from './show-amount.ts';
import { describeTotals, remarks } from './totals.ts';

/** The options of `pawl restore`. */
export type RestoreOptions = { readonly dataDir?: string; readonly output: Format };

/**
 * Fills the empty database that is configured here.
 * @throws CommandError, ConfigError, BackupError, DatabaseInUseError, DatabaseError, InterruptedError
 */
export async function restore(file: string, { dataDir, output }: RestoreOptions): Promise<void> {
  const env = processEnvironment();
  const { config } = loadConfig({ flags: { data_dir: dataDir }, env, folder: process.cwd() });
  const size = await sizeOf(file);
  const { restoreData } = await import('../../transfer.ts');
  const totals = await interruptible(async (signal) => {
    const restoring = showBytes('Restoring', size);
    const found = await restoreData(config, restoring.counting(createReadStream(file, { signal })));
    restoring.finish();
    return found;
  });
  if (output === 'json') return printJson(totals);
  const { kind, place } = databasePlace(config);
  const restored = `${kind}, ${place} has ${describeTotals(totals)} now. Each table was read back and is as in the backup.`;
  print([restored, ...remarks(totals)].join('\n'));
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new CommandError(`${file} cannot be read`, { cause: error });
  }
}
