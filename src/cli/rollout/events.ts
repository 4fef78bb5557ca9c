import type { RolloutEventResponse } from '../../api/rollouts.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { listItems } from '../list-items.ts';
import { printJson } from '../output.ts';
import { rolloutPath } from './rollout-calls.ts';
import { rolloutIdOf } from './rollout-id.ts';

/** Lists what happened to a rollout, the newest first. @throws CommandError, ConfigError */
export async function listEvents(named: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const path = `${rolloutPath(await rolloutIdOf(server, named))}/events`;
    const events: RolloutEventResponse[] = [];
    for await (const event of listItems<RolloutEventResponse>(server, path)) events.push(event);
    if (options.output === 'json') return printJson(events);
    printTable(['EVENT', 'WHEN', 'WHO', 'WHAT', 'CANARY', 'CONTROL', 'WHY'], events.map(rowOf));
  });
}

function rowOf({ seq, at, actor, event, reason, data }: RolloutEventResponse) {
  const { units } = (data ?? {}) as {
    readonly units?: { readonly canary: number; readonly control: number };
  };
  const counts = units === undefined ? ['', ''] : [String(units.canary), String(units.control)];
  return {
    cells: [String(seq), at, actor.name, event.replace('_', ' '), ...counts, reason ?? ''],
    marked: event === 'paused' || event === 'rolled_back',
  };
}
