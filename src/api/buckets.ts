import { type Taken, takeToken } from '../core/token-bucket.ts';

/** One bucket of tokens for each name, as many as there is room for. */
export type Buckets = {
  /** Takes a token from the bucket of a name, if there is one. */
  take(name: string, per_minute: number): Taken;
  /** What taking one would give, without taking it. */
  look(name: string, per_minute: number): Taken;
};

type Options = {
  /** Milliseconds by a clock that is never set back. */
  readonly elapsed: () => number;
  /** How many buckets are kept. */
  readonly most: number;
};

/**
 * Keeps buckets in memory. Where there are `most`, the one that was longest left alone makes room, and its name begins
 * with a full one.
 */
export function createBuckets({ elapsed, most }: Options): Buckets {
  // In the order of their last use.
  const fullAt = new Map<string, number>();

  const look = (name: string, per_minute: number): Taken =>
    takeToken({ full_at: fullAt.get(name) ?? 0, per_minute, now: elapsed() });

  return {
    look,
    take(name, per_minute) {
      const taken = look(name, per_minute);
      if (taken.kind === 'refused') return taken;
      fullAt.delete(name);
      if (fullAt.size >= most) dropFirst(fullAt);
      fullAt.set(name, taken.full_at);
      return taken;
    },
  };
}

/** Removes what was put in first. */
export function dropFirst(names: Pick<Set<string>, 'keys' | 'delete'>): void {
  for (const name of names.keys()) {
    names.delete(name);
    return;
  }
}
