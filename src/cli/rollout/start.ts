import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { RefusedError } from '../api-client.ts';
import { note } from '../eval/note.ts';
import { followRollout, refuseNobody } from './follow-rollout.ts';
import { newRollout, type RolloutPlan } from './new-rollout.ts';
import { createRollout } from './rollout-calls.ts';
import { printStanding } from './status.ts';

export type StartOptions = ReleaseOptions & RolloutPlan & { readonly watch?: true };

/**
 * Begins to carry out a promotion in steps; with `watch`, follows the rollout to its end. Ends with 1 when the promotion
 * lacks something.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function startRollout(promotion: string, options: StartOptions): Promise<void> {
  const body = newRollout(promotion, options);
  await withReleases(options, async (server) => {
    if (options.watch === true) refuseNobody(server, promotion);
    const rollout = await createRollout(server, body).catch((error: unknown) => {
      if (!(error instanceof RefusedError)) {
        note('Whether the rollout has begun is not known; `pawl rollout list` shows it if it has.');
      }
      throw error;
    });
    if (options.watch === true) return followRollout(server, rollout.id, options);
    await printStanding(server, rollout, options);
    if (server.embedded)
      note(`Nobody looks at ${rollout.id} and takes it on until \`pawl serve\` runs here.`);
  });
}
