import type { RunningMode } from '../../core/release.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { fates } from '../alias/roll-back.ts';
import { print } from '../output.ts';
import { changeRollout, type RolloutVerb, retrieveRollout } from './rollout-calls.ts';
import { rolloutIdOf } from './rollout-id.ts';
import { printStanding } from './status.ts';

export type ChangeOptions = ReleaseOptions & {
  readonly reason?: string;
  /** Only of what takes a candidate back. */
  readonly running?: RunningMode;
};

/**
 * Does something to a rollout, and says how it stands then. Ends with 1 when the server refuses.
 * @throws CommandError, ConfigError
 */
export async function changeAndShow(verb: RolloutVerb, named: string, options: ChangeOptions): Promise<void> {
  const { reason, running, output } = options;
  await withReleases(options, async (server) => {
    const id = await rolloutIdOf(server, named);
    // Two who press at once, or one whose answer was lost, are to go on by one step.
    const step = verb === 'advance' ? (await retrieveRollout(server, id)).step : undefined;
    const rollout = await changeRollout(server, id, { verb, body: { reason, running, step } });
    await printStanding(server, rollout, options);
    if (running === undefined || output === 'json') return;
    print(`\nOpen sessions that got version ${rollout.candidate_version} from it: ${fates[running]}`);
  });
}
