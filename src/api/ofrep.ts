import { hash } from 'node:crypto';
import type { Agents } from '../agent/agents.ts';
import { allFlags, type Flag } from '../agent/flags.ts';
import { PawlError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../store/dialect.ts';
import { logFlag } from './flag-event.ts';
import type { App } from './http.ts';
import { requireAgentReference } from './route.ts';
import {
  type FlagFailure,
  type FlagResponse,
  flagListRequest,
  flagParams,
  flagRequest,
  flagResponse,
  flagsPath,
} from './wire/ofrep.ts';

type Deps = { readonly agents: Agents; readonly store: Store; readonly log: Log };

/**
 * The OpenFeature Remote Evaluation Protocol: an alias as a flag, whose value is the version that a session would get.
 * Asking changes nothing and counts for nothing.
 */
export function ofrepRoutes(app: App, { agents, store, log }: Deps): void {
  const manners = { config: { role: 'viewer' } } as const;

  app.post(
    `${flagsPath}/:key`,
    { schema: { params: flagParams, body: flagRequest }, ...manners },
    async ({ params: { key }, body }): Promise<FlagResponse> => {
      const targetingKey = body.context?.targetingKey ?? '';
      const { agent, alias, rollout } = await agents.resolve(
        requireAgentReference(key),
        undefined,
        targetingKey,
      );
      const { id, archived_at } = agent.row;
      if (archived_at !== null) {
        throw new PawlError('agent_archived', `agent ${id} is archived and starts no sessions`);
      }
      const { version, effective_hash: config_hash } = agent.version;
      const flag = { agent_id: id, alias, version, config_hash, rollout };
      const missing = whatIsMissing(flag, targetingKey);
      if (missing !== null) throw new PawlError('targeting_key_missing', missing);
      logFlag(log.info, { key, flag });
      return flagResponse(key, flag);
    },
  );

  app.post(flagsPath, { schema: { body: flagListRequest }, ...manners }, async (request, reply) => {
    const { body, headers, id: request_id } = request;
    const targetingKey = body.context?.targetingKey ?? '';
    const agent_id = body.context?.agent_id ?? undefined;
    const flags = await allFlags(store, { agent_id, key: targetingKey });
    const told = flags.map((flag) => ({ key: `${flag.agent_id}@${flag.alias}`, flag }));
    const answers = told.map(({ key, flag }): FlagResponse | FlagFailure => {
      const missing = whatIsMissing(flag, targetingKey);
      if (missing === null) return flagResponse(key, flag);
      return { key, errorCode: 'TARGETING_KEY_MISSING', errorDetails: missing };
    });
    const text = JSON.stringify({ flags: answers });
    const etag = `"${hash('sha256', text, 'base64url')}"`;
    reply.header('etag', etag);
    if (isKnown(etag, headers['if-none-match'])) return reply.status(304).send();
    const given = told.filter(({ flag }) => whatIsMissing(flag, targetingKey) === null);
    for (const one of given) logFlag(log.debug, one);
    const missing = told.length - given.length;
    log.info({ request_id, flags: given.length, missing }, 'Flags were evaluated');
    return reply.type('application/json; charset=utf-8').send(text);
  });
}

/** Why a flag cannot be told without knowing for whom; null when it can be. An empty key is none, as on sessions. */
function whatIsMissing({ alias, rollout }: Flag, targetingKey: string): string | null {
  if (rollout === null || targetingKey !== '') return null;
  return `context.targetingKey: alias ${alias} has a rollout, so it must say who is served`;
}

/** Whether a client has this answer already, by what it says in `if-none-match`. */
function isKnown(etag: string, named: string | undefined): boolean {
  const tags = (named ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
