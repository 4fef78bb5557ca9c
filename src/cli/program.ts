import { Command } from 'commander';
import { packageVersion } from '../version.ts';
import { datasetCommand } from './dataset.ts';
import { doctorCommand } from './doctor.ts';
import { evalCommand } from './eval.ts';
import { exitMeanings } from './exit-codes.ts';
import { gateCommand } from './gate.ts';
import { keysCommand } from './keys.ts';
import { withManners } from './manners.ts';
import { serveCommand } from './serve.ts';
import { statsCommand } from './stats.ts';
import { tutorialCommand } from './tutorial/tutorial.ts';

/** The command line. Each command loads what it needs when it runs, so that help is quick. */
export function createProgram(): Command {
  const program = new Command('pawl')
    .description('Agents whose prompts are versioned on the server, measured, and rolled back by a number.')
    .version(packageVersion(), '-V, --version', 'print the version')
    // So that commands may have a --version of their own.
    .enablePositionalOptions()
    .addCommand(serveCommand()) //    run the server
    .addCommand(tutorialCommand()) // see a prompt get worse and go back, in a minute and without a key
    .addCommand(datasetCommand()) //  the cases that evals run on
    .addCommand(evalCommand()) //     run evals and compare versions
    .addCommand(gateCommand()) //     ask a gate for its verdict
    .addCommand(statsCommand()) //    calculate what gates calculate
    .addCommand(keysCommand()) //     make, list and revoke API keys
    .addCommand(doctorCommand()) //   check the configuration, the database and the model providers
    .addHelpText('after', `\nExample:\n  $ pawl tutorial\n\n${exitCodeHelp()}`);
  return withManners(program);
}

function exitCodeHelp(): string {
  const lines = Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
