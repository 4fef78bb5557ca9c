import type { RolloutResponse } from '../../api/rollouts.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import type { ServerAccess } from '../api-client.ts';
import { print, printJson } from '../output.ts';
import { endingOf, retrieveRollout } from './rollout-calls.ts';
import { rolloutIdOf } from './rollout-id.ts';
import { rolloutStanding } from './rollout-standing.ts';

/** Says how a rollout stands, to somebody who has to decide on it. @throws CommandError, ConfigError */
export async function showStatus(named: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const id = await rolloutIdOf(server, named);
    await printStanding(server, await retrieveRollout(server, id), options);
  });
}

/** Prints how a rollout stands; for programs, all of it. @throws CommandError */
export async function printStanding(
  server: ServerAccess,
  rollout: RolloutResponse,
  { output, url }: ReleaseOptions,
): Promise<void> {
  if (output === 'json') return printJson(rollout);
  const { head, checks, next } = rolloutStanding(rollout, { url, ending: await endingOf(server, rollout) });
  print([head, checks, next].map((lines) => lines.join('\n')).join('\n\n'));
}
