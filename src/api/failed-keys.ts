import { PawlError } from '../core/errors.ts';
import { createBuckets, dropFirst } from './buckets.ts';
import { wholeSeconds } from './rate-limit.ts';

/** How many networks are counted, and how many keys are remembered with the network that they came from. */
const most = 10_000;

type Options = {
  /** How many requests without a valid key a network may make in a minute. */
  readonly max_failed_keys: number;
  /** Milliseconds by a clock that is never set back. */
  readonly elapsed: () => number;
};

/**
 * Keeps anybody from trying keys at speed. To a network that has tried too many, a key that may have been guessed is
 * refused like a wrong one, so that nothing is learnt from going on; one that was let in from there before still is.
 */
export function createFailedKeys({ max_failed_keys, elapsed }: Options) {
  const buckets = createBuckets({ elapsed, most });
  const welcome = new Set<string>();

  function refuse(wait_ms: number): never {
    const message = `Too many requests without a valid API key came from this address, which may make ${max_failed_keys} a minute`;
    throw new PawlError('rate_limited', message, { retry_after_s: wholeSeconds(wait_ms) });
  }

  return {
    /**
     * A key that may have been guessed turned out to be valid.
     * @throws PawlError `rate_limited` when its network has tried too many, and it was never let in from there
     */
    requireFamiliar(address: string | undefined, key_id: string): void {
      const network = networkOf(address);
      const pair = `${network} ${key_id}`;
      if (welcome.has(pair)) return;
      const next = buckets.look(network, max_failed_keys);
      if (next.kind === 'refused') refuse(next.wait_ms);
      if (welcome.size >= most) dropFirst(welcome);
      welcome.add(pair);
    },

    /** No valid key came. @throws PawlError `rate_limited` when that was too often */
    count(address: string | undefined): void {
      const taken = buckets.take(networkOf(address), max_failed_keys);
      if (taken.kind === 'refused') refuse(taken.wait_ms);
    },
  };
}

export type FailedKeys = ReturnType<typeof createFailedKeys>;

/**
 * Whoever has one IPv6 address has the 2^64 of its network. An IPv4 address stands for itself. There is none once the
 * connection is gone, and then nobody reads the answer either.
 */
export function networkOf(address = ''): string {
  // What a proxy forwards may be of any length.
  if (!address.includes(':')) return address.slice(0, 64);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [before = '', after] = address.slice(0, 64).split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  return [...head, ...Array<string>(zeros).fill('0'), ...tail].slice(0, 4).join(':');
}
