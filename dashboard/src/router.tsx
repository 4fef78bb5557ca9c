import type { QueryClient } from '@tanstack/react-query';
import {
  type AnyRouter,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { datasetPages } from './datasets/routes.ts';
import { evaluationPages } from './evaluations/routes.ts';
import { read } from './http/client.ts';
import { keyOf } from './http/use-read.ts';
import { operationsPages } from './operations/routes.ts';
import type { ListSearch, ServerPage } from './parts/list.tsx';
import { releasePages } from './release/routes.ts';
import { Layout } from './shell/layout.tsx';
import { NothingHere } from './shell/nothing-here.tsx';
import { SignIn } from './shell/sign-in.tsx';

/** All pages by address. Each place is loaded when somebody goes there. */
export function createPages(queries: QueryClient): AnyRouter {
  const root = createRootRoute({ component: Outlet, notFoundComponent: NothingHere });
  const signIn = createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    component: SignIn,
    validateSearch: texts,
  });
  const layout = createRoute({ getParentRoute: () => root, id: 'layout', component: Layout });
  const start = createRoute({
    getParentRoute: () => layout,
    path: '/',
    beforeLoad: async () => {
      redirect({ to: (await isEmpty(queries)) ? '/welcome' : '/agents', throw: true });
    },
  });
  const page = (path: string, component: ReturnType<typeof lazyRouteComponent>) =>
    createRoute({ getParentRoute: () => layout, path, component, validateSearch: texts });

  const pages = [
    page(
      '/agents',
      lazyRouteComponent(() => import('./agents/agent-list.tsx'), 'AgentList'),
    ),
    page(
      '/agents/$agentId',
      lazyRouteComponent(() => import('./agents/agent-page.tsx'), 'AgentPage'),
    ),
    page(
      '/agents/$agentId/edit',
      lazyRouteComponent(() => import('./agents/edit-page.tsx'), 'EditPage'),
    ),
    page(
      '/agents/$agentId/try',
      lazyRouteComponent(() => import('./agents/try-page.tsx'), 'TryPage'),
    ),
    page(
      '/sessions',
      lazyRouteComponent(() => import('./sessions/session-list.tsx'), 'SessionList'),
    ),
    page(
      '/sessions/$sessionId',
      lazyRouteComponent(() => import('./sessions/session-page.tsx'), 'SessionPage'),
    ),
    page(
      '/agents/$agentId/versions/$version',
      lazyRouteComponent(() => import('./agents/version-page.tsx'), 'VersionPage'),
    ),
    page(
      '/agents/$agentId/diff',
      lazyRouteComponent(() => import('./agents/diff-page.tsx'), 'DiffPage'),
    ),
    page(
      '/agents/new',
      lazyRouteComponent(() => import('./agents/new-agent-page.tsx'), 'NewAgentPage'),
    ),
    page(
      '/welcome',
      lazyRouteComponent(() => import('./welcome/welcome-page.tsx'), 'WelcomePage'),
    ),
    ...releasePages.map(([path, component]) => page(path, component)),
    ...evaluationPages.map(([path, component]) => page(path, component)),
    ...datasetPages.map(([path, component]) => page(path, component)),
    ...operationsPages.map(([path, component]) => page(path, component)),
  ];

  return createRouter({
    routeTree: root.addChildren([signIn, layout.addChildren([start, ...pages])]),
    defaultPreload: 'intent',
    scrollRestoration: true,
    // What stands in the address is plain text, so that it can be read and typed.
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      const pairs = new URLSearchParams();
      for (const [name, value] of Object.entries(search))
        if (value !== undefined) pairs.set(name, String(value));
      return pairs.size === 0 ? '' : `?${pairs}`;
    },
  });
}

function texts(search: Record<string, unknown>): ListSearch {
  return Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)]));
}

/** Whether there is no agent yet, so that somebody is shown how to begin. */
async function isEmpty(queries: QueryClient): Promise<boolean> {
  const path = '/pawl/v1/agents';
  const query = { limit: 1 };
  try {
    const page = await queries.fetchQuery({
      queryKey: keyOf(path, query),
      queryFn: () => read<ServerPage<unknown>>(path, query),
    });
    return page.data.length === 0;
  } catch {
    // The page that follows says what is wrong.
    return false;
  }
}
