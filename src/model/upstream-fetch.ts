import { createCaller } from './upstream-http.ts';

/** What the SDKs may decide themselves. Everything else they would send, we leave out. */
const sdkHeaders = ['accept', 'anthropic-version', 'content-type', 'user-agent'] as const;

/**
 * The `fetch` that a provider SDK gets. It sends the given headers and the few of {@link sdkHeaders}, and nothing
 * more: both SDKs would add a description of this machine, and whatever `ANTHROPIC_CUSTOM_HEADERS` or
 * `OPENAI_CUSTOM_HEADERS` hold. Redirects are answers, not followed: a key must not travel to another host.
 */
export function upstreamFetch(headers: Readonly<Record<string, string>>): typeof fetch {
  const call = createCaller();
  return (input, init) => {
    const given = init?.headers instanceof Headers ? init.headers : new Headers(init?.headers);
    const sent: Record<string, string> = { ...headers };
    for (const name of sdkHeaders) {
      const value = given.get(name);
      if (value !== null) sent[name] = value;
    }
    const url = input instanceof Request ? input.url : String(input);
    if (typeof init?.body !== 'string') throw new TypeError('A provider SDK sends its requests as text');
    return call({ url, method: 'POST', headers: sent, body: init.body, signal: init.signal ?? undefined });
  };
}

/**
 * The base URL without a slash at its end. Throws an Error with a clear sentence when it is not an HTTP URL;
 * otherwise every request would fail as if the upstream were down.
 */
export function checkedBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(`The base URL of a model provider must start with http:// or https://, not "${text}".`);
  }
  return text.replace(/\/+$/, '');
}

/** The key as it was given. Throws an Error that does not show it when a header cannot carry it. */
export function checkedApiKey(key: string): string {
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Error(
      'The API key of a model provider is empty or has characters that no HTTP header can carry.',
    );
  }
  return key;
}
