import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../access/audit.ts';
import { type Actor, isMadeHere, type Keys, type KnownKey, localActor } from '../access/keys.ts';
import type { Clock } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { mayActAs, type Role } from '../core/roles.ts';
import { createFailedKeys, type FailedKeys } from './failed-keys.ts';
import { createRateLimit } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; set before any handler runs. */
    actor: Actor;
  }
  interface FastifyContextConfig {
    /** Who may call a route; without it, viewers may GET and editors may do the rest. */
    readonly role?: Role;
    /** Whether a route asks for no key, so that nobody is its actor. */
    readonly open?: true;
  }
}

/** Whether a key is asked for. `none` is for a loopback address only, and says so. */
export type KeyPolicy = 'required' | 'none';

const loopbackHosts = ['127.0.0.1', 'localhost', '[::1]'];

type Deps = KeyLimits & {
  readonly keys: Keys;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly policy: KeyPolicy;
};

/** How often a key, and an address without a valid one, may ask for something. */
export type KeyLimits = {
  /** The requests a minute of a key that has no limit of its own; 0 for as many as it likes. */
  readonly rate_limit_per_minute: number;
  /** The requests a minute without a valid key that one address may make. */
  readonly max_failed_keys: number;
  /** Milliseconds by a clock that is never set back. */
  readonly elapsed: () => number;
};

/** Lets nobody in without a key, whichever header it comes in, and nobody beyond what the key is for. */
export function authenticate(app: FastifyInstance, deps: Deps): void {
  const { keys, audit, policy } = deps;
  const limitRate = createRateLimit(deps);
  const failedKeys = createFailedKeys(deps);

  async function withKey(request: FastifyRequest, reply: FastifyReply): Promise<Actor> {
    const known = await identify(request, { keys, failedKeys });
    if (request.routeOptions.config.unlimited !== true) limitRate(known, reply);
    return known.actor;
  }

  app.decorateRequest('actor', null as unknown as Actor);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open === true) return;
    request.actor = policy === 'none' ? withoutKey(request) : await withKey(request, reply);
    await requireRole(request, audit);
  });
}

/** @throws PawlError `authentication`, or `rate_limited` where that came too often from the same address */
async function identify(
  request: FastifyRequest,
  { keys, failedKeys }: { readonly keys: Keys; readonly failedKeys: FailedKeys },
): Promise<KnownKey> {
  let ended = '';
  for (const secret of secretsOf(request)) {
    const identity = await keys.identify(secret);
    if (identity.kind === 'known') {
      const { key_id } = identity.actor;
      if (key_id !== null && !isMadeHere(secret)) failedKeys.requireFamiliar(request.ip, key_id);
      return identity;
    }
    if (identity.kind !== 'unknown') ended = ` This one was ${endings[identity.kind]} ${identity.at}.`;
  }
  failedKeys.count(request.ip);
  throw new PawlError('authentication', `Send a valid API key as x-api-key, or as a bearer token.${ended}`);
}

const endings = { revoked: 'revoked at', expired: 'good until' } as const;

/**
 * @throws PawlError `permission` when the route asks for a higher role. Who reaches for what only reviewers and those
 *   above them may do is written down.
 */
async function requireRole(request: FastifyRequest, audit: Audit): Promise<void> {
  const { url, config } = request.routeOptions;
  // No route: whoever comes is told that there is none.
  if (url === undefined) return;
  const needed = config.role ?? (request.method === 'GET' ? 'viewer' : 'editor');
  const { actor } = request;
  if (mayActAs(actor.role, needed)) return;
  const reason = `This needs an API key with the role ${needed}; this one has the role ${actor.role}`;
  if (mayActAs(needed, 'reviewer')) {
    const path = request.url.split('?')[0]?.slice(0, 200);
    const subject = { type: 'route', id: `${request.method} ${path}` };
    await audit.refuse({ action: 'request.made', actor, subject, reason });
  }
  throw new PawlError('permission', reason);
}

function secretsOf({ headers }: FastifyRequest): string[] {
  const key = headers['x-api-key'];
  const bearer = /^bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  return [key, bearer].filter((secret): secret is string => typeof secret === 'string' && secret !== '');
}

/**
 * Without keys, whoever reaches the port is let in. A web page could reach it from the user's browser, so
 * requests that a page made, or that came by another name (DNS rebinding), are turned away.
 */
function withoutKey({ headers }: FastifyRequest): Actor {
  const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  // For what a page shows, such as a picture, browsers say no origin, but where it was asked from.
  const { origin, 'sec-fetch-site': site = 'none' } = headers;
  if (origin !== undefined || site !== 'none' || !loopbackHosts.includes(host)) {
    throw new PawlError('permission', 'Without API keys, only programs on this machine are served');
  }
  return localActor;
}
