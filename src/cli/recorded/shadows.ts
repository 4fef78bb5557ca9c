import type { ShadowListed, ShadowResponse } from '../../api/shadows.ts';
import type { ShadowStatus } from '../../core/evaluation.ts';
import { counted, percent } from '../../core/quantities.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import type { ReportOptions } from '../eval/follow.ts';
import { note } from '../eval/note.ts';
import { withServer } from '../open-server.ts';
import { columns, print, printJson } from '../output.ts';
import { typed } from '../typed.ts';
import { followRecorded } from './follow-recorded.ts';

export type StartShadowOptions = ReleaseOptions & {
  readonly candidate: number;
  readonly alias: string;
  readonly sample: number;
  readonly maxSessions: number;
  readonly eval?: string;
};

export type CompareShadowOptions = {
  readonly url?: string;
  readonly eval?: string;
  readonly expectedFrom?: 'recorded';
};

/** How many are shown, the newest first. */
const most = 100;

/** Begins a shadow. @throws CommandError, ConfigError */
export async function startShadow(agent: string, options: StartShadowOptions): Promise<void> {
  const { candidate, alias, sample, maxSessions, url, output } = options;
  await withReleases(options, async (server) => {
    if (server.embedded) {
      throw new CommandError('A shadow needs a server that users talk to; start one with `pawl serve`');
    }
    const body = {
      ...{ agent_id: await agentIdOf(server, agent), alias, candidate_version: candidate },
      ...{ sample, max_sessions: maxSessions, eval: options.eval },
    };
    const path = '/pawl/v1/shadows';
    const shadow = await callServer<ShadowResponse>(server, { method: 'POST', path, body });
    if (output === 'json') return printJson(shadow);
    print(standing(shadow));
    note(`${typed(['shadow', 'show', shadow.id], url)} shows how far it is.`);
  });
}

/** Lists shadows, or those of one agent. @throws CommandError, ConfigError */
export async function listShadows(
  agent: string | undefined,
  options: ReleaseOptions & { readonly status?: ShadowStatus },
): Promise<void> {
  await withReleases(options, async (server) => {
    const query = new URLSearchParams({ limit: String(most) });
    if (agent !== undefined) query.set('agent_id', await agentIdOf(server, agent));
    if (options.status !== undefined) query.set('status', options.status);
    type Page = { readonly data: readonly ShadowListed[]; readonly next_page: string | null };
    const path = `/pawl/v1/shadows?${query}`;
    const { data, next_page } = await callServer<Page>(server, { method: 'GET', path });
    if (options.output === 'json') return printJson(data);
    if (data.length === 0) return print('There are no such shadows; `pawl shadow start` begins one.');
    printTable(
      ['SHADOW', 'AGENT', 'ALIAS', 'VERSION', 'CANDIDATE', 'STATUS', 'BY', 'AT'],
      data.map((one) => ({ cells: cellsOf(one) })),
    );
    if (next_page !== null) note(`These are the newest ${most}; name an agent or a --status to see others.`);
  });
}

/** Shows a shadow. @throws CommandError, ConfigError */
export async function showShadow(id: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const path = `/pawl/v1/shadows/${encodeURIComponent(id)}`;
    show(await callServer<ShadowResponse>(server, { method: 'GET', path }), options);
  });
}

/** Stops a shadow. @throws CommandError, ConfigError */
export async function stopShadow(id: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const path = `/pawl/v1/shadows/${encodeURIComponent(id)}/stop`;
    show(await callServer<ShadowResponse>(server, { method: 'POST', path, body: {} }), options);
  });
}

/**
 * Compares both sides of a shadow and follows that to its report; the exit code is the verdict.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function compareShadow(
  id: string,
  options: ReportOptions & CompareShadowOptions,
): Promise<void> {
  await withServer(options, async (server) => {
    const body = { eval: options.eval, expected_from: options.expectedFrom };
    const path = `/pawl/v1/shadows/${encodeURIComponent(id)}/comparison`;
    await followRecorded(server, { path, body }, options);
  });
}

function show(shadow: ShadowResponse, { output }: ReleaseOptions): void {
  if (output === 'json') printJson(shadow);
  else print(standing(shadow));
}

/** A shadow for people. */
export function standing(shadow: ShadowResponse): string {
  const { id, alias, baseline_version, candidate_version, sample, max_sessions, status } = shadow;
  const { sessions, production, candidate, ended_reason } = shadow;
  const reasons = Object.entries(sessions.reasons).map(([reason, count]) => `${count} × ${reason}`);
  return [
    `${id} is ${status}${ended_reason === null ? '' : `: ${ended_reason}`}.`,
    `Version ${candidate_version} answers copies of ${percent(sample)} of the sessions of ${alias}, which stands for version ${baseline_version}.`,
    `${counted(sessions.copied, 'session')} copied of at most ${max_sessions}; ${sessions.waiting} waiting, ${sessions.skipped} skipped, ${sessions.failed} failed.`,
    ...reasons,
    '',
    ...columns([
      ['SIDE', 'TURNS', 'FAILED', 'REFUSED', 'LATENCY', 'TOKENS IN', 'TOKENS OUT'],
      sideCells('users', production),
      sideCells('candidate', candidate),
    ]),
  ].join('\n');
}

function sideCells(name: string, side: ShadowResponse['production']): string[] {
  const { turns, failed_turns, refused_turns, mean_latency_ms } = side;
  const seconds = mean_latency_ms === null ? '-' : `${(mean_latency_ms / 1000).toFixed(2)} s`;
  const tokens = [side.mean_input_tokens, side.mean_output_tokens].map((mean) =>
    mean === null ? '-' : mean.toFixed(0),
  );
  return [name, String(turns), String(failed_turns), String(refused_turns), seconds, ...tokens];
}

function cellsOf(one: ShadowListed): string[] {
  const { id, agent_id, alias, baseline_version, candidate_version, status, started_by, created_at } = one;
  const versions = [String(baseline_version), String(candidate_version)];
  return [id, agent_id, alias, ...versions, status, started_by.name, created_at];
}
