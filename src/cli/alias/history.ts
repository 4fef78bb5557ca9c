import type { AliasMoveResponse } from '../../api/aliases.ts';
import { listItems } from '../list-items.ts';
import { printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { aliasPath } from './alias-calls.ts';
import { printTable, versionText } from './print-table.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';

/** Lists every move of an alias, the newest first, with what it stood on. @throws CommandError, ConfigError */
export async function showHistory(agent: string, name: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const agent_id = await agentIdOf(server, agent);
    const moves: AliasMoveResponse[] = [];
    const path = `${aliasPath({ agent_id, name })}/moves`;
    for await (const move of listItems<AliasMoveResponse>(server, path)) moves.push(move);
    if (options.output === 'json') return printJson(moves);
    const heads = ['MOVE', 'WHEN', 'WHO', 'KIND', 'FROM', 'TO', 'EVIDENCE', 'WHY'];
    printTable(heads, moves.map(rowOf));
  });
}

function rowOf(move: AliasMoveResponse) {
  const { from_version, to_version, kind, actor, evidence, reason, created_at } = move;
  const versions = [versionText(from_version), versionText(to_version)];
  const cells = [String(move.move), created_at, actor.name, kind, ...versions, evidenceText(evidence)];
  return { cells: [...cells, reason ?? ''], marked: evidence?.overridden === true };
}

function evidenceText(evidence: AliasMoveResponse['evidence']): string {
  if (evidence === null) return '';
  const { promotion_id, verdict, overridden, approved_by } = evidence;
  return [
    `${promotion_id}: ${verdict ?? 'no verdict'}`,
    ...(overridden ? ['OVERRIDDEN'] : []),
    ...(approved_by.length > 0 ? [`approved by ${approved_by.join(', ')}`] : []),
  ].join(', ');
}
