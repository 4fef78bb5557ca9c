import { setTimeout as wait } from 'node:timers/promises';
import type { RolloutResponse } from '../../api/rollouts.ts';
import type { RolloutStatus } from '../../core/rollout.ts';
import type { ReleaseOptions } from '../alias/release-server.ts';
import { CommandError } from '../command-error.ts';
import { note } from '../eval/note.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { OpenServer } from '../open-server.ts';
import { typed } from '../typed.ts';
import { watchStream } from '../watch-stream.ts';
import { rolloutPath } from './rollout-calls.ts';
import { createRolloutDisplay } from './rollout-display.ts';
import { printStanding } from './status.ts';

export type FollowOptions = ReleaseOptions & {
  /** Whether to end as well as soon as a person has to decide. */
  readonly untilPaused?: true;
};

/** How a command ends that has followed a rollout until it stands so. */
const codes: { readonly [S in Exclude<RolloutStatus, 'running'>]: ExitCode } = {
  completed: exitCodes.ok,
  rolled_back: exitCodes.no,
  paused: exitCodes.inconclusive,
  aborted: exitCodes.inconclusive,
};

/** @throws CommandError when nobody takes rollouts on, so that there would be nothing to see. */
export function refuseNobody({ embedded }: OpenServer, what: string): void {
  if (!embedded) return;
  throw new CommandError(`No server runs that would take ${what} on; start one with \`pawl serve\``);
}

/**
 * Follows a rollout to its end, says how it stands then, and sets the exit code by it. Stopping the command leaves the
 * rollout as it is.
 * @throws CommandError, InterruptedError
 */
export async function followRollout(server: OpenServer, id: string, options: FollowOptions): Promise<void> {
  const rollout = await watchLive(server, id, options);
  await printStanding(server, rollout, options);
  const { status } = rollout;
  if (status !== 'running' && status !== 'completed') process.exitCode = codes[status];
}

async function watchLive(
  server: OpenServer,
  id: string,
  { output, url, untilPaused }: FollowOptions,
): Promise<RolloutResponse> {
  const { signal } = server;
  const again = typed(['rollout', 'watch', id], url);
  // For programs, standard output is for the result alone.
  const display = createRolloutDisplay(output === 'json' ? process.stderr : process.stdout, { url });
  const leave = (): void => {
    display.finish();
    note(
      `${id} goes on at ${server.url}: ${again} follows it again, ${typed(['rollout', 'pause', id], url)} holds it.`,
    );
  };
  signal.addEventListener('abort', leave, { once: true });
  const watched = {
    ...{
      path: `${rolloutPath(id)}/stream`,
      event: 'rollout',
      left: `${id} is left as it is; ${again} follows it again`,
    },
    isOver: ({ status }: RolloutResponse): boolean =>
      status !== 'running' && (status !== 'paused' || untilPaused === true),
  };
  try {
    return await watchStream<RolloutResponse>(server, watched, {
      onState(rollout) {
        if (!signal.aborted) display.show(rollout);
      },
      pause: async (ms) => wait(ms, undefined, { signal }),
    });
  } finally {
    signal.removeEventListener('abort', leave);
    if (!signal.aborted) display.finish();
  }
}
