import { expect, test } from 'vitest';
import { createApp } from '../src/api/app.ts';
import { responses } from './sdk-responses.ts';

/*
 * The goal: no answer drifts away from the types that the official SDK publishes. The method: the compiler compares
 * the two for every route (`sdk-responses.ts`), and this test sees to it that no route is left out.
 */

/** The routes of `/v1` as the app prints them: a tree, four characters of indent to each level. */
function routesIn(printed: string): string[] {
  const path: string[] = [];
  return printed.split('\n').flatMap((line) => {
    const [, indent = '', segment = '', methods] = /^(.*?)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    if (segment === '') return [];
    path.splice(indent.length / 4, Number.POSITIVE_INFINITY, segment);
    return (methods?.split(', ') ?? []).map((method) => `${method} ${path.join('')}`);
  });
}

test('Every route of the API has its answer compared with the type that the SDK publishes', async () => {
  const app = createApp({ ids: { next: () => 'req_1' }, release: {}, dashboard: null } as never);
  await app.ready();
  const routes = routesIn(app.printRoutes({ commonPrefix: false }));
  await app.close();
  expect(routes).toContain('GET /v1/sessions/:id/events/stream');
  expect(routes).toContain('POST /pawl/v1/keys/:id/revoke');
  const published = routes.filter((route) => route.split(' ')[1]?.startsWith('/v1/'));
  expect(published.toSorted()).toEqual(Object.keys(responses).toSorted());
});
