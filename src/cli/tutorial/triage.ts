import { setTimeout as wait } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { shortened } from '../output.ts';
import { runTurn } from './session-run.ts';
import type { Ticket } from './tickets.ts';

/** Where a ticket was sent, or why that cannot be said. */
export type Answer =
  | { readonly kind: 'routed'; readonly team: string; readonly priority: string | null }
  | { readonly kind: 'error'; readonly why: string };

/** What all sessions of one story have in common. */
export type Bench = {
  readonly client: Anthropic;
  readonly agent_id: string;
  readonly environment_id: string;
  readonly signal: AbortSignal;
  /** Sessions that are not archived yet; kept up to date, so that an interrupted story can put things in order. */
  readonly open_sessions: Set<string>;
};

const turnTimeoutMs = 120_000;

/** Opens a session at exactly this version of the agent. */
export async function openSession(
  bench: Bench,
  version: number,
): Promise<Anthropic.Beta.BetaManagedAgentsSession> {
  const session = await bench.client.beta.sessions.create(
    { agent: { type: 'agent', id: bench.agent_id, version }, environment_id: bench.environment_id },
    { signal: bench.signal },
  );
  bench.open_sessions.add(session.id);
  return session;
}

/** Runs one ticket through one version, in a session of its own. */
export async function triage(bench: Bench, version: number, ticket: Ticket): Promise<Answer> {
  const session = await openSession(bench, version);
  try {
    const result = await runTurn({
      client: bench.client,
      session_id: session.id,
      text: `Subject: ${ticket.subject}\n\n${ticket.body}`,
      timeout_ms: turnTimeoutMs,
      signal: bench.signal,
    });
    return result.kind === 'failed' ? { kind: 'error', why: result.why } : parseAnswer(result.text);
  } finally {
    if (!bench.signal.aborted) await retire(bench.client, session.id, bench.open_sessions);
  }
}

/** Reads a reply as the prompt asks for it: one line of JSON, and nothing else. */
export function parseAnswer(reply: string): Answer {
  const unreadable = (what: string): Answer => ({
    kind: 'error',
    why: `${what}: ${JSON.stringify(shortened(reply, 80))}`,
  });
  let value: unknown;
  try {
    value = JSON.parse(reply);
  } catch {
    return unreadable('the reply is not JSON');
  }
  if (typeof value !== 'object' || value === null || !('team' in value) || typeof value.team !== 'string') {
    return unreadable('the reply names no team');
  }
  const priority = 'priority' in value && typeof value.priority === 'string' ? value.priority : null;
  return { kind: 'routed', team: value.team, priority };
}

const retireTries = 5;
const retireEveryMs = 200;

/**
 * Archives a session, which has to be idle for that; one that still runs is interrupted first. A session that
 * cannot be archived is no reason to stop: it stays among the `open` ones.
 */
export async function retire(client: Anthropic, sessionId: string, open: Set<string>): Promise<void> {
  for (let tries = 1; tries <= retireTries; tries++) {
    try {
      await client.beta.sessions.archive(sessionId);
      open.delete(sessionId);
      return;
    } catch {
      if (tries === 1) {
        await client.beta.sessions.events
          .send(sessionId, { events: [{ type: 'user.interrupt' }] })
          .catch(() => {});
      }
      await wait(retireEveryMs);
    }
  }
}
