import type { RollbackResponse } from '../../api/aliases.ts';
import { plain } from '../../core/plain-text.ts';
import { counted } from '../../core/quantities.ts';
import type { RunningMode } from '../../core/release.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { columns, print, printJson } from '../output.ts';
import { newestRollouts } from '../rollout/rollout-calls.ts';
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
    const { from_version, to_version } = rollback;
    const rollout = await rolloutEndedBy(server, rollback);
    print(
      plain(
        rollout === null
          ? `${name} of ${agent_id}: version ${from_version} → ${to_version}, at once for the next session.`
          : `${name} of ${agent_id} stays at version ${to_version}, which the next session of everybody gets at once: rollout ${rollout}, which gave some of them version ${from_version}, is rolled back, and its promotion with it.`,
      ),
    );
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

/**
 * The id of the rollout that a rollback has ended; null when it has moved the alias, or when nobody can be asked any
 * more. What is held from a moment on, and had a rollout that ended later, was not moved but stayed.
 */
async function rolloutEndedBy(
  server: ServerAccess,
  { alias, from_version }: RollbackResponse,
): Promise<string | null> {
  const { agent_id, name, hold } = alias;
  try {
    const [last] = (await newestRollouts(server, { agent_id, alias: name, most: 1 })).data;
    if (last?.ended_at == null || hold === null || last.ended_at < hold.since) return null;
    return last.candidate_version === from_version ? last.id : null;
  } catch {
    // The rollback is done, and has to be told whatever else fails.
    return null;
  }
}

function sessionLines({ sessions, from_version, running }: RollbackResponse): string[] {
  const { data, has_more } = sessions;
  if (data.length === 0) return [`No open session has version ${from_version} from it.`];
  const number = `${has_more ? 'More than ' : ''}${counted(data.length, 'open session')}`;
  const rest = data.length - mostLines;
  const more = rest <= 0 ? [] : [`  and ${has_more ? 'more than ' : ''}${rest} more`];
  return [
    `${number} ${data.length === 1 && !has_more ? 'has' : 'have'} version ${from_version}. ${fates[running]}`,
    ...columns(data.slice(0, mostLines).map(({ id, status }) => [id, status])).map((line) => `  ${line}`),
    ...more,
  ];
}
