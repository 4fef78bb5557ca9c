import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import type { ServerAccess } from './api-client.ts';

/** The official SDK with nothing of the environment in it but the key. The time-out is in milliseconds. */
export function sdkClient(
  { url, key }: ServerAccess,
  patience: Required<Pick<ClientOptions, 'timeout' | 'maxRetries'>>,
): Anthropic {
  return new Anthropic({
    ...{ baseURL: url, apiKey: key ?? 'none', authToken: null, logLevel: 'off' },
    ...patience,
    // A key must not travel to wherever a redirect leads.
    fetchOptions: { redirect: 'manual' },
  });
}
