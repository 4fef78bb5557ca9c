import { OpenAI } from 'openai';
import { type DeadlineLimits, withDeadline } from './deadline.ts';
import { requestFailure } from './failure.ts';
import type { Provider } from './model.ts';
import { readReply } from './openai-reply.ts';
import { bodyWriter } from './openai-request.ts';
import { checkedApiKey, checkedBaseUrl, upstreamFetch } from './upstream-fetch.ts';

const name = 'openai';

/**
 * A provider that speaks Chat Completions: OpenAI itself or any compatible server. `base_url` includes the version,
 * as in `http://localhost:11434/v1`. `api_key` is null for servers that want none. Importing this module loads the
 * SDK, which is slow; import it when needed. Throws an Error when the base URL or the key cannot be used.
 * Nothing is read from the environment.
 */
export function openaiProvider(
  options: { readonly base_url: string; readonly api_key: string | null } & DeadlineLimits,
): Provider {
  const apiKey = options.api_key === null ? null : checkedApiKey(options.api_key);
  const baseUrl = checkedBaseUrl(options.base_url);
  const write = bodyWriter({ official: isOfficial(baseUrl) });
  // The SDK sends text as it is only where its type is given.
  const headers = { 'content-type': 'application/json' };
  const client = new OpenAI({
    // The SDK refuses to start without a key; the header that is really sent comes from `upstreamFetch`.
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: options.timeout_ms,
    fetch: upstreamFetch(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    // Each of these has an environment variable behind it when it is left out.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
  });
  return {
    name,
    send: (request, { signal, onText }) =>
      withDeadline({ provider: name, limits: options, signal }, async (deadline) => {
        const context = { provider: name, api_key: apiKey, now_ms: Date.now() } as const;
        const body = write(request);
        // Not `chat.completions.create`: that takes no text, and what is written already would be written again.
        const response = await client
          .post('/chat/completions', { body, headers, signal: deadline.signal })
          .asResponse()
          .catch((error: unknown) => {
            throw requestFailure(error, context);
          });
        return readReply({ response, deadline, context, request, onText });
      }),
  };
}

/** Whether this is OpenAI itself, or the same models on Azure. */
function isOfficial(baseUrl: string): boolean {
  return /(^|\.)(api\.openai\.com|openai\.azure\.com)$/.test(new URL(baseUrl).hostname);
}
