import type { FastifyReply } from 'fastify';
import type { KnownKey } from '../access/keys.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { createBuckets } from './buckets.ts';

/** How many keys have a bucket: more than any server has in use. */
const mostKeys = 10_000;

type Options = {
  /** What a key may ask for in a minute that has no limit of its own; 0 for as much as it likes. */
  readonly rate_limit_per_minute: number;
  readonly clock: Clock;
  /** Milliseconds by a clock that is never set back. */
  readonly elapsed: () => number;
};

/** Holds each API key to its requests a minute, in this process. */
export function createRateLimit({ rate_limit_per_minute, clock, elapsed }: Options) {
  const buckets = createBuckets({ elapsed, most: mostKeys });

  /**
   * Lets a request in, and says in the headers of the answer how many more there may be.
   * @throws PawlError `rate_limited`
   */
  return ({ actor, rate_limit_per_minute: own }: KnownKey, reply: FastifyReply): void => {
    const limit = own ?? rate_limit_per_minute;
    if (limit === 0 || actor.key_id === null) return;
    const taken = buckets.take(actor.key_id, limit);
    const remaining = taken.kind === 'taken' ? taken.remaining : 0;
    reply.header('anthropic-ratelimit-requests-limit', String(limit));
    reply.header('anthropic-ratelimit-requests-remaining', String(remaining));
    const full_in_us = Math.ceil((taken.full_at - elapsed()) * 1000);
    reply.header('anthropic-ratelimit-requests-reset', formatTime(clock.now() + full_in_us));
    if (taken.kind === 'taken') return;
    throw new PawlError('rate_limited', `This API key may make ${limit} requests a minute`, {
      retry_after_s: wholeSeconds(taken.wait_ms),
    });
  };
}

/** Whole seconds that are enough, and at least 1. */
export function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
