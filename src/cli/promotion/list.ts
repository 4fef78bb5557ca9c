import type { PromotionListed } from '../../api/promotions.ts';
import type { PromotionStatus } from '../../core/release.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer } from '../api-client.ts';
import { note } from '../eval/note.ts';
import { print, printJson } from '../output.ts';
import { inWords } from './standing.ts';

type ListOptions = ReleaseOptions & { readonly status?: PromotionStatus };

/** How many are shown, the newest first. */
const most = 100;

/** Lists promotions, or those of one agent. @throws CommandError, ConfigError */
export async function listPromotions(agent: string | undefined, options: ListOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const query = new URLSearchParams({ limit: String(most) });
    if (agent !== undefined) query.set('agent_id', await agentIdOf(server, agent));
    if (options.status !== undefined) query.set('status', options.status);
    const path = `/pawl/v1/promotions?${query}`;
    type Page = { readonly data: readonly PromotionListed[]; readonly next_page: string | null };
    const { data, next_page } = await callServer<Page>(server, { method: 'GET', path });
    if (options.output === 'json') printJson(data);
    else if (data.length === 0) print('There are no such promotions; `pawl promote` asks for one.');
    else
      printTable(
        ['PROMOTION', 'AGENT', 'ALIAS', 'FROM', 'TO', 'STATUS', 'VERDICT', 'BY', 'AT'],
        data.map(rowOf),
      );
    if (next_page !== null) note(`These are the newest ${most}; name an agent or a --status to see others.`);
  });
}

function rowOf(promotion: PromotionListed) {
  const { id, agent_id, alias, basis, candidate_version, status, author, created_at, override } = promotion;
  const versions = [String(basis.baseline_version), String(candidate_version)];
  const cells = [
    id,
    agent_id,
    alias,
    ...versions,
    inWords(status),
    verdictText(promotion),
    author.name,
    created_at,
  ];
  return { cells, marked: override !== null };
}

/** What the gate says, as far as it is known. */
export function verdictText({ evidence, override }: PromotionListed): string {
  const found = evidence === null ? 'none' : (evidence.verdict ?? evidence.status);
  return override === null ? found : `${found}, OVERRIDDEN`;
}
