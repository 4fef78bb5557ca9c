import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Audit } from '../access/audit.ts';
import { type Actor, type Keys, localActor } from '../access/keys.ts';
import { PawlError } from '../core/errors.ts';
import { mayActAs, type Role } from '../core/roles.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; set before any handler runs. */
    actor: Actor;
  }
  interface FastifyContextConfig {
    /** Who may call a route; without it, viewers may GET and editors may do the rest. */
    readonly role?: Role;
  }
}

/** Whether a key is asked for. `none` is for a loopback address only, and says so. */
export type KeyPolicy = 'required' | 'none';

const loopbackHosts = ['127.0.0.1', 'localhost', '[::1]'];

type Deps = {
  readonly keys: Keys;
  readonly audit: Audit;
  readonly policy: KeyPolicy;
};

/** Lets nobody in without a key, whichever header it comes in, and nobody beyond what the key is for. */
export function authenticate(app: FastifyInstance, { keys, audit, policy }: Deps): void {
  app.decorateRequest('actor', null as unknown as Actor);
  app.addHook('onRequest', async (request) => {
    request.actor = policy === 'none' ? withoutKey(request) : await withKey(request, keys);
    await requireRole(request, audit);
  });
}

async function withKey(request: FastifyRequest, keys: Keys): Promise<Actor> {
  let ended = '';
  for (const secret of secretsOf(request)) {
    const identity = await keys.identify(secret);
    if (identity.kind === 'known') return identity.actor;
    if (identity.kind !== 'unknown') ended = ` This one was ${endings[identity.kind]} ${identity.at}.`;
  }
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
  if (headers.origin !== undefined || !loopbackHosts.includes(host)) {
    throw new PawlError('permission', 'Without API keys, only programs on this machine are served');
  }
  return localActor;
}
