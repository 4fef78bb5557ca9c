import { Anthropic } from '@anthropic-ai/sdk';
import { readReply } from './anthropic-reply.ts';
import { bodyWriter } from './anthropic-request.ts';
import { type DeadlineLimits, withDeadline } from './deadline.ts';
import { requestFailure } from './failure.ts';
import type { Provider } from './model.ts';
import { checkedApiKey, checkedBaseUrl, upstreamFetch } from './upstream-fetch.ts';

const name = 'anthropic';
const officialBaseUrl = 'https://api.anthropic.com';

/**
 * A provider that speaks the Anthropic Messages API: the official one, or with `base_url` any server that has
 * `/v1/messages`, such as Ollama. Importing this module loads the SDK, which is slow; import it when needed.
 * Throws an Error when the base URL or the key cannot be used. Nothing is read from the environment.
 */
export function anthropicProvider(
  options: { readonly base_url?: string; readonly api_key: string } & DeadlineLimits,
): Provider {
  const apiKey = checkedApiKey(options.api_key);
  // The SDK adds /v1 itself, but the base URLs that other servers document often end in it.
  const baseUrl = checkedBaseUrl(options.base_url ?? officialBaseUrl).replace(/\/v1$/, '');
  const bearer = { authorization: `Bearer ${apiKey}` };
  // The SDK and the official API use a bearer token. Proxies may know only one of the two headers.
  const auth = baseUrl === officialBaseUrl ? bearer : { ...bearer, 'x-api-key': apiKey };
  const client = new Anthropic({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: options.timeout_ms,
    fetch: upstreamFetch(auth),
    // Each of these has an environment variable behind it when it is left out.
    webhookKey: null,
    logLevel: 'off',
    openTelemetry: false,
  });
  const write = bodyWriter();
  // The SDK sends text as it is only where its type is given.
  const headers = { 'content-type': 'application/json' };
  return {
    name,
    send: (request, { signal, onText }) =>
      withDeadline({ provider: name, limits: options, signal }, async (deadline) => {
        const context = { provider: name, api_key: apiKey, now_ms: Date.now() } as const;
        const body = write(request);
        // Not `messages.create`: that writes to the console whenever a model is about to be retired.
        const response = await client
          .post('/v1/messages', { body, headers, signal: deadline.signal })
          .asResponse()
          .catch((error: unknown) => {
            throw requestFailure(error, context);
          });
        return readReply({ response, deadline, context, request, onText });
      }),
  };
}
