import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { PromotionResponse } from '../../api/promotions.ts';
import type { AgentResponse } from '../../api/wire/agents.ts';
import { counted } from '../../core/quantities.ts';
import { agentFields } from '../agent-files/agent-fields.ts';
import { fieldsDiff, paintedLine, type Side } from '../agent-files/fields-diff.ts';
import { retrieveAgent } from '../alias/alias-calls.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { fetchReport } from '../eval/report.ts';
import type { OpenServer } from '../open-server.ts';
import { columns, hasColours, paintFor, print, printJson } from '../output.ts';
import { shortBasis } from './basis.ts';
import { verdictText } from './list.ts';
import { retrievePromotion } from './promotion-calls.ts';
import { inWords, standing } from './standing.ts';

/** Shows all that a reviewer has to know about a promotion. @throws CommandError, ConfigError */
export async function showPromotion(id: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const promotion = await retrievePromotion(server, id);
    const { agent_id, basis, candidate_version } = promotion;
    const [before, candidate] = await Promise.all([
      retrieveAgent(server, agent_id, basis.baseline_version),
      retrieveAgent(server, agent_id, candidate_version),
    ]);
    const diff = fieldsDiff(sideOf(before), sideOf(candidate));
    if (options.output === 'json') {
      return printJson({ promotion, diff: diff.join('\n'), report: await reportOf(server, promotion) });
    }
    const paint = paintFor(process.stdout);
    const said = promotion.reviews.map((review) => reviewCells(review, promotion));
    const { url } = options;
    const sections = [
      columns(factsOf(promotion, candidate)),
      diff.length === 0 ? ['Both versions say the same.'] : diff.map((line) => paintedLine(line, paint)),
      await reportLines(server, promotion),
      said.length === 0 ? [] : columns([['WHEN', 'WHO', 'ROLE', 'SAID', 'COMMENT'], ...said]),
      [standing(promotion, { url, version_author: candidate.pawl.author })],
    ];
    const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
    print(shown.join('\n\n'));
  });
}

function sideOf(agent: AgentResponse): Side {
  return { label: `version ${agent.version}`, fields: agentFields(agent) };
}

function factsOf(promotion: PromotionResponse, { version, pawl }: AgentResponse): string[][] {
  const { id, status, agent_id, alias, author, created_at, reason, basis, override, approvals } = promotion;
  const { rollout_id } = promotion;
  const { eval_name, eval_revision, epochs, dataset_revision_id, baseline_version } = basis;
  const why = (text: string | null): string => (text === null ? '' : `: ${text}`);
  const given = approvals.given_by.length === 0 ? '' : ` (${approvals.given_by.join(', ')})`;
  return [
    ['Promotion', `${id}, ${inWords(status)}`],
    ['Moves', `${alias} of ${agent_id} from version ${baseline_version} to version ${version}`],
    ['Asked for', `by ${author.name} at ${created_at}${why(reason)}`],
    [
      'Candidate',
      `version ${version}${pawl.author === null ? '' : ` by ${pawl.author}`}${why(pawl.message)}`,
    ],
    [
      'Measured by',
      `eval ${eval_name}, revision ${eval_revision}, on dataset revision ${dataset_revision_id}`,
    ],
    [
      'Evidence',
      `${promotion.evidence?.comparison_id ?? ''} ${verdictText(promotion)}, at least ${counted(epochs, 'epoch')}`,
    ],
    ...(override === null
      ? []
      : [['Overridden', `by ${override.by.name} at ${override.at}: ${override.reason}`]]),
    ...(rollout_id === null ? [] : [['Rollout', rollout_id]]),
    ['Approvals', `${approvals.given_by.length} of ${approvals.needed}${given}`],
    ['Basis', shortBasis(promotion)],
  ];
}

function reviewCells(
  review: PromotionResponse['reviews'][number],
  { basis_hash }: PromotionResponse,
): string[] {
  const { actor, decision, comment, created_at } = review;
  const said = review.basis_hash === basis_hash ? decision : `${decision} (on an earlier basis)`;
  return [created_at, actor.name, actor.role, said, comment ?? ''];
}

/** The gate's report for people; nothing until there is one. */
async function reportLines(server: OpenServer, { evidence }: PromotionResponse): Promise<string[]> {
  if (evidence?.verdict == null) return [];
  const colours = hasColours(process.stdout);
  const named = { type: 'comparison', id: evidence.comparison_id } as const;
  return [(await fetchReport(server, named, { format: 'table', colours })).trimEnd()];
}

async function reportOf(
  server: ServerAccess,
  { evidence }: PromotionResponse,
): Promise<ComparisonResponse['report']> {
  if (evidence?.verdict == null) return null;
  const path = `/pawl/v1/comparisons/${encodeURIComponent(evidence.comparison_id)}`;
  return (await callServer<ComparisonResponse>(server, { method: 'GET', path })).report;
}
