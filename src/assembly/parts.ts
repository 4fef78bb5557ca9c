import { randomFillSync } from 'node:crypto';
import type { Audit } from '../access/audit.ts';
import type { Bus } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Prices } from '../model/prices.ts';
import type { Router } from '../model/router.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/dialect.ts';

/** What every room is made of. */
export type Parts = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly router: Router;
  readonly prices: Prices;
};

/** Random bytes from a pool: asking the system for a few at a time costs more than the rest of making an id. */
export function pooledRandomBytes(): (size: number) => Uint8Array {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  return (size) => {
    if (used + size > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}
