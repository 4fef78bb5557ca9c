import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { createApp } from '../src/api/app.ts';

/** A route as the HTTP library is told of it. */
export type RegisteredRoute = {
  readonly method: string;
  /** With parameters after a colon. */
  readonly url: string;
  /** Whether it asks for no key. */
  readonly open: boolean;
  readonly schema: { readonly [part in 'params' | 'querystring' | 'body']?: z.ZodType };
};

/** Every route of a server that nothing stands behind, heard from the HTTP library itself. */
export async function registeredRoutes(): Promise<RegisteredRoute[]> {
  const routes: RegisteredRoute[] = [];
  const listen = (message: unknown): void => {
    (message as { fastify: FastifyInstance }).fastify.addHook(
      'onRoute',
      ({ method, url, schema, config }) => {
        for (const one of [method].flat()) {
          const open = config?.open === true;
          routes.push({ method: one, url, open, schema: (schema ?? {}) as RegisteredRoute['schema'] });
        }
      },
    );
  };
  subscribe('fastify.initialization', listen);
  const app = createApp({ ids: { next: () => 'req_1' }, release: {}, dashboard: 'nowhere' } as never);
  unsubscribe('fastify.initialization', listen);
  await app.ready();
  await app.close();
  return routes;
}
