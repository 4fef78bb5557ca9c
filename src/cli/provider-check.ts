import { networkReason } from './command-error.ts';
import { withoutSecrets } from './database-place.ts';

/** Whether a configured provider answers. */
export type ProviderCheck = {
  readonly provider: 'anthropic' | 'openai';
  readonly endpoint: string;
  /** What it answered; null when it did not. */
  readonly answer: string | null;
  /** Why requests would fail; null when nothing speaks for that. */
  readonly problem: string | null;
};

type Endpoint = {
  readonly provider: 'anthropic' | 'openai';
  readonly endpoint: string;
  readonly models_url: string;
  readonly headers: Record<string, string>;
};

/** The settings by which providers are configured; null where nothing is set. */
type Settings = {
  readonly anthropic_base_url: string | null;
  readonly anthropic_api_key: string | null;
  readonly openai_base_url: string | null;
  readonly openai_api_key: string | null;
};

/** What of a router is needed to see whether a provider can be set up at all. */
type Providers = { provider(name: 'anthropic' | 'openai'): Promise<unknown> };

const timeoutMs = 5000;

/** Asks each configured provider for its list of models, which costs nothing. */
export async function checkProviders(config: Settings, router: Providers): Promise<ProviderCheck[]> {
  return Promise.all(endpointsOf(config).map((endpoint) => check(endpoint, router)));
}

async function check(target: Endpoint, router: Providers): Promise<ProviderCheck> {
  const { provider, endpoint } = target;
  try {
    await router.provider(provider);
  } catch (error) {
    return {
      provider,
      endpoint,
      answer: null,
      problem: error instanceof Error ? error.message : String(error),
    };
  }
  try {
    const response = await fetch(target.models_url, {
      headers: target.headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return {
      provider,
      endpoint,
      answer:
        response.status === 404
          ? 'answers, but has no list of models there; is the base URL the one that it documents?'
          : `answers with status ${response.status}`,
      problem: problemOf(response.status),
    };
  } catch (error) {
    return {
      provider,
      endpoint,
      answer: null,
      problem: `does not answer (${withoutSecrets(networkReason(error))})`,
    };
  }
}

/** Not every server lists its models, so that 404 and the like say only that somebody is there. */
function problemOf(status: number): string | null {
  if (status === 401 || status === 403) return `does not accept the API key (status ${status})`;
  return status >= 500 ? `answers with status ${status}` : null;
}

function endpointsOf(config: Settings): Endpoint[] {
  const { anthropic_base_url, anthropic_api_key, openai_base_url, openai_api_key } = config;
  const endpoints: Endpoint[] = [];
  if (anthropic_base_url !== null || anthropic_api_key !== null) {
    const endpoint = trimmed(anthropic_base_url ?? 'https://api.anthropic.com').replace(/\/v1$/, '');
    endpoints.push({
      provider: 'anthropic',
      endpoint: trimmed(withoutSecrets(endpoint)),
      models_url: `${endpoint}/v1/models`,
      headers: {
        'anthropic-version': '2023-06-01',
        ...(anthropic_api_key === null ? {} : { 'x-api-key': anthropic_api_key }),
        // Proxies may know only the other header.
        ...(anthropic_api_key === null || anthropic_base_url === null
          ? {}
          : { authorization: `Bearer ${anthropic_api_key}` }),
      },
    });
  }
  if (openai_base_url !== null || openai_api_key !== null) {
    const endpoint = trimmed(openai_base_url ?? 'https://api.openai.com/v1');
    endpoints.push({
      provider: 'openai',
      endpoint: trimmed(withoutSecrets(endpoint)),
      models_url: `${endpoint}/models`,
      headers: openai_api_key === null ? {} : { authorization: `Bearer ${openai_api_key}` },
    });
  }
  return endpoints;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}
