import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../access/audit.ts';
import {
  type Actor,
  type Identity,
  isMadeHere,
  type Keys,
  type KnownKey,
  localActor,
} from '../access/keys.ts';
import type { SignIns } from '../access/sign-ins.ts';
import type { Clock } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { mayActAs, type Role } from '../core/roles.ts';
import { tokenOf } from './cookie.ts';
import { createFailedKeys, type FailedKeys } from './failed-keys.ts';
import { requireNoForeignPage, requireOwnPage } from './own-page.ts';
import { createRateLimit } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; set before any handler runs. */
    actor: Actor;
    /** How they came in; set with the actor. */
    entry: Entry;
  }
  interface FastifyContextConfig {
    /** Who may call a route; without it, viewers may GET and editors may do the rest. */
    readonly role?: Role;
    /** Whether a route asks for no key, so that nobody is its actor. */
    readonly open?: true;
  }
}

/** How somebody was let in. */
export type Entry = {
  readonly how: 'key' | 'sign_in' | 'no_key';
  /** From when on they are let in no more; null for never. */
  readonly expires_at: string | null;
  /** Whether they still would be; what stays open for long asks now and then. */
  readonly isWelcome: () => Promise<boolean>;
};

/** Whether a key is asked for. `none` is for a loopback address only, and says so. */
export type KeyPolicy = 'required' | 'none';

const loopbackHosts = ['127.0.0.1', 'localhost', '[::1]'];

type Deps = KeyLimits & {
  readonly keys: Keys;
  readonly sign_ins: SignIns;
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

/** Lets nobody in without a key or a sign-in, whichever header it comes in, and nobody beyond what the key is for. */
export function authenticate(app: FastifyInstance, deps: Deps): Door {
  const { keys, sign_ins, audit, policy } = deps;
  const limitRate = createRateLimit(deps);
  const failedKeys = createFailedKeys(deps);

  function limited(known: KnownKey, { routeOptions }: FastifyRequest, reply: FastifyReply): KnownKey {
    if (routeOptions.config.unlimited !== true) limitRate(known, reply);
    return known;
  }

  async function withKey(secrets: readonly string[], request: FastifyRequest, reply: FastifyReply) {
    return limited(await identify(secrets, request, { keys, failedKeys }), request, reply);
  }

  async function withToken(token: string, request: FastifyRequest, reply: FastifyReply) {
    requireOwnPage(request);
    const identity = await sign_ins.identify(token);
    if (identity.kind !== 'known') return refuse(identity, request, failedKeys);
    // Nobody else may see it, nor the same browser after signing out; nor does it become a page of this origin.
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    return limited(identity, request, reply);
  }

  async function enter(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const secrets = secretsOf(request);
    const token = secrets.length === 0 ? tokenOf(request) : null;
    if (token === null) {
      const { actor, expires_at } = await withKey(secrets, request, reply);
      request.actor = actor;
      request.entry = { how: 'key', expires_at, isWelcome: () => keys.isWelcome(actor) };
    } else {
      const { actor, expires_at } = await withToken(token, request, reply);
      request.actor = actor;
      request.entry = { how: 'sign_in', expires_at, isWelcome: () => sign_ins.isWelcome(token) };
    }
  }

  app.decorateRequest('actor', null as unknown as Actor);
  app.decorateRequest('entry', null as unknown as Entry);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open === true) return;
    if (policy === 'none') enterWithoutKey(request);
    else await enter(request, reply);
    await requireRole(request, audit);
  });
  return { withKey: (secret, request, reply) => withKey([secret], request, reply) };
}

/** What lets people in who show their key otherwise than in a header. */
export type Door = {
  /**
   * Whose key it is, by the rules that hold for keys in headers.
   * @throws PawlError `authentication`, or `rate_limited` where that came too often
   */
  readonly withKey: (secret: string, request: FastifyRequest, reply: FastifyReply) => Promise<KnownKey>;
};

/** @throws PawlError `authentication`, or `rate_limited` where that came too often from the same address */
async function identify(
  secrets: readonly string[],
  request: FastifyRequest,
  { keys, failedKeys }: { readonly keys: Keys; readonly failedKeys: FailedKeys },
): Promise<KnownKey> {
  let last: Refused = { kind: 'unknown' };
  for (const secret of secrets) {
    const identity = await keys.identify(secret);
    if (identity.kind === 'known') {
      const { key_id } = identity.actor;
      if (key_id !== null && !isMadeHere(secret)) failedKeys.requireFamiliar(request.ip, key_id);
      return identity;
    }
    if (identity.kind !== 'unknown') last = identity;
  }
  return refuse(last, request, failedKeys);
}

type Refused = Exclude<Identity, KnownKey>;

function refuse(identity: Refused, { ip }: FastifyRequest, failedKeys: FailedKeys): never {
  failedKeys.count(ip);
  const ended = identity.kind === 'unknown' ? '' : ` This one was ${endings[identity.kind]} ${identity.at}.`;
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
 * Without keys, whoever reaches the port is let in. A web page could reach it from the user's browser, so requests that
 * a page made which did not come from here, or that came by another name (DNS rebinding), are turned away.
 */
function enterWithoutKey(request: FastifyRequest): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (!loopbackHosts.includes(host)) {
    throw new PawlError('permission', 'Without API keys, only programs on this machine are served');
  }
  requireNoForeignPage(request);
  request.actor = localActor;
  request.entry = { how: 'no_key', expires_at: null, isWelcome: async () => true };
}
