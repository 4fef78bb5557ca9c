import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatOfFile, reportOption } from './report.ts';

/** The `--url` of commands that work without a server as well. */
export function serverOption(): Option {
  return new Option(
    '--url <url>',
    'the server (default: PAWL_URL or ANTHROPIC_BASE_URL; without them, the data configured in this folder)',
  );
}

/** The options with which runs depart from what their eval says. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--agent <id>', 'another agent than the eval names')
    .option('--dataset-revision <hash>', 'a revision of the dataset instead of its newest or its file')
    .option('--epochs <number>', 'how often each case runs', wholeNumber)
    .option('--fresh', 'run everything again, and reuse no result')
    .addOption(endpointOption());
}

/** The `--endpoint` of commands that run something. */
export function endpointOption(): Option {
  return new Option(
    '--endpoint <url>',
    'run against this Managed Agents endpoint, with the key in PAWL_ENDPOINT_KEY; only without a server',
  );
}

/** The options of commands that end with a report and a verdict. */
export function addReportOptions(command: Command): Command {
  return command
    .addOption(reportOption())
    .option(
      '--output-file <file>',
      'write the report into a file as well, by its ending: .txt, .json, .md, .xml (JUnit) or .html; may be repeated',
      (file: string, before: readonly string[] | undefined) => [...(before ?? []), checkedFile(file)],
    )
    .addOption(
      new Option('--inconclusive-as <verdict>', 'what the exit code says of an inconclusive verdict').choices(
        ['pass', 'fail'],
      ),
    );
}

/** Reads a number from 1. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= 1) return value;
  throw new InvalidArgumentError('It has to be a whole number from 1.');
}

/** Reads a version, or that there is none. */
export function versionOrNone(text: string): number | 'none' {
  return text === 'none' ? text : wholeNumber(text);
}

function checkedFile(file: string): string {
  formatOfFile(file);
  return file;
}
