import { Command, Option } from 'commander';
import { type CheckOptions, checkFormats } from './check/options.ts';
import { endpointOption, serverOption } from './eval/options.ts';
import { baseFileOption, pinsFileOption } from './pin/base-pins.ts';

/** `pawl check`: whether a branch may change the pins that it changes. */
export function checkCommand(): Command {
  return new Command('check')
    .description('demand evidence for every pin that a branch changes, as CI needs it')
    .option(
      '--base <ref>',
      'a git ref: pins are compared with the commit where HEAD left it (default: origin/HEAD, origin/main or main)',
    )
    .addOption(baseFileOption())
    .addOption(pinsFileOption())
    .option('--eval <eval>', 'a YAML file or the name of an eval, instead of what each pin names')
    .option('--no-run', 'run nothing; only look for evidence that is there')
    .addOption(serverOption())
    .addOption(endpointOption())
    .addOption(
      new Option('-o, --output <format>', 'how to print the result').choices(checkFormats).default('table'),
    )
    .option('--markdown <file>', 'write the result into a file as Markdown as well, for a comment')
    .option('--junit <file>', 'write the result into a file as JUnit XML as well')
    .addOption(
      new Option('--inconclusive-as <verdict>', 'what the exit code says of an inconclusive pin').choices([
        'pass',
        'fail',
      ]),
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ pawl check --base origin/main --markdown check.md\n\nIt ends with the worst of all pins: 3 for what could not be checked, 1 for a fail, 2 where the results cannot tell, and 0.',
    )
    .action(async (options: CheckOptions) => {
      const { checkPins } = await import('./check/run.ts');
      await checkPins(options);
    });
}
