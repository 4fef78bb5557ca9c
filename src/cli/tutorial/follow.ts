import type { ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { failureOf } from '../eval/ending.ts';
import { watchOnScreen } from '../eval/follow.ts';
import type { Subject } from '../eval/subject.ts';

type Options = {
  readonly signal: AbortSignal;
  /** Where to show how far it has come; null shows it nowhere. */
  readonly screen: NodeJS.WriteStream | null;
};

/**
 * Follows a run or a comparison to its end and gives its last state.
 * @throws CommandError when it fails; rejects with the signal's reason as well.
 */
export async function follow<T extends Subject>(
  access: ServerAccess,
  subject: T,
  { signal, screen }: Options,
): Promise<T> {
  const last = await watchOnScreen({ ...access, signal }, subject, { screen, onStop: () => {} });
  const failure = failureOf(last);
  if (failure !== null) throw new CommandError(failure);
  return last as T;
}
