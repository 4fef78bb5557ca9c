import { Command } from 'commander';
import { doctorCommand } from './doctor.ts';
import { evalCommand } from './eval.ts';
import { exitMeanings } from './exit-codes.ts';
import { gateCommand } from './gate.ts';
import { keysCommand } from './keys.ts';
import { serveCommand } from './serve.ts';
import { tutorialCommand } from './tutorial/tutorial.ts';
import { packageVersion } from '../version.ts';

/** The command line. Each command loads what it needs when it runs, so that help is quick. */
export function createProgram(): Command {
  const program = new Command('pawl')
    .description('Agents whose prompts are versioned on the server, measured, and rolled back by a number.')
    .version(packageVersion(), '-V, --version', 'print the version')
    // So that commands may have a --version of their own.
    .enablePositionalOptions()
    .addCommand(serveCommand()) //    run the server
    .addCommand(tutorialCommand()) // see a prompt get worse and go back, in a minute and without a key
    .addCommand(evalCommand()) //     run evals and compare versions
    .addCommand(gateCommand()) //     ask a gate for its verdict
    .addCommand(keysCommand()) //     make, list and revoke API keys
    .addCommand(doctorCommand()) //   check the configuration, the database and the model providers
    .addHelpText('after', `\nExample:\n  $ pawl tutorial\n\n${exitCodeHelp()}`);
  for (const command of withSubcommands(program)) {
    const help = `${pathOf(command)} --help`;
    command
      .exitOverride()
      .helpOption('-h, --help', 'print this help')
      .showHelpAfterError(`\`${help}\` shows what there is.`)
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'pawl: ')) });
  }
  return program;
}

/** A command and all that are below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** How a command is called: its own name after those of the commands that it belongs to. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function exitCodeHelp(): string {
  const lines = Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
