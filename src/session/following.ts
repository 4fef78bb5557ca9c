import type { Bus } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { listLastSeqs } from '../store/events.ts';
import { sessionDeleted } from './choreography.ts';
import type { Hub } from './hub.ts';
import { inTime } from './patience.ts';

type Deps = {
  readonly store: Store;
  readonly bus: Bus;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly ids: Ids;
};

const lookEveryMs = 2000;
/** How many sessions are asked for in one query. */
const together = 500;

/**
 * Looks now and then how far the sessions have come that somebody listens to, since what other processes say of them may be
 * lost on the way.
 */
export function createFollowing(deps: Deps) {
  const { store, bus, hub } = deps;
  let looking: Promise<void> | null = null;
  let pulse: NodeJS.Timeout | undefined;

  async function lookAtAll(): Promise<void> {
    const ids = hub.followed();
    for (let from = 0; from < ids.length; from += together) {
      const asked = ids.slice(from, from + together);
      const lasts = await inTime(listLastSeqs(store.db, asked));
      for (const { id, last_seq } of lasts) hub.learn(id, last_seq);
      const there = new Set(lasts.map(({ id }) => id));
      for (const id of asked) if (!there.has(id)) hub.publishDeleted(id, sessionDeleted(deps));
    }
  }

  function look(): void {
    looking ??= lookAtAll()
      // The next look comes soon.
      .catch(() => {})
      .finally(() => {
        looking = null;
      });
  }

  bus.onGap(look);

  return {
    start(): void {
      pulse = setInterval(look, lookEveryMs).unref();
    },
    async stop(): Promise<void> {
      clearInterval(pulse);
      await looking;
    },
  };
}
