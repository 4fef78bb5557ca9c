import type { PostResult } from './post.ts';

/** What becomes of a delivery after an attempt, and of its webhook. */
export type AfterAttempt =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly delay_ms: number }
  | { readonly kind: 'dead'; readonly disables: 'gone' | 'failing' | null };

/** How long to wait before the second attempt, the third, and so on; after the ninth there is no other. */
const waitsMs = [
  5_000, // 5 seconds
  30_000,
  120_000,
  600_000, // 10 minutes
  3_600_000,
  14_400_000,
  43_200_000, // 12 hours
  86_400_000,
] as const;

/** A day: the longest that a receiver may put an attempt off. */
const longestAskedMs = 86_400_000;
/** Five days without a success, and the server gives a webhook up. */
const patienceUs = 5 * 86_400_000_000;

/**
 * Decides after an attempt. Any 2xx is a success and 410 says that nobody lives there any more; everything else is
 * tried again, later each time. `attempts` counts this one too. `failing_us` is how long ago the first of the
 * attempts failed that have failed without a success between. `jitter` is a random number in [0, 1) that adds up to
 * a quarter to our own waits, so that what failed together does not come back together. A receiver's `retry-after`
 * is kept where it is longer. An outdated attempt was made at a webhook that somebody has changed since: it says
 * nothing of what that is now.
 */
export function afterAttempt(options: {
  readonly result: PostResult;
  readonly attempts: number;
  readonly failing_us: number;
  readonly outdated: boolean;
  readonly jitter: number;
  /** Milliseconds since 1970. */
  readonly now_ms: number;
}): AfterAttempt {
  const { result, attempts, failing_us, outdated, jitter, now_ms } = options;
  const status = result.kind === 'answered' ? result.status : 0;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410 && !outdated) return { kind: 'dead', disables: 'gone' };
  const wait = waitsMs[attempts - 1];
  if (wait === undefined) {
    return { kind: 'dead', disables: failing_us >= patienceUs && !outdated ? 'failing' : null };
  }
  const asked = result.kind === 'answered' ? askedMs(result.retry_after, now_ms) : 0;
  const own = Math.round(wait * (1 + jitter / 4));
  return { kind: 'again', delay_ms: Math.max(own, Math.min(asked, longestAskedMs)) };
}

/** What a `retry-after` asks for, as seconds or as an HTTP date; 0 when it says nothing that can be read. */
function askedMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = /^[A-Za-z]{3,9}, .+ GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? 0 : date - nowMs;
}
