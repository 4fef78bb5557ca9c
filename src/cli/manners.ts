import type { Command } from 'commander';

/** Lets a command and all below it explain themselves and complain as all of ours do. */
export function withManners(command: Command): Command {
  for (const one of withSubcommands(command)) {
    one
      .exitOverride()
      .helpOption('-h, --help', 'print this help')
      .showHelpAfterError(`\`${pathOf(one)} --help\` shows what there is.`)
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'pawl: ')) });
  }
  return command;
}

/** A command and all that are below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** How a command is called: its own name after those of the commands that it belongs to. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
