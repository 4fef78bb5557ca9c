import { type ProviderName, providerNames } from './model.ts';
import { firstMatch, type ModelMatch } from './model-match.ts';

/** Which provider answers for a model id. A table of routes is read from the top; the first match wins. */
export type Route = ModelMatch & {
  readonly provider: ProviderName;
  /** The id that is sent upstream; null sends the same one. */
  readonly model: string | null;
  /** Why the route exists, when nobody wrote it. */
  readonly because?: string;
};

/** Where a request for a model id goes. */
export type ResolvedRoute = {
  readonly provider: ProviderName;
  /** The id that the provider is sent. */
  readonly model: string;
  /** A short reason to show to people, without a full stop. */
  readonly because: string;
};

/** Which providers have what they need to answer. The offline one always has. */
type ConfiguredProviders = { readonly anthropic: boolean; readonly openai: boolean };

/**
 * Reads a table such as `claude-*=anthropic,*=openai:llama3.1:8b`. Throws an Error whose sentence names
 * the part that cannot be read.
 */
export function parseRoutes(text: string): Route[] {
  return text.split(',').map((part) => parseRoute(part.trim()));
}

/** The table for a server whose operator wrote none: whatever is configured, otherwise the offline model. */
export function defaultRoutes(configured: ConfiguredProviders): Route[] {
  const offline: Route = { match: 'offline', provider: 'offline', model: null };
  return [offline, ...configuredRoutes(configured)];
}

/** The way for a model id; null when no route matches it. */
export function resolveRoute(routes: readonly Route[], modelId: string): ResolvedRoute | null {
  const route = firstMatch(routes, modelId);
  if (route === undefined) return null;
  const { provider, model, because } = route;
  return { provider, model: model ?? modelId, because: because ?? `route ${formatRoute(route)}` };
}

/** Throws an Error when a route leads to a provider that is not configured, so that no request finds out first. */
export function checkRoutes(routes: readonly Route[], configured: ConfiguredProviders): void {
  for (const route of routes) {
    if (route.provider !== 'offline' && !configured[route.provider]) {
      throw new Error(
        `The model route "${formatRoute(route)}" leads to ${route.provider}, which is not configured.`,
      );
    }
  }
}

function configuredRoutes({ anthropic, openai }: ConfiguredProviders): Route[] {
  if (anthropic && openai) {
    return [
      { match: 'claude-*', provider: 'anthropic', model: null },
      { match: '*', provider: 'openai', model: null },
    ];
  }
  if (!anthropic && !openai) {
    return [{ match: '*', provider: 'offline', model: null, because: 'no provider is configured' }];
  }
  const provider = anthropic ? 'anthropic' : 'openai';
  return [{ match: '*', provider, model: null, because: `${provider} is the only configured provider` }];
}

function parseRoute(part: string): Route {
  const bad = (what: string): Error => new Error(`The model route "${part}" ${what}.`);
  const equals = part.indexOf('=');
  if (equals === -1) throw bad('must have the form "match=provider" or "match=provider:model"');
  const match = part.slice(0, equals).trim();
  if (match === '') throw bad('has no model id before the "="');
  if (match.slice(0, -1).includes('*')) throw bad('may have a "*" only at the end of the model id');
  const target = part.slice(equals + 1).trim();
  // Only the first colon divides: upstream ids such as llama3.1:8b have colons of their own.
  const colon = target.indexOf(':');
  const word = colon === -1 ? target : target.slice(0, colon).trim();
  const provider = providerNames.find((known) => known === word);
  if (provider === undefined)
    throw bad(`names the provider "${word}"; known are ${providerNames.join(', ')}`);
  const model = colon === -1 ? null : target.slice(colon + 1).trim();
  if (model === '') throw bad('has no model id after the ":"');
  return { match, provider, model };
}

function formatRoute({ match, provider, model }: Route): string {
  return `${match}=${provider}${model === null ? '' : `:${model}`}`;
}
