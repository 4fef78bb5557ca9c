import type { App } from './http.ts';
import type { ServerStatus, ServerStatusResponse } from './wire/server.ts';

type Deps = { readonly serverStatus: () => Promise<ServerStatus> };

/** What a person who operates the server wants to see first. */
export function serverStatusRoutes(app: App, deps: Deps): void {
  app.get(
    '/pawl/v1/server',
    async (): Promise<ServerStatusResponse> => ({ type: 'server', ...(await deps.serverStatus()) }),
  );
}
