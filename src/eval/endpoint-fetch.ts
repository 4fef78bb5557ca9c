import { createCaller } from '../model/upstream-http.ts';

/** So begin the headers in which the SDK describes this machine, eight to a request. They are left out. */
const descriptive = 'x-stainless-';

/**
 * The `fetch` that the SDK gets for an endpoint: it keeps connections, and costs a third of what Node's own does,
 * which counts when a run has thousands of cases. Redirects are answers, not followed: a key must not travel to
 * another host.
 */
export function endpointFetch(): typeof fetch {
  const call = createCaller();
  return (input, init) => {
    const { headers, body, method, signal } = init ?? {};
    if (body !== undefined && body !== null && typeof body !== 'string') {
      throw new TypeError('The SDK sends its requests as text');
    }
    const given = headers instanceof Headers ? headers : new Headers(headers);
    const sent: Record<string, string> = {};
    for (const [name, value] of given) if (!name.startsWith(descriptive)) sent[name] = value;
    return call({
      url: input instanceof Request ? input.url : String(input),
      method: method ?? 'GET',
      headers: sent,
      body: body ?? null,
      signal: signal ?? undefined,
    });
  };
}
