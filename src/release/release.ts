import type { Audit } from '../access/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Comparisons } from '../eval/comparisons.ts';
import type { Stopping } from '../session/stopping.ts';
import type { Store } from '../store/dialect.ts';
import { createAliases } from './aliases.ts';
import { createEvidence } from './evidence.ts';
import type { Notify } from './notify.ts';
import { createPromotions } from './promotions.ts';
import { createRollbacks } from './rollbacks.ts';
import { createSweeper } from './sweeper.ts';

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
  const promotions = createPromotions({ ...deps, aliases, evidence: createEvidence(deps.comparisons) });
  const rollbacks = createRollbacks({ ...deps, aliases, sweeper });
  return { aliases, promotions, rollbacks, sweeper };
}

export type Release = ReturnType<typeof createRelease>;
