import type { SessionScoreResponse } from '../../api/scores.ts';
import { plain } from '../../core/plain-text.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer } from '../api-client.ts';
import { print, printJson } from '../output.ts';
import { scoresPath } from './scores-path.ts';

export type AddOptions = ReleaseOptions & { readonly comment?: string };

/** Says what a session was worth. @throws CommandError, ConfigError */
export async function addScore(
  session: string,
  { name, value }: { readonly name: string; readonly value: number },
  { comment, ...options }: AddOptions,
): Promise<void> {
  await withReleases(options, async (server) => {
    const request = { path: scoresPath(session), body: { name, value, comment } };
    const score = await callServer<SessionScoreResponse>(server, { method: 'POST', ...request });
    if (options.output === 'json') return printJson(score);
    print(plain(`${score.session_id} has the score ${score.name} = ${score.value}.`));
  });
}
