import type { z } from 'zod';
import type { OverrideInput } from '../agent/merge.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Router } from '../model/router.ts';
import type { Session, SessionCreation } from '../session/opening.ts';
import type { Sessions } from '../session/sessions.ts';
import { logFlag } from './flag-event.ts';
import type { App } from './http.ts';
import { lists, pageRequest, timeBounds } from './query.ts';
import { requireAgentReference, requireId } from './route.ts';
import { idParams, noBody } from './wire/params.ts';
import {
  rolloutPlace,
  type SessionResponse,
  sessionCreate,
  sessionListQuery,
  sessionResponse,
  sessionUpdate,
} from './wire/sessions.ts';

type Deps = {
  readonly sessions: Sessions;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
};

export function sessionRoutes(app: App, { sessions, router, clock, log }: Deps): void {
  const answer = (session: Session): SessionResponse =>
    sessionResponse(session, { now: clock.now(), served_by: router.route(session.config.model.id) });

  app.post(
    '/v1/sessions',
    { schema: { body: sessionCreate } },
    async ({ body }): Promise<SessionResponse> => {
      const session = await sessions.create(creationOf(body));
      logAssignment(log, session);
      return answer(session);
    },
  );

  app.get('/v1/sessions', { schema: { querystring: sessionListQuery } }, async ({ query }) => {
    const request = pageRequest(query, lists.sessions);
    // No session here belongs to a deployment or has a memory store, so these filters match nothing.
    if (query.deployment_id !== undefined || query.memory_store_id !== undefined) {
      return { data: [], next_page: null, prev_page: null };
    }
    const filter = {
      include_archived: query.include_archived,
      created_at: timeBounds(query),
      agent_id: query.agent_id,
      agent_version: query.agent_version,
      statuses: query.statuses,
    };
    const page = await sessions.list(filter, request);
    return { ...page, data: page.data.map(answer) };
  });

  app.get(
    '/v1/sessions/:id',
    { schema: { params: idParams } },
    async ({ params }): Promise<SessionResponse> => {
      return answer(await sessions.retrieve(requireId('session', params.id)));
    },
  );

  app.post(
    '/v1/sessions/:id',
    { schema: { params: idParams, body: sessionUpdate } },
    async ({ params, body }): Promise<SessionResponse> => {
      const { title, metadata, agent, budget } = body;
      const changes = { title, metadata, agent, budget };
      return answer(await sessions.update(requireId('session', params.id), changes));
    },
  );

  app.post(
    '/v1/sessions/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params }): Promise<SessionResponse> => {
      return answer(await sessions.archive(requireId('session', params.id)));
    },
  );

  app.delete('/v1/sessions/:id', { schema: { params: idParams } }, async ({ params }) => {
    await sessions.remove(requireId('session', params.id));
    return { id: params.id, type: 'session_deleted' as const };
  });
}

/** A new session as the request has it. */
function creationOf(body: z.output<typeof sessionCreate>): SessionCreation {
  const { agent } = body;
  const version = 'version' in agent ? agent.version : undefined;
  return {
    agent: { ...requireAgentReference(agent.id), version },
    overrides: agent.type === 'agent_with_overrides' ? overridesOf(agent) : null,
    environment_id: requireId('environment', body.environment_id),
    title: body.title ?? null,
    metadata: body.metadata ?? {},
    vault_ids: body.vault_ids ?? [],
    budget: body.budget ?? null,
    initial_events: body.initial_events ?? [],
  };
}

/** A session that a rollout decided on is one evaluation of the alias as a flag. */
function logAssignment(log: Log, { row }: Session): void {
  const rollout = rolloutPlace(row);
  if (rollout === null) return;
  const { id, agent_id, resolution_alias: alias, agent_version: version } = row;
  const flag = { agent_id, alias, version, rollout };
  logFlag(log.info, { key: `${agent_id}@${alias}`, flag, session_id: id });
}

/** The schema lets only an empty list of skills and null through, which mean the same here. */
function overridesOf(agent: Omit<OverrideInput, 'skills'> & { readonly skills?: unknown }): OverrideInput {
  const { model, system, tools, mcp_servers } = agent;
  return { model, system, tools, mcp_servers, ...(agent.skills === undefined ? {} : { skills: [] }) };
}
