import { withReleases } from '../alias/release-server.ts';
import { type FollowOptions, followRollout, refuseNobody } from './follow-rollout.ts';
import { retrieveRollout } from './rollout-calls.ts';
import { rolloutIdOf } from './rollout-id.ts';

/** Follows a rollout on a server to its end. @throws CommandError, ConfigError, InterruptedError */
export async function watchRollout(named: string, options: FollowOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const id = await rolloutIdOf(server, named);
    const { ended_at } = await retrieveRollout(server, id);
    if (ended_at === null) refuseNobody(server, id);
    await followRollout(server, id, options);
  });
}
