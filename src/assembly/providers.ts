import type { Log } from '../core/log.ts';
import { openPriceFile } from '../model/price-file.ts';
import { parsePrices } from '../model/price-table.ts';
import { createPrices, type Prices } from '../model/prices.ts';
import { createRouter, type ProviderLoaders, type Router } from '../model/router.ts';
import { defaultRoutes, parseRoutes, type ResolvedRoute } from '../model/routes.ts';
import { withSlots } from '../model/slots.ts';
import type { Config } from '../settings.ts';

/** The model routes and providers of a configuration. Throws an Error when they do not fit together. */
export function routerFor(config: Config): Router {
  const slots = { max: config.max_requests_per_provider, timeout_ms: config.model_timeout_ms };
  const providers = withSlots(providersOf(config), slots);
  const configured = { anthropic: providers.anthropic !== undefined, openai: providers.openai !== undefined };
  const routes = config.model_routes === null ? defaultRoutes(configured) : parseRoutes(config.model_routes);
  return createRouter({ routes, providers });
}

/** The prices of a configuration. Throws an Error when those that are there cannot be read. */
export function pricesFor(
  { prices_file, model_prices }: Config,
  { router, log }: { readonly router: Router; readonly log: Log },
): Prices {
  const setting = model_prices === null ? [] : parsePrices(model_prices);
  const file = prices_file === null ? null : openPriceFile(prices_file, { now: Date.now, log });
  const table = file === null ? () => setting : () => [...file(), ...setting];
  return createPrices({ table, route: router.route });
}

/** Who answers for a model, as results carry it. */
export function nameOf(route: ResolvedRoute | null): string | null {
  return route === null ? null : `${route.provider}/${route.model}`;
}

function providersOf(config: Config): ProviderLoaders {
  const timeouts = { timeout_ms: config.model_timeout_ms, idle_timeout_ms: config.model_idle_timeout_ms };
  const { anthropic_base_url, anthropic_api_key, openai_base_url, openai_api_key } = config;
  // Each client takes a few tenths of a second to load, so it is loaded at its first request.
  return {
    offline: async () => (await import('../model/offline/offline.ts')).offlineProvider(),
    ...(anthropic_api_key === null && anthropic_base_url === null
      ? {}
      : {
          anthropic: async () =>
            (await import('../model/anthropic.ts')).anthropicProvider({
              ...timeouts,
              // Local servers ask for no key, but the client insists on one.
              api_key: anthropic_api_key ?? 'none',
              ...(anthropic_base_url === null ? {} : { base_url: anthropic_base_url }),
            }),
        }),
    ...(openai_api_key === null && openai_base_url === null
      ? {}
      : {
          openai: async () =>
            (await import('../model/openai.ts')).openaiProvider({
              ...timeouts,
              api_key: openai_api_key,
              base_url: openai_base_url ?? 'https://api.openai.com/v1',
            }),
        }),
  };
}
