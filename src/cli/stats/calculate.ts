import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Calculation } from '../../stats/calculation.ts';
import { catalog } from '../../stats/catalog.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { withManners } from '../manners.ts';
import { columns, type Format, outputOption, paintFor, print, printJson } from '../output.ts';
import { readColumns } from './column-file.ts';
import { fieldFlags, fieldsOf } from './field-flags.ts';
import { describeResult } from './result-text.ts';

/** Lists every calculation with what it is for. */
export function listCalculations(): void {
  const rows = catalog.map(({ name, title }) => [name, title]);
  print([...columns(rows), '', '`pawl stats NAME --help` tells what a calculation takes.'].join('\n'));
}

/**
 * Carries out a calculation with the words that follow its name.
 * @throws CommandError, CommanderError, PawlError `invalid_request`
 */
export async function calculate(name: string, words: readonly string[]): Promise<void> {
  const calculation = catalog.find((one) => one.name === name);
  if (calculation === undefined) {
    const names = catalog.map((one) => one.name).join(', ');
    throw new CommandError(`There is no calculation ${name}; there are ${names}`);
  }
  await commandFor(calculation).parseAsync(words, { from: 'user' });
}

type Options = { readonly json?: string; readonly file?: string; readonly output: Format };

function commandFor(calculation: Calculation): Command {
  const { name, title, source, example } = calculation;
  const fields = fieldsOf(calculation.input);
  const given: Record<string, unknown> = {};
  const command = new Command(`pawl stats ${name}`).description(`${title}\n\nSource: ${source}`);
  for (const { flags, description, path, read } of fieldFlags(fields)) {
    command.addOption(
      new Option(flags, description).argParser((text) => put(given, { path, value: read(text) })),
    );
  }
  if (Object.values(fields).some(({ type }) => type === 'array')) {
    command.option('--file <file>', 'a CSV file whose columns are the lists of the input');
  }
  return withManners(
    command
      .option('--json <input>', 'the input as JSON, or - for standard input; other flags come on top')
      .addOption(outputOption())
      .addHelpText('after', `\nExample:\n  $ pawl stats ${name} ${exampleWords(example)}`)
      .action(({ json, file, output }: Options) => {
        const fromFile = file === undefined ? {} : readColumns(file, fields);
        const result = calculation.compute({
          ...(json === undefined ? {} : readJson(json)),
          ...fromFile,
          ...given,
        });
        if (output === 'json') return printJson(result);
        print([paintFor(process.stdout).bold(title), '', ...describeResult(result)].join('\n'));
      }),
  );
}

/** An input as flags where it is made of numbers alone, and as JSON where it is not. */
function exampleWords(input: Calculation['example']): string {
  const fields = Object.entries(input);
  if (fields.some(([, value]) => typeof value !== 'number')) return `--json '${JSON.stringify(input)}'`;
  return fields.map(([name, value]) => `--${name.replaceAll('_', '-')} ${value}`).join(' ');
}

/** Puts a value into an input, and gives the value. */
function put(
  input: Record<string, unknown>,
  { path, value }: { readonly path: readonly string[]; readonly value: unknown },
): unknown {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    input[name] = value;
    return value;
  }
  const part = (input[name] ?? {}) as Record<string, unknown>;
  input[name] = part;
  return put(part, { path: rest, value });
}

function readJson(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text === '-' ? readFileSync(process.stdin.fd, 'utf8') : text);
  } catch (error) {
    throw new CommandError(`--json: must be JSON: ${sentenceOf(error)}`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new CommandError('--json: must be an object with the fields of the input');
}
