import { setTimeout as wait } from 'node:timers/promises';
import type { ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { failureOf } from '../eval/ending.ts';
import { createLiveDisplay } from '../eval/live-display.ts';
import { runsOf, type Subject } from '../eval/subject.ts';
import { watchUntilOver } from '../eval/watch.ts';

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
  const display =
    screen === null ? null : createLiveDisplay({ screen, now: (): number => performance.now() });
  try {
    const last = await watchUntilOver({ ...access, signal }, subject, {
      onState: (state) => display?.show(runsOf(state)),
      pause: async (ms) => wait(ms, undefined, { signal }),
    });
    const failure = failureOf(last);
    if (failure !== null) throw new CommandError(failure);
    return last as T;
  } finally {
    display?.finish();
  }
}
