import { Command } from 'commander';
import { addReportOptions, addRunOptions, serverOption, wholeNumber } from './eval/options.ts';
import type { CalibrateOptions } from './gate/calibrate.ts';
import type { GateCheckOptions } from './gate/check.ts';
import { outputOption } from './output.ts';

/** `pawl gate`: whether a version may take the place of another. */
export function gateCommand(): Command {
  return new Command('gate')
    .description('ask the gate of an eval for its verdict, and find out how far to trust it')
    .addCommand(checkCommand())
    .addCommand(calibrateCommand())
    .addHelpText('after', example('pawl gate check evals/triage.yaml --candidate 2'));
}

function checkCommand(): Command {
  const command = new Command('check')
    .description('compare two versions and end with the verdict, as CI needs it')
    .argument('<eval>', 'a YAML file, or the name of an eval that is known already')
    .requiredOption('--candidate <version>', 'the version that is proposed', wholeNumber)
    .option(
      '--baseline <version>',
      'the version to compare with (default: what production stands for, else the one before the candidate)',
      wholeNumber,
    );
  return addReportOptions(addRunOptions(command))
    .addOption(serverOption())
    .addHelpText('after', example('pawl gate check evals/triage.yaml --candidate 2 --output-file junit.xml'))
    .action(async (name: string, options: GateCheckOptions) => {
      const { checkGate } = await import('./gate/check.ts');
      await checkGate(name, options);
    });
}

function calibrateCommand(): Command {
  const command = new Command('calibrate')
    .description('run one version and see how the gate decides when nothing has changed')
    .argument('<eval>', 'a YAML file, or the name of an eval that is known already')
    .requiredOption('--version <version>', 'the version to run', wholeNumber)
    .option('--splits <number>', 'how often its epochs are split in two', wholeNumber, 200);
  return addRunOptions(command)
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl gate calibrate evals/triage.yaml --version 1'))
    .action(async (name: string, options: CalibrateOptions) => {
      const { calibrateGate } = await import('./gate/calibrate.ts');
      await calibrateGate(name, options);
    });
}

function example(command: string): string {
  return `\nExample:\n  $ ${command}\n\nIt ends with 0 when the gate passes, 1 when it fails, and 2 when the results cannot tell.`;
}
