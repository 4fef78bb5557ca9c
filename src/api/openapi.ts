import type { z } from 'zod';
import type { App } from './http.ts';
import type { Route } from './openapi/document.ts';

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
    text ??= await documentText(routes);
    return reply.type('application/json; charset=utf-8').send(text);
  });
}

/** What it takes is loaded only when somebody asks: every answer of every route has its schema. */
async function documentText(routes: readonly Route[]): Promise<string> {
  const { openapiDocument } = await import('./openapi/document.ts');
  const { operations } = await import('./openapi/operations.ts');
  return JSON.stringify(openapiDocument(routes, operations));
}
