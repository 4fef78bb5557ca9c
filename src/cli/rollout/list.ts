import type { RolloutListed } from '../../api/rollouts.ts';
import type { RolloutStatus } from '../../core/rollout.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { note } from '../eval/note.ts';
import { print, printJson } from '../output.ts';
import { newestRollouts } from './rollout-calls.ts';
import { aliasNamed } from './rollout-id.ts';
import { inWords } from './rollout-standing.ts';

export type ListOptions = ReleaseOptions & { readonly status?: RolloutStatus };

/** How many are shown, the newest first. */
const most = 100;

const heads = ['ROLLOUT', 'AGENT', 'ALIAS', 'FROM', 'TO', 'STATUS', 'STEP', 'WEIGHT', 'BY', 'AT'];

/** Lists rollouts, or those of one agent or alias. @throws CommandError, ConfigError */
export async function listRollouts(agent: string | undefined, options: ListOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const { alias, ...of } = agent === undefined ? {} : await aliasNamed(server, agent);
    const { status } = options;
    const only = { ...(alias === undefined ? {} : { alias }), ...(status === undefined ? {} : { status }) };
    const { data, has_more } = await newestRollouts(server, { ...of, ...only, most });
    if (options.output === 'json') printJson(data);
    else if (data.length === 0) print('There are no such rollouts; `pawl rollout start` begins one.');
    else printTable(heads, data.map(rowOf));
    if (has_more) note(`These are the newest ${most}; name an agent or a --status to see others.`);
  });
}

function rowOf(rollout: RolloutListed) {
  const { id, agent_id, alias, baseline_version, candidate_version, status, pause, step, settings } = rollout;
  const { weight, started_by, created_at } = rollout;
  const stands = pause === null ? inWords(status) : `${inWords(status)} (${pause.cause})`;
  const cells = [
    ...[id, agent_id, alias, String(baseline_version), String(candidate_version), stands],
    ...[`${step} of ${settings.steps.length}`, `${weight} %`, started_by.name, created_at],
  ];
  return { cells, marked: pause !== null };
}
