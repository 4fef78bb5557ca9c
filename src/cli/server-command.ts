import { type Command, Option } from 'commander';
import { defaultServerUrl } from './api-client.ts';
import { serverOption } from './eval/options.ts';
import { outputOption } from './output.ts';

/** What the help of a command shows at its end: a line to type, and a sentence on what it takes. */
type Example = { readonly line: string; readonly note: string };

/** The end of the help of commands that ask a running server, with any key that may do so. */
export const anyKey = 'The key comes from PAWL_KEY, or else PAWL_API_KEY, or else ANTHROPIC_API_KEY.';

/** Gives a command what all have that ask a running server and nothing else. */
export function asksServer(command: Command, example: Example): Command {
  const server = `the server (default: PAWL_URL, ANTHROPIC_BASE_URL, or ${defaultServerUrl})`;
  return command
    .addOption(new Option('--url <url>', server))
    .addOption(outputOption())
    .addHelpText('after', exampleText(example));
}

/** Gives a command what all have that show something, and work without a server as well. */
export function asksAnywhere(command: Command, line: string): Command {
  return command.addOption(serverOption()).addOption(outputOption()).addHelpText('after', anywhereText(line));
}

/** What the help of a command that works without a server as well shows at its end, with a line to type. */
export function anywhereText(line: string): string {
  const note = 'Without a server, the command works with the data that are configured in the current folder.';
  return exampleText({ line, note });
}

/** What the help of a command shows at its end. */
export function exampleText({ line, note }: Example): string {
  return `\nExample:\n  $ ${line}\n\n${note}`;
}
