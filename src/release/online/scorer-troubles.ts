/** How long a scorer has hung in a row, and until when it is left alone, in microseconds. */
type Trouble = { readonly hangs: number; readonly until: number };

/** How an attempt to score went: whether a score came of it, and how long it took in microseconds. */
type Attempted = { readonly isScored: boolean; readonly tookUs: number };

/** An attempt without a score that took less says nothing about the next. */
const hangUs = 30_000_000;
/** So many in a row, and a scorer is asked more seldom. */
const mostHangs = 3;
const firstPauseUs = 30_000_000;
const longestPauseUs = 900_000_000;

/**
 * Remembers which scorers hang. One that has hung three times in a row is left alone for 30 seconds, and after each time
 * that it hangs again for twice as long, up to 15 minutes. With whatever answer it gives, it is forgotten.
 */
export function createScorerTroubles() {
  const troubles = new Map<string, Trouble>();
  return {
    note(scorer: string, { isScored, tookUs }: Attempted, now: number): void {
      if (isScored || tookUs < hangUs) {
        troubles.delete(scorer);
        return;
      }
      const hangs = (troubles.get(scorer)?.hangs ?? 0) + 1;
      const pause = hangs < mostHangs ? 0 : Math.min(longestPauseUs, firstPauseUs * 2 ** (hangs - mostHangs));
      troubles.set(scorer, { hangs, until: now + pause });
    },

    /** Until when a scorer is left alone; in the past when it is not. */
    pausedUntil(scorer: string): number {
      return troubles.get(scorer)?.until ?? 0;
    },

    /** Whether a scorer is asked about one session at a time, until it answers. */
    isHanging(scorer: string): boolean {
      return (troubles.get(scorer)?.hangs ?? 0) >= mostHangs;
    },

    /** Forgets scorers that nobody has asked for long, such as those of rollouts that are over. */
    forget(now: number): void {
      for (const [scorer, { until }] of troubles) if (until + longestPauseUs < now) troubles.delete(scorer);
    },
  };
}
