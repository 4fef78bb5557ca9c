import type { z } from 'zod';
import type { App } from './http.ts';
import { openapiDocument, type Route } from './openapi/document.ts';
import { operations } from './openapi/operations.ts';

/** The description of all routes under `/pawl/v1`. It has to come before them, because it listens to what is added. */
export function openapiRoutes(app: App): void {
  const routes: Route[] = [];
  let text: string | null = null;

  app.addHook('onRoute', ({ method, url, schema }) => {
    // Every schema of this server is one of zod's.
    const checked = (schema ?? {}) as Readonly<
      Record<'params' | 'querystring' | 'body', z.ZodType | undefined>
    >;
    for (const one of [method].flat()) routes.push({ method: one, url, ...checked });
  });

  app.get('/pawl/v1/openapi.json', async (_request, reply) => {
    text ??= JSON.stringify(openapiDocument(routes, operations));
    return reply.type('application/json; charset=utf-8').send(text);
  });
}
