import type { SessionScoreResponse } from '../../api/scores.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { listItems } from '../list-items.ts';
import { printJson } from '../output.ts';
import { scoresPath } from './scores-path.ts';

/** Lists the scores of a session, the newest first. @throws CommandError, ConfigError */
export async function listScores(session: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const scores: SessionScoreResponse[] = [];
    for await (const score of listItems<SessionScoreResponse>(server, scoresPath(session)))
      scores.push(score);
    if (options.output === 'json') return printJson(scores);
    printTable(
      ['NAME', 'VALUE', 'WHO', 'WHEN', 'WHY'],
      scores.map(({ name, value, actor, created_at, comment }) => ({
        cells: [name, String(value), actor.name, created_at, comment ?? ''],
      })),
    );
  });
}
