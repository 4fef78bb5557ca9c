import type { Provider, ProviderName } from './model.ts';
import { wholeIds } from './model-match.ts';
import { checkRoutes, type ResolvedRoute, type Route, resolveRoute } from './routes.ts';

/** How each provider is loaded. One that is left out is not configured. */
export type ProviderLoaders = {
  readonly anthropic?: () => Promise<Provider>;
  readonly openai?: () => Promise<Provider>;
  readonly offline: () => Promise<Provider>;
};

/** Finds the provider for a model id. */
export type Router = {
  /** Where requests for this model id go; null when no route matches. */
  readonly route: (modelId: string) => ResolvedRoute | null;
  /** The model ids that routes name in full. */
  readonly named: readonly string[];
  /** The provider, loaded on first use and then kept. Rejects when loading fails, or it is not configured; a failed load is tried again by the next call. */
  readonly provider: (name: ProviderName) => Promise<Provider>;
};

/** Makes a router. Throws an Error when a route leads to a provider that has no loader. */
export function createRouter(options: {
  readonly routes: readonly Route[];
  readonly providers: ProviderLoaders;
}): Router {
  const { routes, providers } = options;
  checkRoutes(routes, {
    anthropic: providers.anthropic !== undefined,
    openai: providers.openai !== undefined,
  });
  const loaded = new Map<ProviderName, Promise<Provider>>();
  return {
    route: (modelId) => resolveRoute(routes, modelId),
    named: wholeIds(routes),
    async provider(name) {
      const known = loaded.get(name);
      if (known !== undefined) return known;
      const load = providers[name];
      if (load === undefined) throw new Error(`The ${name} provider is not configured.`);
      const loading = load();
      loaded.set(name, loading);
      try {
        return await loading;
      } catch (error) {
        loaded.delete(name);
        throw error;
      }
    },
  };
}
