import { text } from 'node:stream/consumers';
import { CommandError } from '../command-error.ts';
import { variableHere } from '../environment.ts';

/** Where a secret can come from. Never from an argument: other users of the machine see those. */
export type SecretSource = {
  /** The name of a variable; absent reads standard input. */
  readonly fromEnv?: string | undefined;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
};

/** Reads a secret, without the white space around it. @throws CommandError */
export async function readSecret({ fromEnv, stdin }: SecretSource): Promise<string> {
  if (fromEnv !== undefined) {
    const secret = variableHere(fromEnv)?.trim() ?? '';
    if (secret !== '') return secret;
    throw new CommandError(`${fromEnv} is not set, and was to hold the secret`);
  }
  // A terminal would show what is typed.
  if (stdin.isTTY === true) {
    throw new CommandError(
      'The secret is read from standard input: pipe it in, as in `pass show linear | pawl vault credential add …`, or name a variable with --from-env',
    );
  }
  const secret = (await text(stdin)).trim();
  if (secret === '') throw new CommandError('Nothing came on standard input, where the secret was to be');
  return secret;
}
