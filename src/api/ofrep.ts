import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Agents } from '../agent/agents.ts';
import { allFlags, type Flag } from '../agent/flags.ts';
import { PawlError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../store/dialect.ts';
import type { ErrorResponse } from './errors.ts';
import { logFlag } from './flag-event.ts';
import type { App } from './http.ts';
import { requireAgentReference } from './route.ts';
import {
  type FlagErrorCode,
  type FlagFailure,
  type FlagResponse,
  flagListRequest,
  flagParams,
  flagRequest,
  flagResponse,
} from './wire/ofrep.ts';

type Deps = { readonly agents: Agents; readonly store: Store; readonly log: Log };

const path = '/ofrep/v1/evaluate/flags';

/**
 * The OpenFeature Remote Evaluation Protocol: an alias as a flag, whose value is the version that a session would get.
 * Asking changes nothing and counts for nothing.
 */
export function ofrepRoutes(app: App, { agents, store, log }: Deps): void {
  const manners = { config: { role: 'viewer' }, preSerialization: withOfrepError } as const;

  app.post(
    `${path}/:key`,
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
      logFlag(log, { key, flag });
      return flagResponse(key, flag);
    },
  );

  app.post(path, { schema: { body: flagListRequest }, ...manners }, async ({ body, headers }, reply) => {
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
    for (const { key, flag } of told) {
      if (whatIsMissing(flag, targetingKey) === null) logFlag(log, { key, flag });
    }
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

/** Says an error in the words of the protocol as well, beside those of every other route. */
async function withOfrepError(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (reply.statusCode < 400) return payload;
  const { error, ...rest } = payload as ErrorResponse;
  const { key } = request.params as { readonly key?: string };
  const failure: FlagFailure = {
    ...(key === undefined ? {} : { key }),
    errorCode: errorCodeFor(reply.statusCode, error.details.error_code, request.body),
    errorDetails: error.message,
  };
  return { ...failure, ...rest, error };
}

function errorCodeFor(status: number, code: string, body: unknown): FlagErrorCode {
  if (status === 404) return 'FLAG_NOT_FOUND';
  if (code === 'targeting_key_missing') return 'TARGETING_KEY_MISSING';
  if (code !== 'invalid_request') return 'GENERAL';
  // A body that could not be read never became one.
  return body === undefined || body === null ? 'PARSE_ERROR' : 'INVALID_CONTEXT';
}
