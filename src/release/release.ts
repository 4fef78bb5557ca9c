import type { Audit } from '../access/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Comparisons } from '../eval/comparisons.ts';
import type { Store } from '../store/dialect.ts';
import { createAliases } from './aliases.ts';
import { createEvidence } from './evidence.ts';
import type { Notify } from './notify.ts';
import { createPromotionRecords } from './promotion-records.ts';
import { createPromotions } from './promotions.ts';
import { createReviews } from './reviews.ts';
import { createRollbacks } from './rollbacks.ts';
import { createSweeper, type Stopping } from './sweeper.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly audit: Audit;
  readonly comparisons: Comparisons;
  readonly stopping: Stopping;
  readonly notify: Notify;
};

/** Puts the room together: aliases, the promotions that move them on, and the rollbacks that take them back. */
export function createRelease(deps: Deps) {
  const aliases = createAliases(deps);
  const sweeper = createSweeper(deps);
  const evidence = createEvidence(deps.comparisons);
  const records = createPromotionRecords({ ...deps, aliases, evidence });
  const promotions = createPromotions({ ...deps, aliases, evidence, records });
  const reviews = createReviews({ ...deps, records });
  const rollbacks = createRollbacks({ ...deps, aliases, sweeper, records });
  const closing = new AbortController();
  let recovering = Promise.resolve();
  return {
    ...{ aliases, promotions, reviews, rollbacks },

    /** Goes on with what an earlier process left; without `adopt`, promotions wait until somebody evaluates them. */
    recover(adopt: boolean): void {
      sweeper.wake();
      if (!adopt) return;
      recovering = promotions
        .recover(closing.signal)
        .catch((err: unknown) => deps.log.error({ err }, 'Promotions were left without evidence'));
    },

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      await Promise.all([recovering, sweeper.stop()]);
    },
  };
}

export type Release = ReturnType<typeof createRelease>;
