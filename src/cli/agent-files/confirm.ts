import { createInterface } from 'node:readline/promises';
import { CommandError } from '../command-error.ts';

/** Where a question is asked and answered: a process, or what stands for one. */
export type Screen = {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
};

/**
 * Asks a question that wants yes; everything else is no.
 * @throws CommandError where nobody can answer; the signal's reason.
 */
export async function confirm(
  question: string,
  { screen: { stdin, stderr }, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<boolean> {
  if (stdin.isTTY !== true) {
    throw new CommandError(
      'Nobody can be asked here, because this is no terminal; --yes says yes to the plan',
    );
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  // In raw mode, Ctrl-C comes here and not as a signal.
  terminal.on('SIGINT', () => process.emit('SIGINT'));
  // Ctrl-D ends the input without an answer.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
