import { createGuardedFetch } from '../outbound/guarded-fetch.ts';

/** One request to a server that somebody else has named. */
export type Question = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Whether what has come of the answer's body is enough; without, it is read to its end. */
  readonly enough?: (text: string) => boolean;
  /** Ends the request, whatever has come of it. */
  readonly signal: AbortSignal;
};

/** What was answered; of a long body, its beginning. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly truncated: boolean;
};

/** Asks servers that others have named; null when there is no answer, for whatever reason. */
export type Ask = (question: Question) => Promise<Answer | null>;

/** In bytes; more than any answer about tokens needs. */
const longestBody = 64 * 1024;

/** Makes an {@link Ask}. `close` ends what is under way. */
export function createAsk(options: { readonly allow_private: boolean }): { ask: Ask; close: () => void } {
  const { fetch, close } = createGuardedFetch({ ...options, max_bytes: 2 * longestBody });
  return {
    async ask({ method, url, headers, body, enough, signal }) {
      try {
        const response = await fetch(url, { method, headers: { ...headers }, body, signal });
        const read = await readBody(response, enough);
        return { status: response.status, headers: Object.fromEntries(response.headers), ...read };
      } catch {
        return null;
      }
    },
    close,
  };
}

async function readBody(
  { body }: Response,
  enough: Question['enough'],
): Promise<Pick<Answer, 'body' | 'truncated'>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const text = (): string => Buffer.concat(chunks).toString();
  // Leaving the loop ends the answer.
  for await (const chunk of body ?? []) {
    chunks.push(chunk.subarray(0, longestBody - size));
    size += chunk.length;
    if (size > longestBody) return { body: text(), truncated: true };
    if (enough?.(text()) === true) break;
  }
  return { body: text(), truncated: false };
}
