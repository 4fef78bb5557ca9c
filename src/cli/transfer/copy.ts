import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadConfig, processEnvironment } from '../../config.ts';
import { CommandError } from '../command-error.ts';
import { variableHere } from '../environment.ts';
import { type Format, print, printJson } from '../output.ts';
import { interruptible } from './interruptible.ts';
import { showRows } from './show-amount.ts';
import { describeTotals, remarks } from './totals.ts';

/** The options of `pawl copy`. */
export type CopyOptions = { readonly from: string; readonly to: string; readonly output: Format };

type Place =
  | { readonly kind: 'sqlite'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** Copies one database into another. @throws CommandError, ConfigError, DatabaseInUseError, DatabaseError, InterruptedError */
export async function copy(options: CopyOptions): Promise<void> {
  const [from, to] = [placeOf('--from', options.from), placeOf('--to', options.to)];
  if (isDeepStrictEqual(from, to)) throw new CommandError('--from and --to are the same place');
  const { config } = loadConfig({ flags: {}, env: processEnvironment(), folder: process.cwd() });
  const { copyData } = await import('../../transfer.ts');
  const totals = await interruptible(async (signal) => {
    const copying = showRows('Copying');
    const onRows = (count: number): void => {
      signal.throwIfAborted();
      copying.add(count);
    };
    const found = await copyData(config, { from, to, onRows });
    copying.finish();
    return found;
  });
  if (options.output === 'json') return printJson(totals);
  const copied = `${options.to} has ${describeTotals(totals)} now. Each table was read on both sides and is the same.`;
  print([copied, ...remarks(totals)].join('\n'));
}

/** @throws CommandError, which does not repeat what may have a password in it. */
function placeOf(flag: string, text: string): Place {
  if (/^\w+:\/\//.test(text)) {
    throw new CommandError(
      `${flag}: put the URL into a variable and name that, as in env:DATABASE_URL; on a command line others can read it`,
    );
  }
  if (!text.startsWith('env:')) return { kind: 'sqlite', folder: resolve(text) };
  const name = text.slice('env:'.length);
  const url = variableHere(name);
  if (url === undefined || url === '') throw new CommandError(`${flag}: the variable ${name} is not set`);
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new CommandError(
      `${flag}: ${name} has to hold a URL that starts with postgres:// or postgresql://`,
    );
  }
  return { kind: 'postgres', url };
}
