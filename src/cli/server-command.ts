import { type Command, Option } from 'commander';
import { defaultServerUrl } from './api-client.ts';
import { outputOption } from './output.ts';

/** What the help of a command shows at its end: a line to type, and a sentence on the key that it takes. */
export type Example = { readonly line: string; readonly key: string };

/** Gives a command what all have that ask a running server and nothing else. */
export function asksServer(command: Command, example: Example): Command {
  const server = `the server (default: PAWL_URL, ANTHROPIC_BASE_URL, or ${defaultServerUrl})`;
  return command
    .addOption(new Option('--url <url>', server))
    .addOption(outputOption())
    .addHelpText('after', exampleText(example));
}

export function exampleText({ line, key }: Example): string {
  return `\nExample:\n  $ ${line}\n\n${key}`;
}
