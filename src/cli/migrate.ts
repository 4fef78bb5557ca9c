import { Command, InvalidArgumentError } from 'commander';
import { loadConfig, processEnvironment } from '../config.ts';
import { databasePlace } from './database-place.ts';
import { exitCodes } from './exit-codes.ts';
import { type Format, outputOption, print, printJson } from './output.ts';

type Options = { readonly check?: true; readonly wait: number; readonly output: Format };

const usualWaitS = 60;
const longestWaitS = 86_400;

/** `pawl migrate`: the schema of the database, before servers of a new release start. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the schema of the database up to date')
    .option('--check', 'change nothing, and end with 1 when there is something to do')
    .option('--wait <seconds>', 'how long another process may keep the database', readSeconds, usualWaitS)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ pawl migrate --check\n\nIt reads what `pawl serve` would read here: the environment, .env and pawl.yaml.',
    )
    .action(async ({ check, wait, output }: Options) => {
      const { config } = loadConfig({ flags: {}, env: processEnvironment(), folder: process.cwd() });
      const { migrateDatabase } = await import('../server.ts');
      const { kind, place } = databasePlace(config);
      const onWait = (): void => {
        process.stderr.write(`Another process has the database; waiting up to ${wait} s for it.\n`);
      };
      const looking = check === true;
      const { from, steps } = await migrateDatabase(
        config,
        looking ? null : { patience_ms: wait * 1000, onWait },
      );
      if (output === 'json') printJson({ kind, place, from, to: steps.at(-1) ?? from, steps });
      else print([`${kind}, ${place}`, ...describe({ from, steps, looking })].join('\n'));
      if (looking && steps.length > 0) process.exitCode = exitCodes.no;
    });
}

function readSeconds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= longestWaitS) return Number(text);
  throw new InvalidArgumentError(`It has to be a whole number of seconds from 0 to ${longestWaitS}.`);
}

type Change = { readonly from: string | null; readonly steps: readonly string[]; readonly looking: boolean };

function describe({ from, steps, looking }: Change): string[] {
  const before = from === null ? 'empty' : `at ${from}`;
  if (steps.length === 0) return [`The schema is ${before}: up to date.`];
  const head = looking
    ? `The schema is ${before}; ${steps.at(-1)} is needed. Missing:`
    : `The schema was ${before}, and is at ${steps.at(-1)} now. Done:`;
  return [head, ...steps.map((step) => `  ${step}`)];
}
