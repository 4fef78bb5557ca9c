import type { RollbackResponse } from '../../api/aliases.ts';
import { plain } from '../../core/plain-text.ts';
import { counted } from '../../core/quantities.ts';
import type { RunningMode } from '../../core/release.ts';
import { callServer } from '../api-client.ts';
import { columns, print, printJson } from '../output.ts';
import { typed } from '../typed.ts';
import { agentIdOf } from './agent-id.ts';
import { aliasPath } from './alias-calls.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';

export type RollbackOptions = ReleaseOptions & {
  readonly to?: number;
  readonly from?: number;
  readonly alias: string;
  readonly running: RunningMode;
  readonly force?: true;
  readonly reason?: string;
};

/** A server that is in trouble may take its time. */
const timeoutMs = 30_000;

/**
 * Takes an alias back to a version that was good, and says what still runs on the one taken away. With the id of the
 * agent, it is one request. Ends with 1 when the server refuses.
 * @throws CommandError, ConfigError
 */
export async function rollBack(agent: string, options: RollbackOptions): Promise<void> {
  const { to, from, alias: name, running, force, reason, url } = options;
  await withReleases(options, async (server) => {
    const agent_id = await agentIdOf(server, agent);
    const rollback = await callServer<RollbackResponse>(server, {
      method: 'POST',
      path: `${aliasPath({ agent_id, name })}/rollback`,
      body: { to, from, running, force, reason },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (options.output === 'json') return printJson(rollback);
    const { from_version, to_version, move, rollout_id } = rollback;
    const ended = `rollout ${rollout_id} is rolled back, and its promotion with it`;
    const moved = `${name} of ${agent_id}: version ${from_version} → ${to_version}, at once for the next session`;
    const stays = `${name} of ${agent_id} stays at version ${to_version}, which the next session of everybody gets at once: version ${from_version} is taken back`;
    const what = move === null ? stays : moved;
    print(plain(rollout_id === null ? `${what}.` : `${what}; ${ended}.`));
    const release = typed(['alias', 'release', agent_id, name], url);
    print(plain(`It is held there, and no promotion moves it, until somebody releases it: ${release}`));
    print(sessionLines(rollback).join('\n'));
  });
}

/** So many sessions fit on a screen; the rest is counted. */
const mostLines = 20;

/** What becomes of open sessions on a version that is taken away, in a sentence. */
export const fates: { readonly [M in RunningMode]: string } = {
  drain: 'They go on with it to their end.',
  stop_new_turns: 'They end the turn that they are in, and take no more messages.',
  interrupt: 'Their turns are interrupted, and they take no more messages.',
};

function sessionLines({ sessions, from_version, running, move, rollout_id }: RollbackResponse): string[] {
  const { data, has_more } = sessions;
  if (data.length === 0) return [`No open session has version ${from_version} from it.`];
  const number = `${has_more ? 'More than ' : ''}${counted(data.length, 'open session')}`;
  const rest = data.length - mostLines;
  const more = rest <= 0 ? [] : [`  and ${has_more ? 'more than ' : ''}${rest} more`];
  // Where a version and a candidate were taken back at once, the sessions are of both.
  const what = rollout_id !== null && move !== null ? 'what was taken back' : `version ${from_version}`;
  return [
    `${number} ${data.length === 1 && !has_more ? 'has' : 'have'} ${what}. ${fates[running]}`,
    ...columns(data.slice(0, mostLines).map(({ id, status }) => [id, status])).map((line) => `  ${line}`),
    ...more,
  ];
}
