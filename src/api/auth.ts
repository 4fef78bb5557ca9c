import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Actor, Keys } from '../access/keys.ts';
import { PawlError } from '../core/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; set before any handler runs. */
    actor: Actor;
  }
}

/** Whether a key is asked for. `none` is for a loopback address only, and says so. */
export type KeyPolicy = 'required' | 'none';

const loopbackHosts = ['127.0.0.1', 'localhost', '[::1]'];

/** Lets nobody in without a key, whichever header it comes in. */
export function authenticate(app: FastifyInstance, keys: Keys, policy: KeyPolicy): void {
  app.decorateRequest('actor', null as unknown as Actor);
  app.addHook('onRequest', async (request) => {
    request.actor = policy === 'none' ? withoutKey(request) : await withKey(request, keys);
  });
}

/** @throws PawlError `permission` unless the request may do what only admins may. */
export function requireAdmin(request: FastifyRequest): void {
  if (request.actor.role === 'admin') return;
  throw new PawlError('permission', 'This needs an API key with the role admin');
}

async function withKey(request: FastifyRequest, keys: Keys): Promise<Actor> {
  for (const secret of secretsOf(request)) {
    const actor = await keys.identify(secret);
    if (actor !== null) return actor;
  }
  throw new PawlError('authentication', 'Send a valid API key as x-api-key, or as a bearer token');
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
  return { key_id: null, role: 'admin' };
}
